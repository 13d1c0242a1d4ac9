/**
 * The days that a stored model knows: those of all flights that its trees, its rounds or its curve were found on.
 */
import { MINUTES_PER_DAY } from './calendar.ts';
import { decodeTime, encodeTime } from './flight.ts';
import type { Model } from './model.ts';

/** Whether a moment (local minutes) falls on some days. */
type IsOn = (minutes: number) => boolean;

interface KnownDays {
  /** Dates such as `2013-01-01`. */
  readonly first: string;
  readonly last: string;
  /** In words: `2013-01-01..2013-02-28, 2013-05-01..2013-06-10`. */
  readonly text: string;
  readonly isKnown: IsOn;
  readonly isBefore: IsOn;
  readonly isAfter: IsOn;
  /** After the first of them and before the last, and none of them. */
  readonly isBetween: IsOn;
}

const RANGE = /^\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d$/;

/** Undefined where they are not recorded. Older files record nothing but the first and the last. */
export const knownDaysOf = ({ provenance: { trainedOn } }: Model): KnownDays | undefined => {
  if (trainedOn === undefined) return undefined;
  const { known, split } = trainedOn;
  const ranges = known
    ? rangesOf(known)
    : [spanOf([split.train, split.validation, split.calibration])];
  const spans = ranges.filter((range) => RANGE.test(range));
  if (spans.length === 0) return undefined;
  const first = spans[0]!.slice(0, 10);
  const last = spans.at(-1)!.slice(-10);
  const start = dayOfDate(first) * MINUTES_PER_DAY;
  const end = (dayOfDate(last) + 1) * MINUTES_PER_DAY;
  const days = markDays(spans);
  const isKnown: IsOn = (minutes) => days[Math.floor((minutes - start) / MINUTES_PER_DAY)] === 1;
  return {
    first,
    last,
    text: describeDays({ days: `${first}..${last}`, ranges: spans }),
    isKnown,
    isBefore: (minutes) => minutes < start,
    isAfter: (minutes) => minutes >= end,
    isBetween: (minutes) => minutes >= start && minutes < end && !isKnown(minutes),
  };
};

/** Days as a model file records them. */
interface RecordedDays {
  readonly days: string;
  readonly ranges?: readonly string[];
}

const rangesOf = ({ days, ranges }: RecordedDays): readonly string[] =>
  ranges === undefined || ranges.length === 0 ? [days] : ranges;

/** From the first day of several ranges to the last. */
const spanOf = (ranges: readonly string[]): string => {
  const days = ranges.flatMap((range) => range.split('..')).filter((day) => day !== '');
  const sorted = days.toSorted();
  return `${sorted[0]}..${sorted.at(-1)}`;
};

/** From the first day of rising ranges on, 1 for each day that is in one of them. */
const markDays = (ranges: readonly string[]): Uint8Array => {
  const first = dayOfDate(ranges[0]!.slice(0, 10));
  const marks = new Uint8Array(dayOfDate(ranges.at(-1)!.slice(-10)) - first + 1);
  for (const range of ranges)
    marks.fill(1, dayOfDate(range.slice(0, 10)) - first, dayOfDate(range.slice(-10)) - first + 1);
  return marks;
};

const dayOfDate = (date: string): number => decodeTime(`${date}T00:00`) / MINUTES_PER_DAY;

/** Whole days since 1970-01-01, in text. */
const dateOf = (day: number): string => encodeTime(day * MINUTES_PER_DAY).slice(0, 10);

/** As ranges without a gap; a single day is a range too. */
export const rangesOfDays = (days: Iterable<number>): readonly string[] => {
  const ranges: { first: number; last: number }[] = [];
  for (const day of [...days].sort((a, b) => a - b)) {
    const before = ranges.at(-1);
    if (before !== undefined && day <= before.last + 1) before.last = day;
    else ranges.push({ first: day, last: day });
  }
  return ranges.map(({ first, last }) => `${dateOf(first)}..${dateOf(last)}`);
};

/** More ranges than these are counted and not listed. */
const LISTED = 4;

/** `2013-01-01..2013-02-28, 2013-05-01..2013-06-10`; of many ranges `2013-01-01..2013-12-30 (261 of 364 days)`. */
export const describeDays = (recorded: RecordedDays): string => {
  const ranges = rangesOf(recorded);
  if (ranges.length <= LISTED) return ranges.join(', ');
  const marks = markDays(ranges);
  const nDays = marks.reduce((sum, mark) => sum + mark, 0);
  const whole = (n: number): string => n.toLocaleString('en');
  return `${recorded.days} (${whole(nDays)} of ${whole(marks.length)} days)`;
};

/** Whether ranges are dates that rise and do not overlap. */
export const areRanges = (ranges: readonly unknown[]): boolean => {
  let last = Number.NEGATIVE_INFINITY;
  return ranges.every((range) => {
    if (typeof range !== 'string' || !RANGE.test(range)) return false;
    const from = dayOfDate(range.slice(0, 10));
    const before = last;
    last = dayOfDate(range.slice(-10));
    return from > before && last >= from;
  });
};
