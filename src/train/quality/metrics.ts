/**
 * How good probabilities are: AUC, log loss, Brier score, calibration error.
 */
import type { Quality } from '../../core/model.ts';

const MIN_PROBABILITY = 1e-15;

export const logLoss = (probabilities: Float64Array, labels: Uint8Array): number => {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const p = Math.min(1 - MIN_PROBABILITY, Math.max(MIN_PROBABILITY, probabilities[i]!));
    sum -= Math.log(labels[i] === 1 ? p : 1 - p);
  }
  return sum / labels.length;
};

export const brier = (probabilities: Float64Array, labels: Uint8Array): number => {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += (probabilities[i]! - labels[i]!) ** 2;
  return sum / labels.length;
};

/** Digits of a number's 64 bits by which rows are sorted, lowest first. */
const DIGIT_BITS = 16;
const DIGITS = [0, 1, 2, 3] as const;
/** Fewer rows are sorted by comparing them. */
const RADIX_ROWS = 4096;

/** Where the rows with each value of a digit start; one for all sorts, as parts of flights are many. */
const starts = new Uint32Array(2 ** DIGIT_BITS + 1);

/** Rows by rising probability, ties by row. @cost O(n): each digit in turn, by counting */
export const orderOf = (probabilities: Float64Array): Uint32Array => {
  const nRows = probabilities.length;
  let order = new Uint32Array(nRows);
  for (let row = 0; row < nRows; row++) order[row] = row;
  if (nRows < RADIX_ROWS)
    return order.sort((a, b) => probabilities[a]! - probabilities[b]! || a - b);
  // Numbers that are not negative are in the order of their bits; adding 0 makes of -0 a 0.
  const digits = new Uint16Array(probabilities.map((p) => p + 0).buffer);
  let next = new Uint32Array(nRows);
  for (const digit of DIGITS) {
    starts.fill(0);
    for (let row = 0; row < nRows; row++) starts[digits[4 * row + digit]! + 1]!++;
    for (let value = 0; value < 2 ** DIGIT_BITS; value++) starts[value + 1]! += starts[value]!;
    for (let i = 0; i < nRows; i++) {
      const row = order[i]!;
      next[starts[digits[4 * row + digit]!]!++] = row;
    }
    [order, next] = [next, order];
  }
  return order;
};

/** Orders that have been asked for: many figures rest on the same one. */
const orders = new WeakMap<Float64Array, Uint32Array>();

/** The same, sorted once; neither the probabilities nor the order may be written into. */
export const sharedOrderOf = (probabilities: Float64Array): Uint32Array => {
  const known = orders.get(probabilities);
  if (known) return known;
  const order = orderOf(probabilities);
  orders.set(probabilities, order);
  return order;
};

/** Chance that a late flight is ranked above one on time, ties counting half; NaN when there is one class only, or a probability is NaN. */
export const auc = (probabilities: Float64Array, labels: Uint8Array): number => {
  const order = sharedOrderOf(probabilities);
  let late = 0;
  let onTime = 0;
  let wins = 0;
  for (let i = 0; i < order.length; ) {
    let tiedLate = 0;
    let tiedOnTime = 0;
    const p = probabilities[order[i]!]!;
    // It equals nothing, not even itself: the loop below would stay where it is.
    if (Number.isNaN(p)) return Number.NaN;
    for (; i < order.length && probabilities[order[i]!]! === p; i++) {
      if (labels[order[i]!] === 1) tiedLate++;
      else tiedOnTime++;
    }
    wins += tiedLate * (onTime + tiedOnTime / 2);
    late += tiedLate;
    onTime += tiedOnTime;
  }
  return late > 0 && onTime > 0 ? wins / (late * onTime) : Number.NaN;
};

export interface ReliabilityBin {
  readonly predicted: number;
  readonly observed: number;
  readonly rows: number;
}

const MAX_BINS = 15;
/** Of a handful of flights nobody can say how many of them should have been late. */
const MIN_BIN_ROWS = 50;

/** Mean prediction and observed rate of bins of equal counts, by rising prediction: fewer bins where flights are few. */
export const reliability = (
  probabilities: Float64Array,
  labels: Uint8Array,
): readonly ReliabilityBin[] => {
  const order = sharedOrderOf(probabilities);
  const nBins = Math.max(1, Math.min(MAX_BINS, Math.floor(order.length / MIN_BIN_ROWS)));
  const curve: ReliabilityBin[] = [];
  for (let b = 0; b < nBins; b++) {
    const begin = Math.floor((b * order.length) / nBins);
    const end = Math.floor(((b + 1) * order.length) / nBins);
    if (end === begin) continue;
    let predicted = 0;
    let late = 0;
    for (let i = begin; i < end; i++) {
      predicted += probabilities[order[i]!]!;
      late += labels[order[i]!]!;
    }
    const rows = end - begin;
    curve.push({ predicted: predicted / rows, observed: late / rows, rows });
  }
  return curve;
};

/** Expected calibration error: mean distance between prediction and rate over the reliability bins. */
export const ece = (probabilities: Float64Array, labels: Uint8Array): number =>
  reliability(probabilities, labels).reduce(
    (sum, bin) => sum + (Math.abs(bin.predicted - bin.observed) * bin.rows) / labels.length,
    0,
  );

export const rateOf = (labels: Uint8Array): number => {
  let late = 0;
  for (let i = 0; i < labels.length; i++) late += labels[i]!;
  return late / labels.length;
};

export const qualityOf = (probabilities: Float64Array, labels: Uint8Array): Quality => ({
  auc: auc(probabilities, labels),
  logLoss: logLoss(probabilities, labels),
  brier: brier(probabilities, labels),
  ece: ece(probabilities, labels),
  baseRate: rateOf(labels),
  rows: labels.length,
});
