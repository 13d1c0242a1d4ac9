/**
 * From raw scores to answers: link, calibration, chained probabilities, ordered quantiles.
 * Stands between the scores (plain or compiled) and every predictor; cheap, so there is one version.
 */
import type { Calibration, Head } from '../core/model.ts';

type Curve = (value: number) => number;

/**
 * Turns the raw scores at `out[at .. at + nHeads)` into answers, in place.
 * @cost one exponential and one search per probability head; allocates nothing
 */
export const buildAnswers = (heads: readonly Head[]): ((out: Float64Array, at: number) => void) => {
  const nHeads = heads.length;
  const curves = heads.map(buildCurve);
  const chained = Uint8Array.from(heads, (head) =>
    head.kind === 'probability' && head.given === 'previous' ? 1 : 0,
  );
  const isQuantile = Uint8Array.from(heads, (head) => (head.kind === 'quantile' ? 1 : 0));
  return (out, at) => {
    let probability = 1;
    let minutes = Number.NEGATIVE_INFINITY;
    for (let h = 0; h < nHeads; h++) {
      const raw = out[at + h]!;
      if (isQuantile[h] === 1) {
        if (raw > minutes) minutes = raw;
        out[at + h] = minutes;
      } else {
        const own = curves[h]!(raw);
        probability = chained[h] === 1 ? own * probability : own;
        out[at + h] = probability;
      }
    }
  };
};

/** A probability head's own answer from its raw score: link, then calibration. */
export const buildCurve = (head: Head): Curve => {
  if (head.kind === 'quantile') return (raw) => raw;
  const link: Curve = head.link === 'logistic' ? sigmoid : clamp;
  const calibrate = buildCalibration(head.calibration);
  return (raw) => calibrate(link(raw));
};

/** A calibration as a function from probability to probability. */
export const buildCalibration = (calibration: Calibration): Curve => {
  switch (calibration.kind) {
    case 'none':
      return (p) => p;
    case 'platt': {
      const { a, b } = calibration;
      return (p) => sigmoid(a * Math.log(p / (1 - p)) + b);
    }
    case 'beta': {
      const { a, b, c } = calibration;
      return (p) =>
        sigmoid(a * Math.log(Math.max(p, LEAST)) - b * Math.log(Math.max(1 - p, LEAST)) + c);
    }
    case 'isotonic':
      return buildIsotonic(calibration.from, calibration.to);
  }
};

/** Keeps a saturated 0 or 1 from meeting a coefficient of 0: 0 * ln 0 is not a number. */
const LEAST = 1e-300;

const buildIsotonic = (from: Float64Array, to: Float64Array): Curve => {
  const last = from.length - 1;
  return (p) => {
    if (!(p > from[0]!)) return to[0]!;
    if (p >= from[last]!) return to[last]!;
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (from[middle]! <= p) low = middle;
      else high = middle;
    }
    const share = (p - from[low]!) / (from[high]! - from[low]!);
    return to[low]! + share * (to[high]! - to[low]!);
  };
};

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const clamp = (x: number): number => (x < 0 ? 0 : x > 1 ? 1 : x);
