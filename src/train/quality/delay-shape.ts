/**
 * How delays lie between the minutes of the probability heads, found from known flights (see `core/delay-distribution`).
 */
import { type DelayShape, SHAPE_POINTS } from '../../core/delay-distribution.ts';
import { orderOf } from './metrics.ts';

/** Flights and what is said of them. */
interface KnownDelays {
  /** float64: P(delay >= the first step). */
  readonly probabilities: Float64Array;
  readonly minutes: Float32Array;
  /** Minutes of the probability heads, rising. */
  readonly steps: readonly number[];
}

/** A knot rests on so many flights or more. */
const ROWS_PER_KNOT = 1000;
const MAX_KNOTS = 12;

/** @cost O(n log n) */
export const fitDelayShape = ({ probabilities, minutes, steps }: KnownDelays): DelayShape => {
  const order = beforeFirstStep({ probabilities, minutes, steps });
  const nKnots = Math.max(1, Math.min(MAX_KNOTS, Math.floor(order.length / ROWS_PER_KNOT)));
  const isSame = (a: number, b: number): boolean => probabilities[a] === probabilities[b];
  const knots: number[] = [];
  const below: number[] = [];
  let end = 0;
  for (let k = 0; k < nKnots; k++) {
    const begin = end;
    end = Math.max(begin, Math.floor(((k + 1) * order.length) / nKnots));
    // Flights of which the same is said belong to one knot.
    while (end > 0 && end < order.length && isSame(order[end - 1]!, order[end]!)) end++;
    if (k > 0 && end === begin) continue;
    const own = order.subarray(begin, end);
    let sum = 0;
    for (let i = 0; i < own.length; i++) sum += probabilities[own[i]!]!;
    const mean = sum / Math.max(1, own.length);
    if (k > 0 && !(mean > knots.at(-1)!)) continue;
    knots.push(own.length === 0 ? 0 : mean);
    const delays = new Float64Array(own.length);
    for (let i = 0; i < own.length; i++) delays[i] = minutes[own[i]!]!;
    below.push(...pointsOf(delays, [-Infinity, steps[0]!]));
  }
  const above = steps.flatMap((from, i) => {
    const to = steps[i + 1] ?? Number.POSITIVE_INFINITY;
    const delays = new Float64Array(minutes.length);
    let n = 0;
    for (let row = 0; row < minutes.length; row++) {
      const one = minutes[row]!;
      if (one >= from && one < to) delays[n++] = one;
    }
    return pointsOf(delays.slice(0, n), [from, to]);
  });
  return {
    knots: Float64Array.from(knots),
    below: Float64Array.from(below),
    above: Float64Array.from(above),
  };
};

/** Rows of the flights before the first step, by rising probability. */
const beforeFirstStep = ({ probabilities, minutes, steps }: KnownDelays): Uint32Array => {
  const order = orderOf(probabilities);
  let n = 0;
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    if (minutes[row]! < steps[0]!) order[n++] = row;
  }
  return order.subarray(0, n);
};

/**
 * Minutes at evenly spaced shares. A delay of whole minutes is spread over half a minute to both sides, so that the
 * share of flights up to a quantile is its level on average; next to a step it is spread up to the step.
 */
const pointsOf = (delays: Float64Array, [from, to]: readonly [number, number]): number[] => {
  if (delays.length === 0) {
    const only = Number.isFinite(to) ? to : from;
    return Array.from({ length: SHAPE_POINTS }, (_, i) =>
      Number.isFinite(from) && Number.isFinite(to)
        ? from + ((to - from) * i) / (SHAPE_POINTS - 1)
        : only,
    );
  }
  const sorted = delays.sort();
  const n = sorted.length;
  const points: number[] = [];
  for (let i = 0; i < SHAPE_POINTS; i++) {
    const place = (i * n) / (SHAPE_POINTS - 1);
    const value = sorted[Math.min(n - 1, Math.floor(place))]!;
    const begin = firstNotBelow(sorted, value);
    const end = firstNotBelow(sorted, value, true);
    const low = value - HALF_MINUTE < from || value === from ? from : value - HALF_MINUTE;
    const high = value + 1 >= to ? to : value + HALF_MINUTE;
    const minute = low + ((place - begin) / (end - begin)) * (high - low);
    points.push(Math.max(points.at(-1) ?? Number.NEGATIVE_INFINITY, minute));
  }
  // The shape reaches the next step, so that the distribution has no gap there.
  if (Number.isFinite(to)) points[SHAPE_POINTS - 1] = to;
  return points;
};

const HALF_MINUTE = 0.5;

/** Place of the first number that is not below a value, or (`orEqual`) not up to it. */
const firstNotBelow = (sorted: Float64Array, value: number, orEqual = false): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value || (orEqual && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
};
