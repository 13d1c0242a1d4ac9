/**
 * Intervals from resampled days. The flights of one day are late together, so days, not flights, are drawn with
 * replacement; an interval holds the middle 95 % of what the draws gave. All figures of one evaluation share their
 * draws, so a difference of two models is compared on the same days.
 * @source Efron and Tibshirani, An Introduction to the Bootstrap (1993), the percentile interval over blocks
 */
import { buildRandom } from '../../core/random.ts';
import { orderOf } from './metrics.ts';

/** The middle 95 % of the draws. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface DayResampling {
  readonly nDays: number;
  /** int32, shape (n): which of the days each flight is on. */
  readonly places: Int32Array;
  /** uint16, shape (nDays) each: how often each day was drawn. */
  readonly draws: readonly Uint16Array[];
}

/** With fewer days nothing is said of chance. */
const MIN_DAYS = 10;
const N_DRAWS = 1000;
/** A draw of an AUC costs a pass over all flights. */
const N_AREA_DRAWS = 200;
const SEED = 20_130_101;
const SHARE_OUTSIDE = 0.05;

/** @param days of each flight, any whole numbers */
export const resampleDays = (days: ArrayLike<number>): DayResampling => {
  const known = new Map<number, number>();
  const places = new Int32Array(days.length);
  for (let i = 0; i < days.length; i++) {
    let place = known.get(days[i]!);
    if (place === undefined) {
      place = known.size;
      known.set(days[i]!, place);
    }
    places[i] = place;
  }
  const nDays = known.size;
  const random = buildRandom(SEED);
  const draws = Array.from({ length: nDays < MIN_DAYS ? 0 : N_DRAWS }, () => {
    const times = new Uint16Array(nDays);
    for (let i = 0; i < nDays; i++) times[Math.floor(random() * nDays)]! += 1;
    return times;
  });
  return { nDays, places, draws };
};

/** float64, shape (nDays): sums of a figure of each flight. */
const sumsByDay = ({ nDays, places }: DayResampling, of: (i: number) => number): Float64Array => {
  const sums = new Float64Array(nDays);
  for (let i = 0; i < places.length; i++) sums[places[i]!]! += of(i);
  return sums;
};

/**
 * The interval of the sum of one figure over that of another: null where there are too few days.
 * A draw whose denominator is 0 is left out.
 */
export const ratioInterval = (
  resampling: DayResampling,
  above: (i: number) => number,
  below: (i: number) => number,
): Interval | null => {
  const over = sumsByDay(resampling, above);
  const under = sumsByDay(resampling, below);
  const ratios: number[] = [];
  for (const times of resampling.draws) {
    let sum = 0;
    let weight = 0;
    for (let day = 0; day < times.length; day++) {
      sum += times[day]! * over[day]!;
      weight += times[day]! * under[day]!;
    }
    if (weight !== 0) ratios.push(sum / weight);
  }
  return middleOf(ratios);
};

/** The interval of the AUC of some probabilities less that of others. */
export const areaGainInterval = (
  resampling: DayResampling,
  labels: Uint8Array,
  [first, second]: readonly [Float64Array, Float64Array],
): Interval | null => {
  const ranked = [first, second].map((probabilities) =>
    rankFlights(probabilities, labels, resampling.places),
  );
  const gains: number[] = [];
  for (const times of resampling.draws.slice(0, N_AREA_DRAWS)) {
    const [own, other] = ranked.map((flights) => weightedArea(flights, times));
    if (!Number.isNaN(own! - other!)) gains.push(own! - other!);
  }
  return middleOf(gains);
};

/** Flights by rising probability; those with the same one have the same rank. */
interface RankedFlights {
  readonly ranks: Int32Array;
  readonly labels: Uint8Array;
  readonly places: Int32Array;
}

const rankFlights = (
  probabilities: Float64Array,
  labels: Uint8Array,
  places: Int32Array,
): RankedFlights => {
  const order = orderOf(probabilities);
  const ranks = new Int32Array(order.length);
  for (let at = 1; at < order.length; at++)
    ranks[at] =
      ranks[at - 1]! + (probabilities[order[at]!] === probabilities[order[at - 1]!] ? 0 : 1);
  return {
    ranks,
    labels: Uint8Array.from(order, (i) => labels[i]!),
    places: Int32Array.from(order, (i) => places[i]!),
  };
};

const weightedArea = ({ ranks, labels, places }: RankedFlights, times: Uint16Array): number => {
  let late = 0;
  let onTime = 0;
  let wins = 0;
  for (let at = 0; at < ranks.length; ) {
    const rank = ranks[at]!;
    let tiedLate = 0;
    let tiedOnTime = 0;
    for (; at < ranks.length && ranks[at] === rank; at++) {
      const weight = times[places[at]!]!;
      if (labels[at] === 1) tiedLate += weight;
      else tiedOnTime += weight;
    }
    wins += tiedLate * (onTime + tiedOnTime / 2);
    late += tiedLate;
    onTime += tiedOnTime;
  }
  return late > 0 && onTime > 0 ? wins / (late * onTime) : Number.NaN;
};

const middleOf = (figures: readonly number[]): Interval | null => {
  if (figures.length < N_AREA_DRAWS / 2) return null;
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const low = Math.floor(place);
    const high = Math.ceil(place);
    return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!);
  };
  return { low: at(SHARE_OUTSIDE / 2), high: at(1 - SHARE_OUTSIDE / 2) };
};
