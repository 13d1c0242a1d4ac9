/**
 * A stored calibration as a function from the probability that was learned to the one that is answered.
 */
import { logit, sigmoid } from './logistic.ts';
import type { Calibration } from './model.ts';

/** From one number to another: a probability, or a score, to a probability. */
export type Calibrator = (value: number) => number;

/** A calibration as a function from probability to probability. */
export const buildCalibration = (calibration: Calibration): Calibrator => {
  switch (calibration.kind) {
    case 'none':
      return (p) => p;
    case 'sigmoid': {
      const { a, b } = calibration;
      return (p) => sigmoid(a * p + b);
    }
    case 'platt': {
      const { a, b } = calibration;
      return (p) => sigmoid(a * logit(p) + b);
    }
    case 'beta': {
      const { a, b, c } = calibration;
      return (p) =>
        sigmoid(a * Math.log(Math.max(p, MIN)) - b * Math.log(Math.max(1 - p, MIN)) + c);
    }
    case 'isotonic':
      return buildIsotonic(calibration.from, calibration.to);
  }
};

/** Keeps a saturated 0 or 1 from meeting a coefficient of 0: 0 * ln 0 is not a number. */
const MIN = 1e-300;

const buildIsotonic = (from: Float64Array, to: Float64Array): Calibrator => {
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
