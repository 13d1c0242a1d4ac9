/**
 * How sure a quantile is: order-statistic intervals, and how many samples a quantile needs at all.
 *
 * Of n sorted samples the p-quantile lies between the ranks n p -+ 1.96 sqrt(n p (1 - p)) with 95 %.
 */
import { quantileOf, totalOf } from '../../core/latency.ts';
import { SCALE } from '../generator/tally.ts';

/** The smallest number of independent samples whose maximum bounds the p-quantile from above with 95 %: ln .05 / ln p. */
export const minSamples = (p: number): number => Math.ceil(Math.log(0.05) / Math.log(p));

/**
 * Ranks (1-based) between which the p-quantile of n independent samples lies with 95 %; null when n is too small.
 * @source n p +- 1.96 sqrt(n p (1 - p)), the normal approximation of the binomial
 */
export const rankInterval = (n: number, p: number): readonly [number, number] | null => {
  if (n < minSamples(Math.max(p, 1 - p))) return null;
  const half = 1.96 * Math.sqrt(n * p * (1 - p));
  return [Math.max(1, Math.floor(n * p - half)), Math.min(n, Math.ceil(n * p + half) + 1)];
};

/** 95 % interval of a quantile of a histogram in microseconds, as milliseconds. Assumes independent samples. */
export const quantileInterval = (
  counts: ArrayLike<number>,
  p: number,
): readonly [number, number] | null => {
  const n = totalOf(counts);
  const ranks = rankInterval(n, p);
  if (ranks === null) return null;
  const at = (rank: number): number => quantileOf(SCALE, counts, Math.min(1, rank / n)) / 1000;
  return [at(ranks[0]), at(ranks[1])];
};

/**
 * 95 % interval of a share of which `found` of n were seen.
 * @source Wilson 1927
 */
export const shareInterval = (found: number, n: number): readonly [number, number] => {
  const z = 1.96;
  const share = found / n;
  const centre = share + z ** 2 / (2 * n);
  const half = z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n * n));
  const scale = 1 + z ** 2 / n;
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)];
};
