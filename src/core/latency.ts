/**
 * A mergeable log-linear histogram of durations: exact counts, bounded relative error, no sampling.
 *
 * Values are non-negative integers in a unit that the caller's names state. Below 2^bits every value
 * has its own bucket; above, each power of two is cut into 2^(bits-1) buckets, so a value is known
 * to one part in 2^(bits-1).
 *
 *   bits = 3:  0 1 2 3 4 5 6 7 | 8-9 10-11 12-13 14-15 | 16-19 20-23 ...
 */

export interface LatencyScale {
  readonly bits: number;
  /** Values at or above 2^maxBits are counted in the last bucket. */
  readonly maxBits: number;
  readonly nBuckets: number;
}

export const buildScale = (bits: number, maxBits: number): LatencyScale => ({
  bits,
  maxBits,
  nBuckets: 2 ** bits + (maxBits - bits) * 2 ** (bits - 1),
});

/** float64, shape (scale.nBuckets): zero counts. */
export const buildCounts = (scale: LatencyScale): Float64Array => new Float64Array(scale.nBuckets);

/** Bucket of a value (integer below 2^31 for the exact path; larger ones fall in the last bucket). @cost O(1) */
export const bucketOf = (scale: LatencyScale, value: number): number => {
  if (value < 2 ** scale.bits) return value > 0 ? value | 0 : 0;
  if (value >= 2 ** scale.maxBits) return scale.nBuckets - 1;
  const shift = 32 - Math.clz32(value) - scale.bits;
  return (shift << (scale.bits - 1)) + (value >>> shift);
};

/** Smallest value of a bucket. */
export const lowOf = (scale: LatencyScale, bucket: number): number => {
  const half = 2 ** (scale.bits - 1);
  if (bucket < 2 * half) return bucket;
  const shift = Math.floor(bucket / half) - 1;
  return (bucket - shift * half) * 2 ** shift;
};

/** Largest value of a bucket. */
export const highOf = (scale: LatencyScale, bucket: number): number => lowOf(scale, bucket + 1) - 1;

export const mergeInto = (counts: Float64Array, other: ArrayLike<number>): void => {
  for (let i = 0; i < counts.length; i++) counts[i]! += other[i]!;
};

export const totalOf = (counts: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  return total;
};

/**
 * The largest value of the bucket that holds the p-quantile (0 < p <= 1), NaN when nothing was recorded.
 * Never below the true quantile, and above it by at most one part in 2^(bits-1).
 */
export const quantileOf = (scale: LatencyScale, counts: ArrayLike<number>, p: number): number => {
  const rank = Math.max(1, Math.ceil(p * totalOf(counts) - 1e-9));
  let seen = 0;
  for (let i = 0; i < counts.length; i++) {
    seen += counts[i]!;
    if (seen >= rank) return highOf(scale, i);
  }
  return Number.NaN;
};

/** Non-zero buckets as [index, count, index, count, ...]: what crosses between processes and lies in files. */
export const encodeCounts = (counts: ArrayLike<number>): number[] => {
  const sparse: number[] = [];
  for (let i = 0; i < counts.length; i++) if (counts[i] !== 0) sparse.push(i, counts[i]!);
  return sparse;
};

/** The inverse of `encodeCounts`. */
export const decodeCounts = (scale: LatencyScale, sparse: readonly number[]): Float64Array => {
  const counts = buildCounts(scale);
  for (let i = 0; i + 1 < sparse.length; i += 2) counts[sparse[i]!]! += sparse[i + 1]!;
  return counts;
};
