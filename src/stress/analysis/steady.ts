/**
 * Whether a step had settled, and from when: MSER-5 for the beginning, slope and scatter for the rest.
 * A step that never settles is shown, but feeds no fit.
 */

export interface Steadiness {
  /** Seconds at the beginning that MSER-5 would leave out. */
  readonly settledAfterS: number;
  readonly steady: boolean;
  /** Slope of the line through what is left, as a share of its mean per second. */
  readonly slopePerS: number;
  /** Standard deviation as a share of the mean, from ten slots to the next ten. */
  readonly scatter: number;
  readonly sentence: string;
}

const BATCH = 5;

/**
 * How many values to leave out at the beginning: the d with the smallest s^2(d..n) / (n - d)^2, over means of five.
 * A minimum in the second half says that the series is too short; then n is returned.
 * @source White 1997; White, Cobb, Spratt 2000 (MSER-5)
 */
export const mser5 = (values: readonly number[]): number => {
  const means: number[] = [];
  for (let i = 0; i + BATCH <= values.length; i += BATCH) {
    means.push(values.slice(i, i + BATCH).reduce((sum, value) => sum + value, 0) / BATCH);
  }
  const n = means.length;
  if (n < 4) return 0;
  let best = Number.POSITIVE_INFINITY;
  let bestAt = 0;
  let sum = 0;
  let squares = 0;
  for (let d = n - 1; d >= 0; d--) {
    sum += means[d]!;
    squares += means[d]! ** 2;
    const left = n - d;
    if (left < 2) continue;
    const statistic = Math.max(0, squares - sum ** 2 / left) / left ** 2;
    if (statistic <= best) {
      best = statistic;
      bestAt = d;
    }
  }
  return bestAt > n / 2 ? values.length : bestAt * BATCH;
};

/** Slope of the least-squares line through values at 0, 1, 2, ... */
export const slopeOf = (values: readonly number[]): number => {
  const n = values.length;
  const meanX = (n - 1) / 2;
  const meanY = values.reduce((sum, value) => sum + value, 0) / n;
  let above = 0;
  let below = 0;
  for (let i = 0; i < n; i++) {
    above += (i - meanX) * (values[i]! - meanY);
    below += (i - meanX) ** 2;
  }
  return below === 0 ? 0 : above / below;
};

const MIN_SPANS = 8;
const MAX_SLOPE = 0.01;
const MAX_SCATTER = 0.05;

const PER_SPAN = 10;

/**
 * @param perSlot successes by slot; ten of them, a second in most runs, are compared with the next ten
 * @param slotS length of a slot in seconds
 */
export const judgeSteadiness = (perSlot: readonly number[], slotS: number): Steadiness => {
  const spanS = slotS * PER_SPAN;
  const settled = mser5(perSlot) * slotS;
  const spans: number[] = [];
  for (let at = Math.ceil(settled / spanS) * PER_SPAN; at + PER_SPAN <= perSlot.length; ) {
    spans.push(perSlot.slice(at, at + PER_SPAN).reduce((sum, value) => sum + value, 0));
    at += PER_SPAN;
  }
  const mean = spans.reduce((sum, value) => sum + value, 0) / Math.max(1, spans.length);
  const slopePerS = mean > 0 ? slopeOf(spans) / mean / spanS : 0;
  const variance =
    spans.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, spans.length);
  const scatter = mean > 0 ? Math.sqrt(variance) / mean : 0;
  // Counts scatter by themselves: what a Poisson count of this size does is no unsteadiness.
  const natural = mean > 0 ? 1.5 / Math.sqrt(mean) : 0;
  const facts = { settledAfterS: settled, slopePerS, scatter };
  if (spans.length < MIN_SPANS) {
    return {
      ...facts,
      steady: false,
      sentence: `not known to be steady: ${MIN_SPANS * spanS} s after settling are needed, ${spans.length * spanS} s were had`,
    };
  }
  const steady = Math.abs(slopePerS) * spanS <= MAX_SLOPE && scatter <= MAX_SCATTER + natural;
  const step = spanS === 1 ? 'second to second' : `${spanS} s to ${spanS} s`;
  const scattered = `${(scatter * 100).toFixed(1)} % scatter from ${step}`;
  return {
    ...facts,
    steady,
    sentence: steady
      ? `steady after ${settled.toFixed(1)} s, ${scattered}`
      : `not steady: ${(slopePerS * 100).toFixed(1)} % drift per second, ${scattered}`,
  };
};
