import { expect, test } from 'bun:test';
import {
  type FailureReason,
  type SearchOptions,
  searchCapacity,
  type Trial,
} from './capacity-search.ts';

const OPTIONS: SearchOptions = {
  startPerSecond: 10,
  growth: 2,
  precision: 0.05,
  maxPerSecond: 1e6,
  minPerSecond: 1,
  limitMs: 1e9,
  soakLimitMs: 1e9,
  nowMs: () => 0,
};

const service = (capacity: number, reason: FailureReason = 'latency') => {
  const asked: number[] = [];
  const trial = async (ratePerSecond: number): Promise<Trial> => {
    asked.push(ratePerSecond);
    const passed = ratePerSecond <= capacity;
    return {
      ratePerSecond,
      passed,
      reason: passed ? null : reason,
      throughputPerSecond: Math.min(capacity, ratePerSecond),
    };
  };
  return { asked, trial };
};

for (const capacity of [12, 500, 777, 43_210]) {
  test(`a service that holds ${capacity} per second is found within 5 %`, async () => {
    const { trial } = service(capacity);
    const found = await searchCapacity(trial, trial, OPTIONS);
    expect(found.sustainedPerSecond!).toBeLessThanOrEqual(capacity);
    expect(found.sustainedPerSecond!).toBeGreaterThan(capacity * 0.95);
    expect(found.breakingPerSecond!).toBeGreaterThan(capacity);
    expect(found).toMatchObject({ reason: 'latency', converged: true });
  });
}

test('one bad moment does not decide: two of three do', async () => {
  const { trial } = service(500);
  let nBad = 0;
  const moody = async (rate: number): Promise<Trial> => {
    const result = await trial(rate);
    if (rate < 100 && nBad++ === 0) return { ...result, passed: false, reason: 'latency' };
    return result;
  };
  const found = await searchCapacity(moody, trial, OPTIONS);
  expect(found.sustainedPerSecond!).toBeGreaterThan(475);
});

test('a first rate that is too high is halved until one holds', async () => {
  const { trial } = service(30);
  const found = await searchCapacity(trial, trial, { ...OPTIONS, startPerSecond: 1000 });
  expect(found.sustainedPerSecond!).toBeGreaterThan(28.5);
});

test('a service that holds nothing has no sustained rate', async () => {
  const { trial } = service(0);
  const found = await searchCapacity(trial, trial, OPTIONS);
  expect(found).toMatchObject({ sustainedPerSecond: null, reason: 'latency' });
});

test('a soak that fails lowers the answer', async () => {
  const { trial } = service(500);
  const soak = service(470);
  const found = await searchCapacity(trial, soak.trial, OPTIONS);
  expect(found.sustainedPerSecond!).toBeLessThanOrEqual(470);
});

test('soaks that fail lower the answer as long as they must, and steps are never said not to have held', async () => {
  const { trial } = service(500);
  const found = await searchCapacity(trial, service(260).trial, OPTIONS);
  expect(found).toMatchObject({ isSoaked: true });
  expect(found.sustainedPerSecond!).toBeLessThanOrEqual(260);
  expect(found.sustainedPerSecond!).toBeGreaterThan(200);
  const never = await searchCapacity(trial, service(0).trial, OPTIONS);
  expect(never.isSoaked).toBe(false);
  expect(never.sustainedPerSecond!).toBeLessThan(never.breakingPerSecond!);
});

test('a search that is over its time or cut short ends at once, with what it knows', async () => {
  let nowMs = 0;
  const { trial, asked } = service(1e9);
  const slow = async (rate: number): Promise<Trial> => {
    nowMs += 1000;
    return trial(rate);
  };
  const limits = { limitMs: 3500, soakLimitMs: 2000, nowMs: () => nowMs };
  const found = await searchCapacity(slow, slow, { ...OPTIONS, ...limits });
  expect(asked).toEqual([10, 20, 40, 80]);
  expect(found).toMatchObject({ sustainedPerSecond: 80, isSoaked: false, converged: false });
  const isCutShort = (): boolean => asked.length > 5;
  const cut = await searchCapacity(trial, trial, { ...OPTIONS, isCutShort });
  expect(cut).toMatchObject({ sustainedPerSecond: 10, isSoaked: false });
});

test('a service that holds more than may be asked meets the ceiling', async () => {
  const { trial } = service(1e9);
  const found = await searchCapacity(trial, trial, { ...OPTIONS, maxPerSecond: 1000 });
  expect(found).toMatchObject({ sustainedPerSecond: 1000, reason: 'ceiling' });
});
