import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { frame } from './framing.ts';
import { buildRepeatedHeads } from './repeated-heads.ts';
import { createRequest, type HttpRequest } from './request.ts';
import { beginHead, readHead } from './request-head.ts';

/** @returns whether the head that begins at `bytes[start]` is whole and sound */
const readInto = ({ head, framing }: HttpRequest, bytes: Buffer, start: number): boolean => {
  beginHead(head, bytes, start);
  return readHead(head) === 'whole' && frame(head, framing) === undefined;
};

const told = (request: HttpRequest) => ({
  method: request.method,
  host: request.origin(),
  type: request.header('content-type'),
  length: request.framing.length,
  keepsAlive: request.framing.keepsAlive,
  bodyAt: request.head.start + request.head.at,
});

const HEADS = [
  'POST /predict HTTP/1.1\r\nHost: a:1\r\nContent-Type: application/json\r\nContent-Length: 130\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: a:1\r\nContent-Length: 131\r\nContent-Type: application/json\r\n\r\n',
  'GET /predict HTTP/1.1\r\nHost: a:1\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: a:1\r\nTransfer-Encoding: chunked\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: a:1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n',
  'POST /predict HTTP/1.0\r\nContent-Length: 00012\r\n\r\n',
];

const edit = fc.record({ at: fc.nat(140), byte: fc.constantFrom(...'0123456789aA \r\n:,-\0') });
const headText = fc
  .tuple(fc.constantFrom(...HEADS), fc.option(edit, { freq: 2 }), fc.option(fc.nat(999)))
  .map(([text, change, length]) => {
    const sized = length === null ? text : text.replace(/(Length: )\d+/, `$1${length}`);
    return change === null || change.at >= sized.length
      ? sized
      : sized.slice(0, change.at) + change.byte + sized.slice(change.at + 1);
  });

test('a head that is taken for a repeated one is what reading it would have found', () => {
  fc.assert(
    fc.property(fc.array(headText, { minLength: 2, maxLength: 12 }), fc.nat(3), (texts, before) => {
      const heads = buildRepeatedHeads();
      const request = createRequest(false);
      for (const text of texts) {
        const bytes = Buffer.from('x'.repeat(before) + text, 'latin1');
        const fresh = createRequest(false);
        const isSound = readInto(fresh, bytes, before);
        if (heads.repeats(request, bytes, before)) {
          expect(isSound).toBe(true);
          expect(told(request)).toEqual(told(fresh));
          continue;
        }
        heads.forget();
        if (readInto(request, bytes, before)) heads.note(request);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a head is repeated whatever length it says, by the request that has read it only', () => {
  const heads = buildRepeatedHeads();
  const request = createRequest(false);
  const bytesOf = (length: string): Buffer => Buffer.from(HEADS[0]!.replace('130', length));
  expect(readInto(request, bytesOf('130'), 0)).toBe(true);
  heads.note(request);
  expect(heads.repeats(request, bytesOf('127'), 0)).toBe(true);
  expect(request.framing.length).toBe(127);
  expect(heads.repeats(request, bytesOf('1270'), 0)).toBe(false);
  expect(heads.repeats(request, bytesOf('1.7'), 0)).toBe(false);
  expect(heads.repeats(request, bytesOf('130').subarray(0, -1), 0)).toBe(false);
  expect(heads.repeats(createRequest(false), bytesOf('130'), 0)).toBe(false);
  heads.forget();
  expect(heads.repeats(request, bytesOf('130'), 0)).toBe(false);
});
