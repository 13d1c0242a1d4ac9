/**
 * Calibration on flights later than those learned from: isotonic where there is much data, beta or Platt where little.
 */
import { buildCalibration } from '../../core/calibrate.ts';
import { logit, sigmoid } from '../../core/logistic.ts';
import type { Calibration } from '../../core/model.ts';
import { logLossOfScores } from '../growing/loss.ts';
import { solve } from './linear-system.ts';
import { orderOf } from './metrics.ts';

const ISOTONIC_ROWS = 100_000;
const PLATT_ROWS = 1000;
const MIN_PROBABILITY = 1e-12;

/** A calibration fitted to probabilities and what came of them. */
export const fitCalibration = (probabilities: Float64Array, labels: Uint8Array): Calibration => {
  let late = 0;
  for (let i = 0; i < labels.length; i++) late += labels[i]!;
  if (late < 10 || labels.length - late < 10) return { kind: 'none' };
  if (labels.length >= ISOTONIC_ROWS) return fitIsotonic(probabilities, labels);
  return labels.length >= PLATT_ROWS
    ? fitBeta(probabilities, labels)
    : fitPlatt(probabilities, labels);
};

/** The rising step function nearest to the labels, as points joined by lines. @source Ayer et al. 1955 (pool adjacent violators) */
export const fitIsotonic = (
  probabilities: Float64Array,
  labels: Uint8Array,
  minRowsPerPoint = 200,
): Calibration => {
  const order = orderOf(probabilities);
  const sumP: number[] = [];
  const sumY: number[] = [];
  const rows: number[] = [];
  for (let i = 0; i < order.length; ) {
    let p = 0;
    let y = 0;
    let n = 0;
    const end = Math.min(order.length, i + minRowsPerPoint);
    for (
      ;
      i < order.length && (i < end || probabilities[order[i]!] === probabilities[order[i - 1]!]);
      i++
    ) {
      p += probabilities[order[i]!]!;
      y += labels[order[i]!]!;
      n++;
    }
    sumP.push(p);
    sumY.push(y);
    rows.push(n);
    while (rows.length > 1 && sumY.at(-1)! * rows.at(-2)! <= sumY.at(-2)! * rows.at(-1)!) {
      const [lastP, lastY, lastRows] = [sumP.pop()!, sumY.pop()!, rows.pop()!];
      sumP[sumP.length - 1]! += lastP;
      sumY[sumY.length - 1]! += lastY;
      rows[rows.length - 1]! += lastRows;
    }
  }
  const from: number[] = [];
  const to: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    const p = sumP[i]! / rows[i]!;
    if (from.length > 0 && p <= from.at(-1)!) continue;
    from.push(p);
    // One pseudo-flight of each kind keeps the ends away from "never" and "surely".
    to.push(Math.max(to.at(-1) ?? 0, (sumY[i]! + 1) / (rows[i]! + 2)));
  }
  return { kind: 'isotonic', from: Float64Array.from(from), to: Float64Array.from(to) };
};

const fitPlatt = (probabilities: Float64Array, labels: Uint8Array): Calibration => {
  const logits = probabilities.map((p) =>
    Math.log((p + MIN_PROBABILITY) / (1 - p + MIN_PROBABILITY)),
  );
  const [a, b] = fitShape([logits], labels, [1]);
  return a! > 0 ? { kind: 'platt', a: a!, b: b! } : { kind: 'none' };
};

/** @source Kull, Silva Filho, Flach 2017 */
const fitBeta = (probabilities: Float64Array, labels: Uint8Array): Calibration => {
  const logs = probabilities.map((p) => Math.log(p + MIN_PROBABILITY));
  const rests = probabilities.map((p) => -Math.log(1 - p + MIN_PROBABILITY));
  const [a, b, c] = fitShape([logs, rests], labels, [1, 1]);
  // A coefficient below 0 would let the curve fall.
  return a! > 0 && b! > 0 ? { kind: 'beta', a: a!, b: b!, c: c! } : fitPlatt(probabilities, labels);
};

/** Flights of one day are late together: so many count as one independent observation. */
const FLIGHTS_PER_OBSERVATION = 5;
/** A pull that only keeps the numbers finite, and one that leaves nothing but the intercept free. */
const RIDGES = { slight: 1, total: 1e9 } as const;

/**
 * The shape that suits the labels, shrunk towards no shape (`prior`) as far as chance could have made the difference.
 * @source James and Stein 1961 (positive part), with twice the gain in log-likelihood for the squared length
 */
const fitShape = (
  columns: readonly Float64Array[],
  labels: Uint8Array,
  prior: readonly number[],
): number[] => {
  const plain = fitLogistic(columns, labels, prior, RIDGES.total);
  const shaped = fitLogistic(columns, labels, prior, RIDGES.slight);
  const gain = lossOf(columns, labels, plain) - lossOf(columns, labels, shaped);
  const byChance = FLIGHTS_PER_OBSERVATION * columns.length;
  const share = 2 * gain > byChance ? 1 - byChance / (2 * gain) : 0;
  return shaped.map((weight, i) => plain[i]! + share * (weight - plain[i]!));
};

/** Sum of the log loss of weighted columns and an intercept. */
const lossOf = (
  columns: readonly Float64Array[],
  labels: Uint8Array,
  weights: readonly number[],
): number => {
  const scores = new Float64Array(labels.length).fill(weights[columns.length]!);
  columns.forEach((column, i) => {
    for (let row = 0; row < scores.length; row++) scores[row]! += weights[i]! * column[row]!;
  });
  return logLossOfScores(scores, labels) * labels.length;
};

/** Newton's method on a few columns and an intercept (last), shrunk towards `prior`. */
const fitLogistic = (
  columns: readonly Float64Array[],
  labels: Uint8Array,
  prior: readonly number[],
  ridge: number,
): number[] => {
  const n = columns.length + 1;
  const weights = [...prior, 0];
  for (let step = 0; step < 50; step++) {
    const gradient = new Array<number>(n).fill(0);
    const hessian = Array.from({ length: n }, () => new Array<number>(n).fill(0));
    for (let i = 0; i < n - 1; i++) {
      gradient[i] = ridge * (weights[i]! - prior[i]!);
      hessian[i]![i] = ridge;
    }
    const x = new Array<number>(n).fill(1);
    for (let row = 0; row < labels.length; row++) {
      let score = weights[n - 1]!;
      for (let i = 0; i < n - 1; i++) {
        x[i] = columns[i]![row]!;
        score += weights[i]! * x[i]!;
      }
      const p = sigmoid(score);
      for (let i = 0; i < n; i++) {
        gradient[i]! += (p - labels[row]!) * x[i]!;
        for (let j = 0; j <= i; j++) hessian[i]![j]! += p * (1 - p) * x[i]! * x[j]!;
      }
    }
    const change = solve(hessian, gradient);
    for (let i = 0; i < n; i++) weights[i]! -= change[i]!;
    if (change.every((c) => Math.abs(c) < 1e-9)) break;
  }
  return weights;
};

/** The same curve, moved in log-odds so that over weighted flights it calls as many late as were. */
export const anchor = (
  calibration: Calibration,
  probabilities: Float64Array,
  labels: Uint8Array,
  weights: Float64Array,
): Calibration => {
  const curve = buildCalibration(calibration);
  const logits = probabilities.map((p) => logit(curve(p)));
  // Newton's steps, halved intervals where one would leave what is left of the interval.
  let [low, high, by] = [-FARTHEST, FARTHEST, 0];
  for (let step = 0; step < ANCHOR_STEPS; step++) {
    let [excess, slope] = [0, 0];
    for (let row = 0; row < logits.length; row++) {
      const p = sigmoid(logits[row]! + by);
      excess += weights[row]! * (p - labels[row]!);
      slope += weights[row]! * p * (1 - p);
    }
    if (excess < 0) low = by;
    else high = by;
    const next = by - excess / slope;
    const change = next > low && next < high ? next - by : (low + high) / 2 - by;
    by += change;
    if (Math.abs(change) < ANCHORED) break;
  }
  return moved(calibration, by);
};

/** In log-odds: how far a curve is moved at most, and how near to its place it has to come. */
const FARTHEST = 10;
const ANCHORED = 1e-11;
const ANCHOR_STEPS = 60;

const moved = (calibration: Calibration, by: number): Calibration => {
  switch (calibration.kind) {
    case 'none':
      return { kind: 'platt', a: 1, b: by };
    case 'sigmoid':
    case 'platt':
      return { ...calibration, b: calibration.b + by };
    case 'beta':
      return { ...calibration, c: calibration.c + by };
    case 'isotonic':
      return { ...calibration, to: calibration.to.map((p) => sigmoid(logit(p) + by)) };
  }
};
