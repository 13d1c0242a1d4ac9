import { describe, expect, test } from 'bun:test';
import { AppError } from '../core/errors.ts';
import { blocks, STEP_BYTES } from '../host/blocks.ts';
import { LOOKS_BYTES } from './limits.ts';
import { createRequestBody, type RequestBody } from './request-body.ts';

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
  // A block that was given back may be a quarter larger.
  const wholeBytes = STEP_BYTES * Math.ceil(200_000 / STEP_BYTES);
  expect(body.nHeldBytes()).toBeWithin(wholeBytes, 1.25 * wholeBytes + 1);
  body.push(BODY, FEW + 1, 200_000);
  expect(BODY.subarray(0, 200_000).equals(await whole)).toBeTrue();
});

describe('the block in which a body begins is free for others', () => {
  const SIZE = FEW + 1000;
  test.each<[string, (body: RequestBody) => void]>([
    ['once the body has failed', (body) => body.fail(new AppError('request-slow', ''))],
    ['once nobody wants the rest of it', (body) => expect(body.drop()).toBeTrue()],
    [
      'once the body has moved to a larger one',
      (body) => {
        void body.bytes(LIMIT);
        body.push(BODY, FEW, SIZE);
      },
    ],
    [
      'once it is known what decides',
      (body) => {
        void body.bytes(LIMIT, () => new Uint8Array(1));
        body.push(BODY, FEW, SIZE);
      },
    ],
  ])('%s', async (_, end) => {
    const block = blocks.take(FEW);
    blocks.give(block);
    const body = createRequestBody(SIZE, () => {});
    body.push(BODY, 0, FEW);
    expect(body.nHeldBytes()).toBe(FEW);
    end(body);
    expect(blocks.take(FEW).buffer).toBe(block.buffer);
  });
});

test('a body that was handed over stays as it is until it is given back', async () => {
  const SIZE = 3 * FEW;
  const body = createRequestBody(SIZE, () => {});
  body.push(BODY, 0, FEW);
  const whole = body.bytes(LIMIT);
  body.push(BODY, FEW, SIZE);
  const bytes = await whole;
  body.fail(new AppError('request-slow', ''));
  expect(body.drop()).toBeFalse();
  expect(blocks.take(SIZE).buffer).not.toBe(bytes.buffer);
  expect(BODY.subarray(0, SIZE).equals(bytes)).toBeTrue();
  blocks.give(bytes);
  expect(blocks.take(SIZE).buffer).toBe(bytes.buffer);
});

test('a body that fails in the turn in which it became whole is refused', async () => {
  const body = createRequestBody(FEW, () => {});
  body.push(BODY, 0, 1000);
  const whole = body.bytes(LIMIT) as Promise<unknown>;
  body.push(BODY, 1000, FEW);
  body.fail(new AppError('request-slow', 'too slow'));
  await expect(whole).rejects.toThrow('too slow');
});

test('who waits for a part of a body that is passed over gets none, and the body is over when the rest has come', async () => {
  const body = createRequestBody(FEW, () => {});
  const next = body.parts().next();
  const over = body.passOver(FEW);
  expect((await next).done).toBeTrue();
  body.push(BODY, 0, FEW);
  await over;
  expect(body.isWhole()).toBeTrue();
});
