/**
 * Which flights are learned from and which only measure: whole days, newest last.
 *
 *   train | early stopping | calibration | test
 */
import { AppError } from '../../core/errors.ts';
import { dayOf, MINUTES_PER_DAY } from '../../core/calendar.ts';
import { encodeTime } from '../../core/flight.ts';
import { rangesOfDays } from '../../core/known-days.ts';
import { sharedInts } from '../shared-array.ts';
import { shuffled } from './shuffle.ts';

export const PARTS = ['train', 'validation', 'calibration', 'test'] as const;
export type Part = (typeof PARTS)[number];

/** Shares of the days (or, at random, of the rows) that each part gets. */
export type PartShares = Readonly<Record<Part, number>>;

export interface DataSplit {
  readonly kind: 'time' | 'random';
  /** int32 per part, shared: rows, by rising day (ties: in the order of the files). */
  readonly rows: Readonly<Record<Part, Int32Array>>;
  /** First and last day of each part, `2013-01-01..2013-08-31`. */
  readonly dates: Readonly<Record<Part, string>>;
}

const MIN_DAYS = 4;

/**
 * @param departures float64: local minutes
 * @param testFrom day (since 1970-01-01) on which the test begins; by default its share of the days decides
 * @throws AppError data-too-small (fewer than four days, none from `testFrom` on, or too few before it)
 */
export const splitByTime = (
  departures: Float64Array,
  shares: PartShares,
  testFrom?: number,
): DataSplit => {
  const order = rowsByDay(departures);
  const starts: number[] = [];
  for (let i = 0; i < order.length; i++) {
    if (i === 0 || dayOf(departures[order[i]!]!) !== dayOf(departures[order[i - 1]!]!))
      starts.push(i);
  }
  const nDays = starts.length;
  if (nDays < MIN_DAYS) {
    throw new AppError(
      'data-too-small',
      `the flights fall on ${nDays} ${nDays === 1 ? 'day' : 'days'}; a split by whole days into train, early stopping, calibration and test needs at least ${MIN_DAYS} ('--split random' needs none)`,
    );
  }
  const lengths = { test: 0, calibration: 0, validation: 0 };
  for (const part of ['test', 'calibration', 'validation'] as const)
    lengths[part] = Math.max(1, Math.round(nDays * shares[part]));
  if (testFrom !== undefined) {
    lengths.test = starts.filter((at) => dayOf(departures[order[at]!]!) >= testFrom).length;
    if (lengths.test === 0)
      throw new AppError(
        'data-too-small',
        `no flight is on or after ${dateOf(testFrom)}, where the test shall begin; the last is on ${encodeTime(departures[order.at(-1)!]!).slice(0, 10)}`,
      );
    const nBefore = nDays - lengths.test;
    const all = shares.train + shares.validation + shares.calibration;
    for (const part of ['calibration', 'validation'] as const)
      lengths[part] = Math.max(1, Math.round((nBefore * shares[part]) / all));
  }
  const firstDay = {
    train: 0,
    validation: nDays - lengths.test - lengths.calibration - lengths.validation,
    calibration: nDays - lengths.test - lengths.calibration,
    test: nDays - lengths.test,
  };
  if (firstDay.validation < 1) {
    const nBefore = nDays - lengths.test;
    const from = testFrom === undefined ? '' : ` (from ${dateOf(testFrom)} on)`;
    throw new AppError(
      'data-too-small',
      `${nBefore === 1 ? '1 day' : `${nBefore} days`} of flights before the test${from} ${nBefore === 1 ? 'is' : 'are'} too few: train, early stopping and calibration need a day each at least`,
    );
  }
  const bounds = PARTS.map((part) => starts[firstDay[part]]!);
  return partsOf('time', departures, order, bounds);
};

/** Of a day since 1970-01-01. */
const dateOf = (day: number): string => encodeTime(day * MINUTES_PER_DAY).slice(0, 10);

/** Rows at random, for comparison only: days are on both sides. */
export const splitAtRandom = (
  departures: Float64Array,
  seed: number,
  shares: PartShares,
): DataSplit => {
  const order = shuffled(departures.length, seed);
  let begin = 0;
  const bounds = PARTS.map((part) => {
    const at = Math.round(begin);
    begin += shares[part] * departures.length;
    return at;
  });
  return partsOf('random', departures, order, bounds);
};

/** Every flight to learn from, none to measure by. */
export const learnFromAll = (departures: Float64Array): DataSplit =>
  partsOf('time', departures, rowsByDay(departures), [
    0,
    ...PARTS.slice(1).map(() => departures.length),
  ]);

const partsOf = (
  kind: DataSplit['kind'],
  departures: Float64Array,
  order: Int32Array,
  bounds: readonly number[],
): DataSplit => {
  const rows = {} as Record<Part, Int32Array>;
  const dates = {} as Record<Part, string>;
  PARTS.forEach((part, p) => {
    const own = order.subarray(bounds[p]!, bounds[p + 1] ?? order.length);
    rows[part] = sharedInts(own.length);
    rows[part].set(own);
    dates[part] = datesOf(departures, rows[part]);
  });
  return { kind, rows, dates };
};

/** First and last day of some rows. */
export const datesOf = (departures: Float64Array, rows: Int32Array): string => {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows.length; i++) {
    const minutes = departures[rows[i]!]!;
    first = Math.min(first, minutes);
    last = Math.max(last, minutes);
  }
  return rows.length === 0
    ? ''
    : `${encodeTime(first).slice(0, 10)}..${encodeTime(last).slice(0, 10)}`;
};

/** The days of some rows as a model records them: the first and the last, and all as ranges without a gap. */
export const recordDays = (
  departures: Float64Array,
  rows: Int32Array,
): { readonly days: string; readonly ranges: readonly string[] } => {
  const days = new Set<number>();
  for (let i = 0; i < rows.length; i++) days.add(dayOf(departures[rows[i]!]!));
  return { days: datesOf(departures, rows), ranges: rangesOfDays(days) };
};

/** int32: rows by rising day, stable. @cost O(rows + days) */
const rowsByDay = (departures: Float64Array): Int32Array => {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  // By place here and below: what an iterator makes for each of millions of rows is memory until it is collected.
  for (let row = 0; row < departures.length; row++) {
    const day = dayOf(departures[row]!);
    if (day < first) first = day;
    if (day > last) last = day;
  }
  const nDays = departures.length === 0 ? 0 : last - first + 1;
  const starts = new Int32Array(nDays + 1);
  for (let row = 0; row < departures.length; row++) starts[dayOf(departures[row]!) - first + 1]!++;
  for (let day = 0; day < nDays; day++) starts[day + 1]! += starts[day]!;
  const order = new Int32Array(departures.length);
  for (let row = 0; row < departures.length; row++)
    order[starts[dayOf(departures[row]!) - first]!++] = row;
  return order;
};
