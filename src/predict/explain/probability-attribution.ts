/**
 * Contributions to a raw score, carried over to the scale of the probability so that they still add up.
 */
import type { Calibrator } from '../../core/calibrate.ts';

/**
 * Turns contributions to a raw score, in place, into contributions to the probability, which sum to it with the base.
 * Each counts by the transform's mean slope over the range that all of them span; what its bend
 * leaves over is shared by size. So nothing explodes where effects cancel or the transform is flat.
 * @returns the base
 */
export const toProbabilityScale = (
  contributions: Float64Array,
  expected: number,
  raw: number,
  transform: Calibrator,
): number => {
  let [up, down] = [0, 0];
  for (const value of contributions) {
    if (value > 0) up += value;
    else down -= value;
  }
  const span = up + down;
  const probability = transform(raw);
  if (span === 0) return probability;
  const slope = (transform(expected + up) - transform(expected - down)) / span;
  const left = probability - transform(expected) - slope * (up - down);
  let sum = 0;
  for (let i = 0; i < contributions.length; i++) {
    contributions[i] = slope * contributions[i]! + left * (Math.abs(contributions[i]!) / span);
    sum += contributions[i]!;
  }
  return probability - sum;
};
