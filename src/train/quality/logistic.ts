/**
 * The second baseline: logistic regression on one column per category and per step of each quantity.
 * Works on the same bins as the trees, so it costs little and needs no scaling.
 */
import { logit, sigmoid } from '../../core/logistic.ts';
import type { BinnedRows } from '../growing/training-rows.ts';

const L2 = 1;
const ROUNDS = 30;

/** Probabilities between which a straight line is right to 2e-7, in a third of the time that an exponential takes. */
const PER_UNIT = 256;
const LAST_SCORE = 16;
const LAST_PLACE = 2 * LAST_SCORE * PER_UNIT;
const PROBABILITIES = Float64Array.from({ length: LAST_PLACE + 2 }, (_, place) =>
  sigmoid(place / PER_UNIT - LAST_SCORE),
);

export interface Logistic {
  /** float64, shape (bins of all features): weight of each bin. */
  readonly weights: Float64Array;
  readonly intercept: number;
}

/**
 * Fits by coordinate-wise Newton steps, feature by feature: exact for one feature, converging for many.
 * @param used uint8, shape (nFeatures): 0 for features to leave out
 * @source Friedman, Hastie, Tibshirani 2010 (coordinate descent), blocks of one-hot columns
 */
export const fitLogistic = (
  rows: BinnedRows & { readonly labels: Uint8Array },
  used: Uint8Array,
  rounds = ROUNDS,
): Logistic => {
  const nFeatures = rows.bins.length;
  const weights = new Float64Array(rows.offsets[nFeatures]!);
  const scores = new Float64Array(rows.nRows);
  let late = 0;
  for (let row = 0; row < rows.nRows; row++) late += rows.labels[row]!;
  const rate = Math.min(1 - 1e-6, Math.max(1e-6, late / rows.nRows));
  const intercept = logit(rate);
  scores.fill(intercept);
  const { nRows, labels } = rows;
  /** The last feature's steps, which the scores of the rows have not yet taken. */
  let taken: Uint8Array = new Uint8Array(nRows);
  let steps = new Float64Array(1);
  for (let round = 0; round < rounds; round++) {
    let largestStep = 0;
    for (let f = 0; f < nFeatures; f++) {
      if (used[f] === 0) continue;
      const offset = rows.offsets[f]!;
      const nBins = rows.bins[f]!.nBins;
      const column = rows.data.subarray(f * rows.nRows, (f + 1) * rows.nRows);
      const g = new Float64Array(nBins);
      const h = new Float64Array(nBins);
      for (let row = 0; row < nRows; row++) {
        const score = scores[row]! + steps[taken[row]!]!;
        scores[row] = score;
        const place = Math.max(0, Math.min(LAST_PLACE, (score + LAST_SCORE) * PER_UNIT));
        const below = place | 0;
        const low = PROBABILITIES[below]!;
        const p = low + (place - below) * (PROBABILITIES[below + 1]! - low);
        const bin = column[row]!;
        g[bin]! += p - labels[row]!;
        h[bin]! += p * (1 - p);
      }
      const step = new Float64Array(nBins);
      for (let bin = 0; bin < nBins; bin++) {
        const weight = weights[offset + bin]!;
        step[bin] = -(g[bin]! + L2 * weight) / (h[bin]! + L2);
        weights[offset + bin]! += step[bin]!;
        largestStep = Math.max(largestStep, Math.abs(step[bin]!) * Math.min(1, h[bin]!));
      }
      [taken, steps] = [column, step];
    }
    if (largestStep < 1e-3) break;
  }
  return { weights, intercept };
};
