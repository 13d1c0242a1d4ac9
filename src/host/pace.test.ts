import { describe, expect, test } from 'bun:test';
import { buildPace } from './pace.ts';

/** Heavy work of slices that take so long each, for a second of a clock of our own. @returns what it has used, and at most in 100 ms */
const work = (quota: number, sliceMs: number, { nProcesses = 1, othersShare = 0 } = {}) => {
  let now = 0;
  let used = 0;
  const pace = buildPace({ nowMs: () => now, usedMs: () => used, quota: () => quota });
  pace.divide(nProcesses);
  const rest = pace.kind();
  let heavyMs = 0;
  let mostMs = 0;
  for (let period = 0; period < 10; period++) {
    const before = heavyMs;
    while (now < 100 * (period + 1)) {
      const restMs = rest();
      now += restMs;
      used += othersShare * restMs;
      if (restMs > 0) continue;
      now += sliceMs;
      used += sliceMs;
      heavyMs += sliceMs;
    }
    mostMs = Math.max(mostMs, heavyMs - before);
  }
  return { heavyMs, mostMs };
};

describe('heavy work', () => {
  test('never rests where no quota holds it back', () => {
    expect(work(Number.POSITIVE_INFINITY, 1).heavyMs).toBe(1000);
  });

  test.each([0.5, 1, 1.5])('takes a share of a quota of %d, evenly', (quota) => {
    const { heavyMs, mostMs } = work(quota, 1);
    expect(heavyMs).toBeGreaterThan(650 * quota);
    expect(heavyMs).toBeLessThan(700 * quota + 10);
    // So much of each period of the scheduler is left to others.
    expect(mostMs).toBeLessThan(100 * quota - 5);
  });

  test('shares the quota with the other processes', () => {
    expect(work(1, 1, { nProcesses: 2 }).heavyMs).toBeLessThan(360);
  });

  test('goes on where others use up the quota', () => {
    const { heavyMs } = work(0.5, 1, { othersShare: 0.5 });
    expect(heavyMs).toBeGreaterThanOrEqual(3);
  });

  test('goes on after the longest rest of its kind, though nothing is paid for', () => {
    let now = 0;
    const pace = buildPace({ nowMs: () => now, usedMs: () => now, quota: () => 0.5 });
    const rest = pace.kind(50);
    rest();
    now = 100;
    expect(rest()).toBe(50);
    now = 149;
    expect(rest()).toBe(1);
    now = 150;
    expect(rest()).toBe(0);
    expect(rest()).toBe(50);
  });

  test('follows a quota that changes', () => {
    let quota = 0.5;
    let now = 0;
    const pace = buildPace({ nowMs: () => now, usedMs: () => now, quota: () => quota });
    const rest = pace.kind();
    for (; now < 1000; now += 10) rest();
    expect(pace.kind()()).toBeGreaterThan(0);
    quota = Number.POSITIVE_INFINITY;
    now += 2000;
    expect(pace.kind()()).toBe(0);
  });
});
