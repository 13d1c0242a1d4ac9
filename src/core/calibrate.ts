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

/** The points of a curve are looked up in as many stretches of equal length. */
const STRETCHES = 1024;

const buildIsotonic = (from: Float64Array, to: Float64Array): Calibrator => {
  const last = from.length - 1;
  const scale = STRETCHES / (from[last]! - from[0]!);
  const stretchOf = (p: number): number => ((p - from[0]!) * scale) | 0;
  /** int32: of each stretch, its first point. */
  const firsts = new Int32Array(STRETCHES + 2).fill(from.length);
  for (let point = last; point >= 0; point--) firsts[stretchOf(from[point]!)] = point;
  for (let i = STRETCHES; i >= 0; i--) firsts[i] = Math.min(firsts[i]!, firsts[i + 1]!);
  return (p) => {
    if (!(p > from[0]!)) return to[0]!;
    if (p >= from[last]!) return to[last]!;
    // Points of stretches before are below p, those of stretches after are above it.
    const stretch = stretchOf(p);
    let low = Math.max(0, firsts[stretch]! - 1);
    let high = Math.min(last, firsts[stretch + 1]!);
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (from[middle]! <= p) low = middle;
      else high = middle;
    }
    const share = (p - from[low]!) / (from[high]! - from[low]!);
    return to[low]! + share * (to[high]! - to[low]!);
  };
};
