import { describe, expect, test } from 'bun:test';
import { buildQuota, QUOTA_CELLS } from './quota.ts';

describe('a quota', () => {
  test('is shared by all workers and full again in the next second', () => {
    const cells = new Float64Array(QUOTA_CELLS);
    let nowMs = 1_700_000_000_250;
    const [one, other] = [buildQuota(cells, () => nowMs), buildQuota(cells, () => nowMs)];
    expect([one.take(3, 2), other.take(3, 2)]).toEqual([0, 0]);
    expect(one.take(3, 2)).toBe(0.75);
    expect(other.take(4, 2)).toBe(0);
    nowMs += 750;
    expect(other.take(3, 2)).toBe(0);
  });

  test.each([
    [0.1, 40, 4],
    [0.5, 10, 5],
    [2.5, 8, 20],
    [1, 5, 5],
  ])('of %p a second lets through as many over %p seconds, however often one asks', (perSecond, seconds, expected) => {
    let nowMs = 1_700_000_000_000;
    const quota = buildQuota(new Float64Array(QUOTA_CELLS), () => nowMs);
    let nPassed = 0;
    for (let i = 0; i < seconds * 100; i++, nowMs += 10)
      if (quota.take(0, perSecond) === 0) nPassed++;
    expect(nPassed).toBe(expected);
  });

  test('says when the next one may come', () => {
    let nowMs = 1_700_000_001_000;
    const quota = buildQuota(new Float64Array(QUOTA_CELLS), () => nowMs);
    expect(quota.take(0, 0.1)).toBe(0);
    const waitSeconds = quota.take(0, 0.1);
    nowMs += waitSeconds * 1000;
    expect(quota.take(0, 0.1)).toBe(0);
  });

  test('does not bind a caller who has no place in the table', () => {
    expect(buildQuota(new Float64Array(QUOTA_CELLS)).take(-1, 0)).toBe(0);
  });
});
