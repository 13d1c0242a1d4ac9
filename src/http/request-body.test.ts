import { describe, expect, test } from 'bun:test';
import { LOOKS_BYTES } from './limits.ts';
import { createRequestBody } from './request-body.ts';

const [FEW, MANY] = LOOKS_BYTES;
const BODY = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * i) % 251));
const LIMIT = 1024 * 1024;

/** Sends the body in pieces; `decides` is asked at each look. */
const come = async (
  nPiece: number,
  decides: (first: Uint8Array) => Uint8Array<ArrayBuffer> | undefined,
) => {
  const body = createRequestBody(BODY.length, () => {});
  body.push(BODY, 0, 1000);
  const whole = body.bytes(LIMIT, decides);
  let mostBytes = 0;
  for (let at = 1000; at < BODY.length; at += nPiece) {
    body.push(BODY, at, Math.min(at + nPiece, BODY.length));
    mostBytes = Math.max(mostBytes, body.nHeldBytes());
  }
  return { bytes: await whole, mostBytes };
};

describe.each([1000, 50_000, 300_000, BODY.length])('a body in pieces of %p bytes', (nPiece) => {
  test('is shown as far as it has come, and kept where more of it counts', async () => {
    const looks: number[] = [];
    const { bytes } = await come(nPiece, (first) => {
      expect(BODY.subarray(0, first.length).equals(first)).toBeTrue();
      looks.push(first.length);
      return undefined;
    });
    expect(looks).toEqual([FEW, MANY]);
    expect(BODY.equals(bytes)).toBeTrue();
  });

  test.each([[FEW], [MANY]])('is what decides by its first %p bytes', async (look) => {
    const part = new Uint8Array([1, 2, 3]);
    const { bytes, mostBytes } = await come(nPiece, ({ length }) =>
      length === look ? part : undefined,
    );
    expect(bytes).toEqual(part);
    if (nPiece <= 50_000) expect(mostBytes).toBeLessThanOrEqual(look);
  });
});

test('a body that is decided may not be larger than others', async () => {
  const body = createRequestBody(-1, () => {});
  const whole = body.bytes(LIMIT, () => new Uint8Array(1)) as Promise<unknown>;
  const push = (): number => {
    const chunk = Buffer.from(`${FEW.toString(16)}\r\n${'a'.repeat(FEW)}\r\n`);
    return body.push(chunk, 0, chunk.length);
  };
  for (let n = 0; n < 16; n++) expect(push()).toBeGreaterThan(FEW);
  expect(push()).toBe(-1);
  await expect(whole).rejects.toThrow('the body is larger than 1048576 bytes');
});

test('the whole of a body is made room for once a quarter of it may have come', async () => {
  const body = createRequestBody(200_000, () => {});
  body.push(BODY, 0, 1000);
  const whole = body.bytes(LIMIT);
  body.push(BODY, 1000, FEW);
  expect(body.nHeldBytes()).toBe(FEW);
  body.push(BODY, FEW, FEW + 1);
  expect(body.nHeldBytes()).toBe(200_000);
  body.push(BODY, FEW + 1, 200_000);
  expect(BODY.subarray(0, 200_000).equals(await whole)).toBeTrue();
});
