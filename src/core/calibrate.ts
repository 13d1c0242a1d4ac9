/**
 * A calibration as a function.
 */
import { logit, sigmoid } from './logistic.ts';
import type { Calibration } from './model.ts';

export type Curve = (value: number) => number;

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
      return (p) => sigmoid(a * logit(p) + b);
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
