import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createChunks, isEnd, readChunks } from './chunked-body.ts';

/** Reads a text in pieces. @returns the body, and the place behind it; undefined for broken frames */
const readIn = (text: string, cuts: readonly number[] = []) => {
  const chunks = createChunks();
  let body = '';
  let at = 0;
  for (const cut of [...cuts, text.length]) {
    if (isEnd(chunks)) break;
    const bytes = Buffer.from(text.slice(at, cut), 'latin1');
    const next = readChunks(chunks, bytes, 0);
    if (next < 0) return undefined;
    body += bytes.toString('latin1', 0, chunks.dataEnd);
    at += next;
  }
  return { body, behind: at, isWhole: isEnd(chunks) };
};

describe('a body in chunks', () => {
  test.each([
    ['a size that is none', 'x\r\nhello\r\n0\r\n\r\n'],
    ['a signed size', '-5\r\nhello\r\n0\r\n\r\n'],
    ['a size in the style of programs', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['an empty size', '\r\nhello\r\n0\r\n\r\n'],
    ['a size of more than eight digits', '000000005\r\nhello\r\n0\r\n\r\n'],
    ['a space behind its size', '5 \r\nhello\r\n0\r\n\r\n'],
    ['LF alone behind its size', '5\nhello\r\n0\r\n\r\n'],
    ['LF alone behind its data', '5\r\nhello\n0\r\n\r\n'],
    ['more data than its size says', '4\r\nhello\r\n0\r\n\r\n'],
    ['an extension that never ends', `5;${'a'.repeat(2000)}\r\nhello\r\n0\r\n\r\n`],
    ['a space in an extension', '5;a=b \r\nhello\r\n0\r\n\r\n'],
    ['a NUL in an extension', '5;a\0\r\nhello\r\n0\r\n\r\n'],
    ['a trailer without a colon', '0\r\nabc\r\n\r\n'],
    ['a NUL in a trailer', '0\r\na: \0\r\n\r\n'],
    ['trailers of more than 16 KiB', `0\r\na: ${'b'.repeat(17_000)}\r\n\r\n`],
    ['LF alone at its end', '0\r\n\n'],
  ])('with %s is refused', (_, text) => {
    expect(readIn(text)).toBeUndefined();
  });

  test('is the same however it is framed and cut, and leaves what follows alone', () => {
    const piece = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
      minLength: 1,
    });
    fc.assert(
      fc.property(
        fc.array(piece),
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 8 }),
        (pieces, isExtended, isTrailed, places) => {
          const frames = pieces.map(
            (data) => `${data.length.toString(16)}${isExtended ? ';a="b"' : ''}\r\n${data}\r\n`,
          );
          const text = `${frames.join('')}0\r\n${isTrailed ? 'Sum: 1\r\nX: y\r\n' : ''}\r\n`;
          const cuts = places.map((place) => place % (text.length + 1)).sort((a, b) => a - b);
          const read = readIn(`${text}GET / HTTP/1.1`, cuts);
          expect(read).toEqual({ body: pieces.join(''), behind: text.length, isWhole: true });
        },
      ),
    );
  });
});
