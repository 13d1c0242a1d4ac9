/**
 * From raw scores to answers: link, calibration, chained probabilities, ordered quantiles.
 * Stands between the scores (plain or compiled) and every predictor; cheap, so there is one version.
 */
import type { Calibration, Head, Member } from '../core/model.ts';

export type Curve = (value: number) => number;

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

/** A head's own answer from its raw score. */
export const buildCurve = (head: Head): Curve =>
  head.kind === 'quantile' ? (raw) => raw : buildProbability(head);

/** From a raw score to a probability: link, then calibration. */
export const buildProbability = ({
  link,
  calibration,
}: Pick<Member, 'link' | 'calibration'>): Curve => {
  const calibrate = buildCalibration(calibration);
  if (link === 'logistic') return (raw) => calibrate(sigmoid(raw));
  // Isotonic points lie on the scale of the score itself, which may be any.
  return calibration.kind === 'isotonic' ? calibrate : (raw) => calibrate(clamp(raw));
};

/** A calibration as a function from probability to probability. */
export const buildCalibration = (calibration: Calibration): Curve => {
  switch (calibration.kind) {
    case 'none':
      return (p) => p;
    case 'sigmoid': {
      const { a, b } = calibration;
      return (p) => sigmoid(a * p + b);
    }
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
