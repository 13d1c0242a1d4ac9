import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { buildBlocks, STEP_BYTES } from './blocks.ts';

test('whoever has a block has it alone, whatever is taken and given back, also twice', () => {
  const step = fc.oneof(
    fc.record({ take: fc.integer({ min: 0, max: 5 * STEP_BYTES }) }),
    fc.record({ give: fc.nat(), isAgain: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const blocks = buildBlocks(8 * STEP_BYTES);
      const taken: Uint8Array<ArrayBuffer>[] = [];
      for (const one of steps) {
        if ('take' in one) {
          const block = blocks.take(one.take);
          expect(block.length).toBeGreaterThanOrEqual(one.take);
          expect(taken.map(({ buffer }) => buffer)).not.toContain(block.buffer);
          taken.push(block);
        } else if (taken.length > 0) {
          const [given] = taken.splice(one.give % taken.length, 1);
          blocks.give(given!.subarray(1));
          if (one.isAgain) blocks.give(given!);
        }
      }
    }),
  );
});

test('a block that was given back is taken again, and no more of them wait than may', () => {
  const blocks = buildBlocks(4 * STEP_BYTES);
  const given = Array.from({ length: 3 }, () => blocks.take(2 * STEP_BYTES - 1));
  for (const block of given) blocks.give(block);
  const again = Array.from({ length: 3 }, () => blocks.take(2 * STEP_BYTES).buffer);
  const buffers = given.map(({ buffer }) => buffer);
  expect(again.map((buffer) => buffers.includes(buffer))).toEqual([true, true, false]);
});

test('what waits for sizes that nobody asks for any more gives way to others', () => {
  const blocks = buildBlocks(8 * STEP_BYTES);
  const before = [1, 1, 1, 1, 1, 1].map((nSteps) => blocks.take(nSteps * STEP_BYTES));
  for (const block of before) blocks.give(block);
  for (let i = 0; i < 2; i++) {
    const own = blocks.take(5 * STEP_BYTES);
    blocks.give(own);
    expect(blocks.take(5 * STEP_BYTES).buffer).toBe(own.buffer);
    blocks.give(own);
  }
});

test('a block that is a little larger is taken rather than a new one, a much larger one is not', () => {
  const blocks = buildBlocks();
  const [five, twenty] = [5, 20].map((nSteps) => blocks.take(nSteps * STEP_BYTES));
  blocks.give(five!);
  blocks.give(twenty!);
  expect(blocks.take(4 * STEP_BYTES).buffer).toBe(five!.buffer);
  expect(blocks.take(4 * STEP_BYTES).buffer).not.toBe(twenty!.buffer);
  expect(blocks.take(17 * STEP_BYTES).buffer).toBe(twenty!.buffer);
});

test('bytes that lie in no block are never taken', () => {
  const blocks = buildBlocks();
  const foreign = new Uint8Array(STEP_BYTES);
  blocks.give(foreign);
  expect(blocks.take(STEP_BYTES).buffer).not.toBe(foreign.buffer);
});
