import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  bucketOf,
  buildCounts,
  buildScale,
  decodeCounts,
  encodeCounts,
  highOf,
  type LatencyScale,
  lowOf,
  mergeInto,
  quantileOf,
  totalOf,
} from './latency.ts';

const scale = buildScale(8, 27);

const record = (of: LatencyScale, counts: Float64Array, value: number): void => {
  counts[bucketOf(of, value)]! += 1;
};

describe('a latency histogram', () => {
  test('puts every value in a bucket whose bounds hold it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 27 - 1 }), (value) => {
        const bucket = bucketOf(scale, value);
        expect(lowOf(scale, bucket)).toBeLessThanOrEqual(value);
        expect(highOf(scale, bucket)).toBeGreaterThanOrEqual(value);
      }),
    );
  });

  test('has buckets that touch: each starts one past the end of the one before', () => {
    for (let bucket = 1; bucket < scale.nBuckets; bucket++) {
      expect(lowOf(scale, bucket)).toBe(highOf(scale, bucket - 1) + 1);
    }
  });

  test('counts what is past its range in the last bucket', () => {
    expect(bucketOf(scale, 2 ** 27)).toBe(scale.nBuckets - 1);
    expect(bucketOf(scale, 2 ** 31 + 5)).toBe(scale.nBuckets - 1);
    expect(bucketOf(scale, Number.POSITIVE_INFINITY)).toBe(scale.nBuckets - 1);
  });

  test('gives a quantile that is never below the true one and at most one part in 128 above', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 ** 26 }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (values, p) => {
          const counts = buildCounts(scale);
          for (const value of values) record(scale, counts, value);
          const sorted = values.toSorted((a, b) => a - b);
          const exact = sorted[Math.max(0, Math.ceil(p * values.length - 1e-9) - 1)]!;
          const quantile = quantileOf(scale, counts, p);
          expect(quantile).toBeGreaterThanOrEqual(exact);
          expect(quantile).toBeLessThanOrEqual(exact + exact / 128);
        },
      ),
    );
  });

  test('of two runs, merged, is the histogram of both runs, also after crossing a process border', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 26)), fc.array(fc.nat(2 ** 26)), (left, right) => {
        const [one, two, both] = [buildCounts(scale), buildCounts(scale), buildCounts(scale)];
        for (const value of left) record(scale, one, value);
        for (const value of right) record(scale, two, value);
        for (const value of [...left, ...right]) record(scale, both, value);
        mergeInto(one, decodeCounts(scale, encodeCounts(two)));
        expect(one).toEqual(both);
        expect(totalOf(one)).toBe(left.length + right.length);
      }),
    );
  });

  test('of nothing has no quantile', () => {
    expect(quantileOf(scale, buildCounts(scale), 0.5)).toBeNaN();
  });
});
