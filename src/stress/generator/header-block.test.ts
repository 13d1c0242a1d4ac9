import { expect, test } from 'bun:test';
import { encodeHeaderBlock, NO_STATUS, readStatus } from './header-block.ts';

const statusOf = (hex: string): number => {
  const block = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return readStatus(block, 0, block.length);
};

// The blocks of RFC 7541, appendices C.5 and C.6, and what services make of them.
test.each([
  ['88', 200, 'from the static table'],
  ['8e', 500, 'from the static table'],
  ['20 89', 204, 'after an update of the table'],
  ['3f e1 1f 88', 200, 'after a long update of the table'],
  ['48 03 33 30 32', 302, 'as text, to be indexed'],
  ['48 82 64 02', 302, 'in the code of Huffman'],
  ['48 83 64 0e ff', 307, 'in the code of Huffman, with padding'],
  ['08 03 35 30 33', 503, 'as text'],
  ['18 03 34 32 39', 429, 'as text that is never indexed'],
  ['48 03 31 30 33', 103, 'an informational one'],
  ['61 05 68 65 6c 6c 6f', NO_STATUS, 'none in a trailer'],
  ['48 03 33 30', NO_STATUS, 'none in a block that is cut off'],
  ['', NO_STATUS, 'none in an empty block'],
])('%s is status %d: %s', (hex, status) => {
  expect(statusOf(hex)).toBe(status);
});

test('every status from 100 to 999 is read in the code of Huffman', () => {
  const CODES = [
    '00000',
    '00001',
    '00010',
    '011001',
    '011010',
    '011011',
    '011100',
    '011101',
    '011110',
    '011111',
  ];
  for (let status = 100; status < 1000; status++) {
    const bits = [...String(status)].map((digit) => CODES[Number(digit)]).join('');
    const padded = bits.padEnd(8 * Math.ceil(bits.length / 8), '1');
    const bytes = padded.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2));
    const block = Uint8Array.from([0x48, 0x80 | bytes.length, ...bytes]);
    expect(readStatus(block, 0, block.length)).toBe(status);
  }
});

test('a request is a block of literals that can be sent again', () => {
  const block = encodeHeaderBlock([
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'a.b'],
    [':path', `/${'x'.repeat(200)}`],
    ['via', 'é'],
  ]);
  // A text of 201 bytes has a length of 127 + 74.
  const path = `04 7f 4a 2f ${'78 '.repeat(200)}`;
  expect(Buffer.from(block).toString('hex')).toBe(
    `82 87 01 03 612e62 ${path} 00 03 766961 02 c3a9`.replaceAll(' ', ''),
  );
});
