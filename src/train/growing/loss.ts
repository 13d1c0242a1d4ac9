/**
 * Step 1: the loss, what the trees are fitted to: gradients and hessians of the scores, quantised to whole numbers.
 *
 *   log loss, with p = 1 / (1 + e^-score):      g = p - label      h = p (1 - p)
 *
 * Sums of whole numbers do not depend on their order, so that any number of threads grows the same tree.
 * Each is rounded up or down by chance, from its row and round alone, so that the sums are without bias.
 * @source Shi et al. 2022, "Quantized training of gradient boosting decision trees"
 */
import { sigmoid } from '../../core/logistic.ts';

/** Exact gradient and hessian of the log loss at a score. */
export const logisticGradient = (score: number, label: number): { g: number; h: number } => {
  const p = sigmoid(score);
  return { g: p - label, h: p * (1 - p) };
};

/** Largest quantised values for which no sum over `nRows` rows can leave its 32 bits. */
export const quantumLimits = (nRows: number): { g: number; h: number } => ({
  g: Math.max(1, Math.min(32_767, Math.floor((2 ** 31 - 1) / Math.max(1, nRows)))),
  h: Math.max(1, Math.min(65_535, Math.floor((2 ** 32 - 1) / Math.max(1, nRows)))),
});

/** How gradients of one table become whole numbers. */
export interface Quanta {
  /** Quanta per unit of gradient, and of hessian. */
  readonly gScale: number;
  readonly hScale: number;
}

/** A gradient is at most 1, a hessian at most 1/4; there is room to round up. */
export const quantaOf = (nRows: number): Quanta => {
  const limits = quantumLimits(nRows);
  return { gScale: Math.max(1, limits.g - 1), hScale: Math.max(4, 4 * (limits.h - 1)) };
};

/** What one round's gradients have in common. */
export interface GradientRound {
  readonly round: number;
  /** Share of the rows that the round learns from. */
  readonly rowShare: number;
  readonly quanta: Quanta;
}

/** What rows and rounds are multiplied by before they are mixed. */
export const ROW_FACTOR = 0x9e3779b9;
export const ROUND_FACTOR = 0x85ebca6b;

const hashOf = (row: number, round: number): number => {
  const z = (Math.imul(row, ROW_FACTOR) + Math.imul(round, ROUND_FACTOR)) | 0;
  return Math.imul(z ^ (z >>> 15), 0x2c1b3c6d);
};

/** A number in [0, 1) from a row and a round: rounds up or down without bias, the same on every thread. */
export const dither = (row: number, round: number): number => {
  const z = hashOf(row, round);
  return ((z ^ (z >>> 13)) >>> 8) * 2 ** -24;
};

/** Another such number: below `rowShare`, the row is in the sample of a round. */
const sampleDraw = (row: number, round: number): number => {
  const z = hashOf(row, round);
  const again = Math.imul(z ^ (z >>> 13), 0x297a2d39);
  return ((again ^ (again >>> 15)) >>> 8) * 2 ** -24;
};

/**
 * Fills `into` with packed gradients (see `histogram`) of the log loss; a row outside the round's sample gets 0.
 * The slow twin of the emitted kernel.
 */
export const logisticGradientsInto = (
  scores: Float64Array,
  labels: Uint8Array,
  { round, rowShare, quanta }: GradientRound,
  into: Int32Array,
): void => {
  const share = fround(rowShare);
  for (let row = 0; row < into.length; row++) {
    into[row] =
      sampleDraw(row, round) < share
        ? packLogistic(scores[row]!, labels[row]!, dither(row, round), quanta)
        : 0;
  }
};

const { fround } = Math;

/** Larger scores are as good as certain. */
export const MAX_SCORE = 80;

/** One row's packed gradient of the log loss, in float32: each quantum is far coarser. @param up what is added before rounding down */
const packLogistic = (
  score: number,
  label: number,
  up: number,
  { gScale, hScale }: Quanta,
): number => {
  const x = Math.max(-MAX_SCORE, Math.min(MAX_SCORE, fround(-score)));
  const p = fround(1 / fround(1 + fastExp(x)));
  const g = Math.floor(fround(fround(fround(p - label) * gScale) + up));
  const h = Math.floor(fround(fround(fround(p * fround(1 - p)) * hScale) + up));
  return (g << 16) | Math.max(1, h);
};

/** Taylor series of e^r for |r| <= ln 2 / 2, highest power first. */
export const EXP_TERMS = [1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1].map(fround);
/** ln 2 in two parts; a whole number below 512 times the first is exact in float32. */
export const LN2_HIGH = 0.693359375;
export const LN2_LOW = fround(Math.LN2 - LN2_HIGH);
export const LOG2E = fround(Math.LOG2E);

/** Adding and taking away this rounds a float32 to the nearest whole number, ties to even, which is in its low bits between. */
export const ROUNDER = 12_582_912;

/** e^x = 2^k e^r for |x| <= 80, in float32, to six digits: enough for a gradient and the same on every machine. */
const fastExp = (x: number): number => {
  const k = fround(fround(fround(x * LOG2E) + ROUNDER) - ROUNDER);
  const r = fround(fround(x - fround(k * LN2_HIGH)) - fround(k * LN2_LOW));
  let series = EXP_TERMS[0]!;
  for (let i = 1; i < EXP_TERMS.length; i++) series = fround(fround(series * r) + EXP_TERMS[i]!);
  return series * 2 ** k;
};

/** Mean log loss of scores. */
export const logLossOfScores = (scores: Float64Array, labels: Uint8Array): number => {
  let sum = 0;
  for (let row = 0; row < scores.length; row++) sum += logLossOf(scores[row]!, labels[row]!);
  return sum / scores.length;
};

/** Log loss of one score. */
export const logLossOf = (score: number, label: number): number => {
  const margin = label === 1 ? -score : score;
  return margin > 0 ? margin + Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin));
};
