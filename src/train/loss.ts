/**
 * Losses: gradients and hessians of the scores, quantised to whole numbers.
 * What the trees are fitted to.
 */

export type Loss =
  | { readonly kind: 'logistic' }
  /** Minutes at a level: the pinball loss, smoothed so that leaves have a slope. */
  | { readonly kind: 'quantile'; readonly level: number };

/** Gradient of the log loss at a score; the hessian is p * (1 - p). */
export const logisticGradient = (score: number, label: number): { g: number; h: number } => {
  const p = 1 / (1 + Math.exp(-score));
  return { g: p - label, h: p * (1 - p) };
};

/** Largest quantised values for which no sum over `nRows` rows can leave its 32 bits. */
export const quantumLimits = (nRows: number): { g: number; h: number } => ({
  g: Math.max(1, Math.min(32_767, Math.floor((2 ** 31 - 1) / Math.max(1, nRows)))),
  h: Math.max(1, Math.min(65_535, Math.floor((2 ** 32 - 1) / Math.max(1, nRows)))),
});

/** A number in [0, 1) from a row and a round: rounds up or down without bias, the same on every thread. */
export const dither = (row: number, round: number): number => {
  let z = (Math.imul(row, 0x9e3779b9) + Math.imul(round, 0x85ebca6b)) | 0;
  z = Math.imul(z ^ (z >>> 15), 0x2c1b3c6d);
  return ((z ^ (z >>> 13)) >>> 8) * 2 ** -24;
};

/**
 * Fills `into` with packed gradients (see `histogram`) of the log loss; a row outside the sample gets 0.
 * @returns real size of one quantum of g and of h
 */
export const logisticGradientsInto = (
  scores: Float64Array,
  labels: Uint8Array,
  round: number,
  into: Int32Array,
): { g: number; h: number } => {
  const limits = quantumLimits(scores.length);
  const gScale = limits.g;
  const hScale = limits.h * 4;
  for (let row = 0; row < scores.length; row++) {
    const p = 1 / (1 + Math.exp(-scores[row]!));
    const up = dither(row, round);
    const g = Math.floor((p - labels[row]!) * (gScale - 1) + up);
    const h = Math.max(1, Math.floor(p * (1 - p) * (hScale - 4) + up));
    into[row] = (g << 16) | h;
  }
  return { g: 1 / (gScale - 1), h: 1 / (hScale - 4) };
};

/** Fills `into` with packed gradients of the pinball loss; its hessian is 1 everywhere, leaves are set anew (see `boosting`). */
export const quantileGradientsInto = (
  scores: Float64Array,
  minutes: Float32Array,
  level: number,
  round: number,
  into: Int32Array,
): { g: number; h: number } => {
  const limits = quantumLimits(scores.length);
  const gScale = Math.max(1, limits.g - 1);
  for (let row = 0; row < scores.length; row++) {
    const g = scores[row]! >= minutes[row]! ? 1 - level : -level;
    into[row] = (Math.floor(g * gScale + dither(row, round)) << 16) | 1;
  }
  return { g: 1 / gScale, h: 1 };
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
