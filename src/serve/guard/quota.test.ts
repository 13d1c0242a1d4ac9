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

  test('does not bind a caller who has no place in the table', () => {
    expect(buildQuota(new Float64Array(QUOTA_CELLS)).take(-1, 0)).toBe(0);
  });
});
