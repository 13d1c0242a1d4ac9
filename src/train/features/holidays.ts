/**
 * How far a day is from the nearest great travel day of the United States, where most flight records come from.
 * Stored day by day, so that serving needs no calendar.
 */
import { MS_PER_DAY } from '../../core/calendar.ts';
import type { Feature } from '../../core/features.ts';

const REACH_DAYS = 5;
const YEARS_AHEAD = 10;

/** Days since 1970-01-01. */
const dayNumber = (year: number, month: number, day: number): number =>
  Date.UTC(year, month - 1, day) / MS_PER_DAY;

/** Day of the month of the n-th weekday (Monday 1), n = -1 for the last. */
const nthWeekday = (year: number, month: number, weekday: number, n: number): number => {
  if (n < 0) {
    const last = new Date(Date.UTC(year, month, 0));
    return last.getUTCDate() - ((last.getUTCDay() - weekday + 7) % 7);
  }
  const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay();
  return 1 + ((weekday - first + 7) % 7) + 7 * (n - 1);
};

/** New Year, Memorial Day, Independence Day, Labor Day, Thanksgiving, Christmas. */
const holidaysOf = (year: number): readonly number[] => [
  dayNumber(year, 1, 1),
  dayNumber(year, 5, nthWeekday(year, 5, 1, -1)),
  dayNumber(year, 7, 4),
  dayNumber(year, 9, nthWeekday(year, 9, 1, 1)),
  dayNumber(year, 11, nthWeekday(year, 11, 4, 4)),
  dayNumber(year, 12, 25),
];

/** Signed days from the nearest holiday within reach (negative: before it), missing on other days. */
export const holidayFeature = (firstDay: number, lastDay: number): Feature => {
  const firstYear = new Date(firstDay * MS_PER_DAY).getUTCFullYear();
  const lastYear = new Date(lastDay * MS_PER_DAY).getUTCFullYear() + YEARS_AHEAD;
  const distances = new Map<number, number>();
  for (let year = firstYear; year <= lastYear; year++) {
    for (const holiday of holidaysOf(year)) {
      for (let away = -REACH_DAYS; away <= REACH_DAYS; away++) {
        const known = distances.get(holiday + away);
        if (known === undefined || Math.abs(away) < Math.abs(known))
          distances.set(holiday + away, away);
      }
    }
  }
  const keys = Float64Array.from(distances.keys()).sort();
  return {
    name: 'daysFromHoliday',
    step: 'lookup',
    parts: [{ of: 'day', input: 'scheduledDeparture', radix: 100_000 }],
    keys,
    numbers: keys.map((day) => distances.get(day)!),
    otherwise: Number.NaN,
  };
};
