import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { MS_PER_DAY } from '../../core/calendar.ts';
import { buildEncoder } from '../../core/features.ts';
import type { Input } from '../../core/inputs.ts';
import { holidayFeature } from './holidays.ts';

const INPUTS: readonly Input[] = [
  { name: 'scheduledDeparture', kind: 'time', required: true, description: '' },
];

const dayOfDate = (date: string): number => Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY;

const encode = buildEncoder(INPUTS, [
  holidayFeature(dayOfDate('2013-02-01'), dayOfDate('2014-11-30')),
]);

/** What the feature says of a flight on a day. */
const distanceOn = (day: number, minuteOfDay = 0): number => {
  const out = new Float64Array(1);
  encode(Float64Array.of(day * 1440 + minuteOfDay), 0, out, 0);
  return out[0]!;
};

describe('the days from a holiday', () => {
  test.each([
    ['New Year', '2013-01-01', 0],
    ['the day after New Year', '2014-01-02', 1],
    ['Memorial Day, the last Monday of May', '2013-05-27', 0],
    ['Memorial Day of a May that ends on a Monday', '2021-05-31', 0],
    ['the Friday before Memorial Day', '2014-05-23', -3],
    ['Independence Day', '2014-07-04', 0],
    ['Labor Day, the first Monday of September', '2013-09-02', 0],
    ['Labor Day of a September that begins on a Monday', '2014-09-01', 0],
    ['the day before Thanksgiving', '2013-11-27', -1],
    ['Thanksgiving, the fourth Thursday and not the last', '2023-11-23', 0],
    ['five days after Thanksgiving', '2013-12-03', 5],
    ['Christmas', '2014-12-25', 0],
    ['three days after Christmas, nearer to it than to New Year', '2013-12-28', 3],
    ['three days before New Year, nearer to it than to Christmas', '2013-12-29', -3],
    ['a holiday of the tenth year after the last flight', '2024-07-04', 0],
  ])('are right on %s', (_, date, days) => {
    expect(distanceOn(dayOfDate(date))).toBe(days);
  });

  test.each([
    ['six days after Independence Day', '2013-07-10'],
    ['six days before Thanksgiving', '2013-11-22'],
    ['a day without any near', '2013-03-15'],
    ['a holiday more than ten years after the last flight', '2025-07-04'],
  ])('are missing on %s', (_, date) => {
    expect(distanceOn(dayOfDate(date))).toBeNaN();
  });

  test('are those of the whole day, to its last minute', () => {
    expect(distanceOn(dayOfDate('2013-07-04'), 1439)).toBe(0);
    expect(distanceOn(dayOfDate('2013-07-04'), 1440)).toBe(1);
  });

  test('are missing for a flight without a departure', () => {
    expect(distanceOn(Number.NaN)).toBeNaN();
  });

  test('lead back to a holiday: a day at distance d is d days after a day at distance 0', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: dayOfDate('2013-01-06'), max: dayOfDate('2024-12-20') }),
        (day) => {
          const away = distanceOn(day);
          if (Number.isNaN(away)) return;
          expect(Math.abs(away)).toBeLessThanOrEqual(5);
          expect(distanceOn(day - away)).toBe(0);
        },
      ),
    );
  });
});
