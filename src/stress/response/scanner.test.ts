import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { readResponse } from './reference.ts';
import { closeCompletes, scanResponse } from './scanner.ts';
import { BROKEN, buildScanner, INCOMPLETE } from './scanner-state.ts';

const ANSWERS: Readonly<Record<string, string>> = {
  'a body of known length':
    'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello',
  'an empty body': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  'lower-case headers and no blank':
    'HTTP/1.1 404 Not Found\r\ncontent-length:3\r\nconnection: close\r\n\r\nabc',
  'no body by status': 'HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n',
  'an answer before the answer':
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok',
  chunks:
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a;x="1"\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n',
  'chunks with line ends inside and trailers':
    'HTTP/1.1 503 Busy\r\ntransfer-encoding: Chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n',
};

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** Feeds pieces; returns the offset in the whole at which the scanner said "done", -1 when it never did. */
const feed = (text: string, cuts: readonly number[]) => {
  const scanner = buildScanner(3);
  const whole = bytesOf(text);
  const ends = [
    ...new Set([...cuts.filter((cut) => cut > 0 && cut < whole.length), whole.length]),
  ].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    const result = scanResponse(scanner, 1, whole.slice(start, end), 0);
    if (result === BROKEN) return { end: BROKEN, scanner };
    if (result !== INCOMPLETE) return { end: start + result, scanner };
    start = end;
  }
  return { end: INCOMPLETE, scanner };
};

for (const [name, text] of Object.entries(ANSWERS)) {
  const follower = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz';

  test(`${name}: cut at every byte, the end is where the slow twin finds it`, () => {
    const expected = readResponse(text)!;
    for (let cut = 0; cut <= text.length; cut++) {
      const { end, scanner } = feed(text + follower, [cut]);
      expect(end).toBe(expected.end);
      expect(scanner.status[1]).toBe(expected.status);
      expect(scanner.closes[1]).toBe(expected.closes ? 1 : 0);
    }
  });

  test(`${name}: one byte at a time changes nothing`, () => {
    const cuts = [...text].map((_, i) => i + 1);
    expect(feed(text, cuts).end).toBe(readResponse(text)!.end);
  });

  test(`${name}: any prefix is incomplete`, () => {
    for (let n = 0; n < text.length; n++)
      expect(feed(text.slice(0, n), [n >> 1]).end).toBe(INCOMPLETE);
  });
}

test('random answers, cut at random places, are read as by the slow twin', () => {
  const body = fc.string({ unit: 'binary-ascii', maxLength: 60 });
  const answer = fc.oneof(
    body.map(
      (text) => `HTTP/1.1 200 OK\r\nServer: t\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    ),
    fc.array(body, { maxLength: 4 }).map(
      (parts) =>
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${parts
          .filter((part) => part.length > 0)
          .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
          .join('')}0\r\n\r\n`,
    ),
  );
  fc.assert(
    fc.property(answer, answer, fc.array(fc.nat(200), { maxLength: 8 }), (first, second, cuts) => {
      expect(feed(first + second, cuts).end).toBe(readResponse(first + second)!.end);
    }),
  );
});

test('two answers in one chunk are told apart', () => {
  const scanner = buildScanner(1);
  const one = ANSWERS['a body of known length']!;
  const two = ANSWERS['chunks']!;
  const chunk = bytesOf(one + two);
  const end = scanResponse(scanner, 0, chunk, 0);
  expect(end).toBe(one.length);
  expect(scanResponse(scanner, 0, chunk, end)).toBe(one.length + two.length);
});

test('an answer without a length ends when the peer closes', () => {
  const { end, scanner } = feed('HTTP/1.0 200 OK\r\n\r\nsome', [18]);
  expect(end).toBe(INCOMPLETE);
  expect(closeCompletes(scanner, 1)).toBe(true);
});

test('HTTP/1.0 closes unless it says keep-alive', () => {
  expect(feed('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', []).scanner.closes[1]).toBe(1);
  const kept = 'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n';
  expect(feed(kept, []).scanner.closes[1]).toBe(0);
});

test.each([
  ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['a status that is no number', 'HTTP/1.1 2x0 OK\r\n\r\n'],
  [
    'two lengths that differ',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  ],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
  ['a chunk size that is no number', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
])('%s is refused', (_, text) => {
  for (let cut = 0; cut < text.length; cut++) expect(feed(text, [cut]).end).toBe(BROKEN);
});

test('the body of an answer that came whole can be found for checking', () => {
  const scanner = buildScanner(1);
  const text = ANSWERS['a body of known length']!;
  const end = scanResponse(scanner, 0, bytesOf(text), 0);
  expect(text.slice(scanner.bodyAt, end)).toBe('hello');
});

test('a head that was seen before is read as if it were the first', () => {
  const scanner = buildScanner(2);
  const texts = Object.values(ANSWERS);
  for (let round = 0; round < 300; round++) {
    const text = texts[(round >> 1) % texts.length]!;
    const expected = readResponse(text)!;
    expect(scanResponse(scanner, round & 1, bytesOf(text), 0)).toBe(expected.end);
    expect(scanner.status[round & 1]).toBe(expected.status);
    expect(scanner.closes[round & 1]).toBe(expected.closes ? 1 : 0);
  }
});
