import { expect, test } from 'bun:test';
import { type ProcessTimes, shareOf, watchService } from './service-load.ts';

const WALL_MS = 1000;
const CORES = 2;

/** Threads of each process as [ran, waited] of one second. */
const times = (...processes: readonly (readonly (readonly [number, number])[])[]): ProcessTimes =>
  new Map(
    processes.map((threads, pid) => [
      String(pid),
      new Map(threads.map(([ranMs, waitedMs], i) => [String(i), { ranMs, waitedMs }])),
    ]),
  );

const zero = (now: ProcessTimes): ProcessTimes =>
  new Map(
    [...now].map(([pid, threads]) => [
      pid,
      new Map([...threads].map(([thread]) => [thread, { ranMs: 0, waitedMs: 0 }])),
    ]),
  );

test.each([
  ['a thread that runs half of the time', times([[500, 0]]), 0.5],
  ['a thread that runs half and waits half', times([[500, 500]]), 1],
  [
    'a busy thread with idle helpers',
    times([
      [1000, 0],
      [50, 0],
      [0, 0],
    ]),
    1,
  ],
  [
    'four threads that fill both processors',
    times([
      [500, 100],
      [500, 0],
      [450, 0],
      [450, 0],
    ]),
    1,
  ],
  ['a master that rests beside a busy worker', times([[0, 0]], [[900, 0]]), 0.9],
  [
    'workers of one and of three tenths, by what they ran',
    times([[1000, 0]], [[300, 0]]),
    1.09 / 1.3,
  ],
  ['a service that was not asked', times([[0, 0]]), 0],
])('%s', (_, now, share) => {
  expect(shareOf(zero(now), now, WALL_MS, CORES)).toBeCloseTo(share, 6);
});

test('a thread or a process that is new since the last look is left out until the next', () => {
  const now = times(
    [
      [500, 0],
      [900, 0],
    ],
    [[1000, 0]],
  );
  expect(shareOf(zero(times([[500, 0]])), now, WALL_MS, CORES)).toBeCloseTo(0.5, 6);
});

test('a port where nobody listens is not seen, and never blamed', () => {
  expect(watchService(1, CORES).take()).toBeNull();
});
