import { describe, expect, test } from 'bun:test';
import { planFleet, shortageOf, startShortageOf } from './fleet-plan.ts';

const MB = 2 ** 20;
const wanted = {
  workers: 'auto',
  connections: 1000,
  open: 0,
  memoryLimitMb: 512,
  modelBytes: 2 * MB,
} as const;
const grant = { processors: 2, memoryBytes: 8192 * MB, descriptors: 1e6 };

describe('the plan of the fleet', () => {
  test('is what was asked for where there is room', () =>
    expect(planFleet(wanted, grant)).toMatchObject({
      nWorkers: 2,
      memoryLimitMb: 512,
      isOneByOne: false,
      notes: [],
    }));

  test.each([
    [4096, 4],
    [1024, 2],
    [512, 2],
    [256, 1],
    [256, 2],
    [192, 1],
  ])('keeps everything that may run at once within %i MB, with %i processors', (memoryMb, processors) => {
    const plan = planFleet(wanted, { ...grant, processors, memoryBytes: memoryMb * MB });
    const atOnce = plan.isOneByOne ? plan.nWorkers + 1 : 2 * plan.nWorkers + 1;
    expect(40 + 4 + atOnce * plan.memoryLimitMb).toBeLessThanOrEqual(memoryMb * 0.9);
    expect(plan.memoryLimitMb).toBeGreaterThanOrEqual(48);
    expect(plan.nWorkers).toBe(processors);
  });

  test('replaces one worker at a time where two generations have no room', () => {
    expect(planFleet(wanted, { ...grant, memoryBytes: 256 * MB }).isOneByOne).toBe(true);
    expect(planFleet(wanted, { ...grant, memoryBytes: 1024 * MB }).isOneByOne).toBe(false);
  });

  test('has fewer workers than processors when memory is short, and says so', () => {
    const plan = planFleet(wanted, { ...grant, processors: 16, memoryBytes: 512 * MB });
    expect(plan.nWorkers).toBe(7);
    expect(plan.notes[0]).toBe(
      'memory allows 7 of 16 workers: 512 MB for all, 48 MB for each and one more',
    );
  });

  test('obeys a number that was asked for, and says when it has no room', () => {
    const plan = planFleet({ ...wanted, workers: 8 }, { ...grant, memoryBytes: 256 * MB });
    expect(plan.nWorkers).toBe(8);
    expect(plan.notes[0]).toContain('memory is too little: 256 MB for 8 workers');
  });

  test.each([
    [1, 100],
    [2, 150],
    [8, 256],
  ])('says for %i workers how much memory would do', (workers, memoryMb) => {
    const noteOf = (mb: number): string | undefined =>
      planFleet({ ...wanted, workers }, { ...grant, memoryBytes: mb * MB }).notes[0];
    const neededMb = Number(/which need (\d+) MB/.exec(noteOf(memoryMb)!)?.[1]);
    expect(neededMb).toBeGreaterThan(memoryMb);
    expect(noteOf(neededMb)).toBeUndefined();
    expect(noteOf(neededMb - 1)).toBeDefined();
  });

  test('counts a large model once for each worker, and its copies', () => {
    const large = { ...wanted, modelBytes: 100 * MB };
    expect(planFleet(large, { ...grant, processors: 8, memoryBytes: 2048 * MB }).nWorkers).toBe(2);
  });
});

test('more memory has room below the limit, with something to spare, and wherever there is no limit', () => {
  const use = { usedBytes: 100 * MB, limitBytes: 200 * MB };
  expect(shortageOf(80 * MB, use)).toBe(undefined);
  expect(shortageOf(90 * MB, use)).toBe(
    'memory is too little: 200 MB for all, 100 MB in use, 90 MB more are needed',
  );
  expect(shortageOf(90 * MB, undefined)).toBe(undefined);
});

test.each([
  // Those that started took 90, 149 and 207 MB in all; the others were ended by the kernel.
  [22.3, 128, 1, undefined],
  [44.5, 256, 1, undefined],
  [66.8, 256, 1, undefined],
  [55.7, 128, 1, 'a worker needs 107 MB or more'],
  [89.1, 256, 1, 'a worker needs 161 MB or more'],
  [44.5, 256, 3, 'each of 3 workers needs 89 MB or more'],
])('a start with a model of %d MB within %i MB, %i workers', (modelMb, limitMb, nWorkers, why) => {
  const use = { usedBytes: (15 + modelMb) * MB, limitBytes: limitMb * MB };
  const shortage = startShortageOf({ nWorkers, modelBytes: modelMb * MB }, use);
  if (why === undefined) expect(shortage).toBeUndefined();
  else expect(shortage).toContain(why);
  expect(startShortageOf({ nWorkers, modelBytes: modelMb * MB }, undefined)).toBeUndefined();
});

test('a start counts the copy that it is going to make', () => {
  const use = { usedBytes: 15 * MB, limitBytes: 256 * MB };
  const modelBytes = 89 * MB;
  expect(startShortageOf({ nWorkers: 1, modelBytes }, use)).toBeUndefined();
  expect(startShortageOf({ nWorkers: 1, modelBytes, copyBytes: modelBytes }, use)).toBe(
    'memory is too little for a model of 89 MB: 256 MB for all, 15 MB in use, a copy of it takes 89 MB, a worker needs 160 MB or more; allow more memory, or serve a smaller model',
  );
});
