import { expect, test } from 'bun:test';
import { blocks, STEP_BYTES } from '../../host/blocks.ts';
import { isStreamed } from '../../http/call.ts';
import { compressedParts } from './compressed.ts';

const SIZE = 3 * STEP_BYTES;
const LETTERS = [97, 98, 99];

/** An answer in three parts, and the blocks in which they lie. */
const begin = async (accepted: string | null) => {
  const lent = LETTERS.map((letter) => blocks.take(SIZE).fill(letter));
  let nSent = 0;
  const answer = await compressedParts(
    {
      parts: lent.map((block) => block.subarray(0, SIZE - 1)),
      headers: {},
      onSent: () => {
        nSent++;
      },
    },
    { header: () => accepted },
  );
  if (!isStreamed(answer)) throw new Error('it is not sent in parts');
  const buffers = lent.map(({ buffer }) => buffer);
  /** Of its blocks those that are free, which are written over. */
  const free = (): number => {
    const taken = LETTERS.map(() => blocks.take(SIZE).fill(90));
    const own = taken.filter(({ buffer }) => buffers.includes(buffer));
    for (const block of own) blocks.give(block);
    return own.length;
  };
  return { parts: answer.parts, free, nSent: () => nSent };
};

test('a part stays as it is until the next one is asked for, and then its memory is free', async () => {
  const { parts, free, nSent } = await begin(null);
  let n = 0;
  for await (const part of parts) {
    expect(free()).toBe(n);
    expect(part).toEqual(new Uint8Array(SIZE - 1).fill(LETTERS[n++]!));
  }
  expect([n, free(), nSent()]).toEqual([3, 3, 1]);
});

test('of an answer that is broken off no memory is kept', async () => {
  const { parts, free, nSent } = await begin(null);
  for await (const part of parts) {
    expect(part[0]).toBe(LETTERS[0]!);
    break;
  }
  expect([free(), nSent()]).toEqual([3, 1]);
});

test('the memory of parts that were packed is free at once', async () => {
  const { parts, free } = await begin('gzip');
  expect(free()).toBe(3);
  const [packed] = await Array.fromAsync(parts);
  const whole = Buffer.from(Bun.gunzipSync(packed!)).toString();
  expect(whole).toBe(['a', 'b', 'c'].map((letter) => letter.repeat(SIZE - 1)).join(''));
});
