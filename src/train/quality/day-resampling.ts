/**
 * Intervals from resampled days. The flights of one day are late together, so days, not flights, are drawn with
 * replacement; an interval holds the middle 95 % of what the draws gave. All figures of one evaluation share their
 * draws, so a difference of two models is compared on the same days.
 * @source Efron and Tibshirani, An Introduction to the Bootstrap (1993), the percentile interval over blocks
 */
import { buildRandom } from '../../core/random.ts';
import { sharedOrderOf } from './metrics.ts';

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
  const areasOf = [first, second].map((probabilities) => {
    const flights = rankFlights(probabilities, labels, resampling.places);
    if (resampling.nDays > MAX_PAIRED_DAYS)
      return (times: Uint16Array): number => weightedArea(flights, times);
    const wins = winsByDay(flights, resampling.nDays);
    return (times: Uint16Array): number => areaOfDays(wins, times);
  });
  const gains: number[] = [];
  for (const times of resampling.draws.slice(0, N_AREA_DRAWS)) {
    const [own, other] = areasOf.map((areaOf) => areaOf(times));
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

export const rankFlights = (
  probabilities: Float64Array,
  labels: Uint8Array,
  places: Int32Array,
): RankedFlights => {
  const order = sharedOrderOf(probabilities);
  const ranks = new Int32Array(order.length);
  for (let at = 1; at < order.length; at++)
    ranks[at] =
      ranks[at - 1]! + (probabilities[order[at]!] === probabilities[order[at - 1]!] ? 0 : 1);
  return {
    ranks,
    labels: labels.map((_, at) => labels[order[at]!]!),
    places: places.map((_, at) => places[order[at]!]!),
  };
};

/** Days with more pairs than this are counted flight by flight in each draw. */
const MAX_PAIRED_DAYS = 1000;

/** How often a late flight of one day is ranked above one on time of another, ties counting half. */
interface DayWins {
  /** float64, shape (days of the late, days of those on time). */
  readonly wins: Float64Array;
  /** float64, shape (nDays) each. */
  readonly late: Float64Array;
  readonly onTime: Float64Array;
}

/** @cost O(flights), and O(nDays) for each late one */
export const winsByDay = ({ ranks, labels, places }: RankedFlights, nDays: number): DayWins => {
  const wins = new Float64Array(nDays * nDays);
  const [late, onTime] = [new Float64Array(nDays), new Float64Array(nDays)];
  const [tiedLate, tiedOnTime] = [new Float64Array(nDays), new Float64Array(nDays)];
  for (let at = 0; at < ranks.length; ) {
    const rank = ranks[at]!;
    // Neither a pair nor, below, a part of the sums: one would be made per flight.
    let nLate = 0;
    let nOnTime = 0;
    const begin = at;
    for (; at < ranks.length && ranks[at] === rank; at++) {
      const place = places[at]!;
      if (labels[at] === 1) {
        tiedLate[place]! += 1;
        nLate++;
      } else {
        tiedOnTime[place]! += 1;
        nOnTime++;
      }
    }
    for (let i = begin; i < at && nLate > 0; i++) {
      const place = places[i]!;
      const n = tiedLate[place]!;
      if (n === 0) continue;
      const own = place * nDays;
      if (nOnTime === 0) for (let day = 0; day < nDays; day++) wins[own + day]! += n * onTime[day]!;
      else
        for (let day = 0; day < nDays; day++)
          wins[own + day]! += n * (onTime[day]! + tiedOnTime[day]! / 2);
      late[place]! += n;
      tiedLate[place] = 0;
    }
    for (let i = begin; i < at && nOnTime > 0; i++) {
      const place = places[i]!;
      onTime[place]! += tiedOnTime[place]!;
      tiedOnTime[place] = 0;
    }
  }
  return { wins, late, onTime };
};

/** The AUC of days that were drawn so often: whole and half numbers are added, so that their order is of no account. */
export const areaOfDays = ({ wins, late, onTime }: DayWins, times: Uint16Array): number => {
  const nDays = times.length;
  let [nLate, nOnTime, nWins] = [0, 0, 0];
  for (let day = 0; day < nDays; day++) {
    const weight = times[day]!;
    if (weight === 0) continue;
    nLate += weight * late[day]!;
    nOnTime += weight * onTime[day]!;
    let won = 0;
    for (let other = 0; other < nDays; other++) won += times[other]! * wins[day * nDays + other]!;
    nWins += weight * won;
  }
  return nLate > 0 && nOnTime > 0 ? nWins / (nLate * nOnTime) : Number.NaN;
};

/** The same, flight by flight. */
export const weightedArea = (
  { ranks, labels, places }: RankedFlights,
  times: Uint16Array,
): number => {
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
  const sorted = Float64Array.from(figures).sort();
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const low = Math.floor(place);
    const high = Math.ceil(place);
    return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!);
  };
  return { low: at(SHARE_OUTSIDE / 2), high: at(1 - SHARE_OUTSIDE / 2) };
};
