/**
 * Losses: gradients and hessians of the scores, quantised to whole numbers.
 * What the trees are fitted to.
 */
import { sigmoid } from '../../core/logistic.ts';

export type Loss =
  | { readonly kind: 'logistic' }
  /** Minutes at a level: the pinball loss, smoothed so that leaves have a slope. */
  | { readonly kind: 'quantile'; readonly level: number };

/** Gradient of the log loss at a score; the hessian is p * (1 - p). */
export const logisticGradient = (score: number, label: number): { g: number; h: number } => {
  const p = sigmoid(score);
  return { g: p - label, h: p * (1 - p) };
};

/** Largest quantised values for which no sum over `nRows` rows can leave its 32 bits. */
export const quantumLimits = (nRows: number): { g: number; h: number } => ({
  g: Math.max(1, Math.min(32_767, Math.floor((2 ** 31 - 1) / Math.max(1, nRows)))),
  h: Math.max(1, Math.min(65_535, Math.floor((2 ** 32 - 1) / Math.max(1, nRows)))),
});

const mixed = (row: number, round: number): number => {
  const z = (Math.imul(row, 0x9e3779b9) + Math.imul(round, 0x85ebca6b)) | 0;
  return Math.imul(z ^ (z >>> 15), 0x2c1b3c6d);
};

/** A number in [0, 1) from a row and a round: rounds up or down without bias, the same on every thread. */
export const dither = (row: number, round: number): number => {
  const z = mixed(row, round);
  return ((z ^ (z >>> 13)) >>> 8) * 2 ** -24;
};

/** Another such number, which decides whether a row is in the sample of a round. */
export const lot = (row: number, round: number): number => {
  const z = mixed(row, round);
  const again = Math.imul(z ^ (z >>> 13), 0x297a2d39);
  return ((again ^ (again >>> 15)) >>> 8) * 2 ** -24;
};

/** Quanta per unit of gradient (at most 1) and of hessian (at most 1/4), with room to round up. */
export const logisticScales = (nRows: number): { gScale: number; hScale: number } => {
  const limits = quantumLimits(nRows);
  return { gScale: Math.max(1, limits.g - 1), hScale: Math.max(4, 4 * (limits.h - 1)) };
};

/** One row's packed gradient (see `histogram`): the slow twin of the emitted kernel. */
const packLogistic = (
  score: number,
  label: number,
  up: number,
  gScale: number,
  hScale: number,
): number => {
  const p = 1 / (1 + fastExp(-Math.max(-700, Math.min(700, score))));
  const g = Math.floor((p - label) * gScale + up);
  const h = Math.max(1, Math.floor(p * (1 - p) * hScale + up));
  return (g << 16) | h;
};

/** e^r for |r| <= ln 2 / 2, highest power first. */
export const EXP_TERMS = [1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1] as const;
export const LN2_HIGH = 0.6931471803691238;
export const LN2_LOW = 1.9082149292705877e-10;

/** Adding and taking away this rounds to the nearest whole number, ties to even. */
export const ROUNDER = 6755399441055744;

/** e^x for |x| <= 700 to seven digits, enough for a gradient and the same on every machine. */
const fastExp = (x: number): number => {
  const k = x * Math.LOG2E + ROUNDER - ROUNDER;
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let series: number = EXP_TERMS[0];
  for (let i = 1; i < EXP_TERMS.length; i++) series = series * r + EXP_TERMS[i]!;
  return series * 2 ** k;
};

/** How gradients of one table become whole numbers. */
export interface Quanta {
  /** Quanta per unit of gradient, and of hessian. */
  readonly gScale: number;
  readonly hScale: number;
}

export const quantaOf = (loss: Loss, nRows: number): Quanta =>
  loss.kind === 'logistic'
    ? logisticScales(nRows)
    : { gScale: Math.max(1, quantumLimits(nRows).g - 1), hScale: 1 };

/**
 * Fills `into` with packed gradients (see `histogram`) of the log loss; a row outside the round's sample gets 0.
 * The slow twin of the emitted kernel.
 */
export const logisticGradientsInto = (
  scores: Float64Array,
  labels: Uint8Array,
  round: number,
  rowShare: number,
  { gScale, hScale }: Quanta,
  into: Int32Array,
): void => {
  for (let row = 0; row < into.length; row++) {
    into[row] =
      lot(row, round) < rowShare
        ? packLogistic(scores[row]!, labels[row]!, dither(row, round), gScale, hScale)
        : 0;
  }
};

/** Packed gradient of the pinball loss; its hessian is 1 everywhere, leaves are set anew (see `boosting`). */
export const packQuantile = (
  score: number,
  minutes: number,
  level: number,
  row: number,
  round: number,
  rowShare: number,
  gScale: number,
): number => {
  if (lot(row, round) >= rowShare) return 0;
  const g = score >= minutes ? 1 - level : -level;
  return (Math.floor(g * gScale + dither(row, round)) << 16) | 1;
};

/** Mean log loss of scores. */
export const logLossOfScores = (scores: Float64Array, labels: Uint8Array): number => {
  let sum = 0;
  for (let row = 0; row < scores.length; row++) {
    const margin = labels[row] === 1 ? -scores[row]! : scores[row]!;
    sum += margin > 0 ? margin + Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin));
  }
  return sum / scores.length;
};

/** Mean pinball loss of scores. */
export const pinballOfScores = (
  scores: Float64Array,
  minutes: Float32Array,
  level: number,
): number => {
  let sum = 0;
  for (let row = 0; row < scores.length; row++) {
    const over = minutes[row]! - scores[row]!;
    sum += over >= 0 ? level * over : (level - 1) * over;
  }
  return sum / scores.length;
};
