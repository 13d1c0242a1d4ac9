/** Frames made by hand; what pyarrow and joblib packed is read in the tests of their rooms. */
import { expect, test } from 'bun:test';
import { decodeLz4 } from './lz4.ts';

const FRAME_HEAD = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];

const frameOf = (...block: readonly number[]): Uint8Array =>
  Uint8Array.from([...FRAME_HEAD, block.length, 0, 0, 0, ...block, 0, 0, 0, 0]);

test('an LZ4 match may repeat what it has just written', () => {
  // Two literals "ab", a match of 8 bytes two back, then the literal "c".
  const frame = frameOf(0x24, 97, 98, 2, 0, 0x10, 99);
  expect(Buffer.from(decodeLz4(frame, 11)).toString()).toBe('ababababab' + 'c');
});

test.each([
  ['a match before the start', frameOf(0x14, 97, 9, 0, 0x10, 99)],
  ['a match of offset 0', frameOf(0x14, 97, 0, 0, 0x10, 99)],
  ['literals past the block', frameOf(0xf0, 10, 97)],
  ['more bytes than were promised', frameOf(0x24, 97, 98, 2, 0, 0xf0, 200, 99)],
  ['another magic number', Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8])],
  ['a frame without its end', frameOf(0x10, 97).subarray(0, 12)],
])('an LZ4 frame with %s is refused', (_, frame) => {
  expect(() => decodeLz4(frame, 11)).toThrow(RangeError);
});
