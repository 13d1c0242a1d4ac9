/** Parts of a time as a column holds them, and the same behind a scaler or an encoder. */
import { expect, test } from 'bun:test';
import { buildEncoder, type Feature } from '../core/features.ts';
import { decodeTime } from '../core/flight.ts';
import type { Input } from '../core/inputs.ts';
import { buildTimeFeature, overTimePart } from './time-parts.ts';

const INPUT: Input = { name: 'at', kind: 'time', required: true, description: '' };

const partAt = (feature: Feature | undefined, time: string): number => {
  const out = new Float64Array(1);
  buildEncoder([INPUT], [feature!])(Float64Array.of(decodeTime(time)), 0, out, 0);
  return out[0]!;
};

test.each([
  // A Sunday, the last day of a leap year's February, a minute before midnight.
  ['hour', '2032-02-29T23:59', 23],
  ['minuteOfDay', '2032-02-29T23:59', 1439],
  ['dayOfWeek', '2032-02-29T23:59', 6],
  ['isoDayOfWeek', '2032-02-29T23:59', 7],
  ['sundayDayOfWeek', '2032-02-29T23:59', 0],
  ['isoDayOfWeek', '2013-07-01T00:00', 1],
  ['sundayDayOfWeek', '2013-07-01T00:00', 1],
  ['dayOfYear', '2032-12-31T12:00', 366],
  ['month', '2032-12-31T12:00', 12],
])('%s of %s is %i, alone and behind a scaler or an encoder', (part, time, value) => {
  const own = buildTimeFeature(INPUT, part);
  expect(partAt(own, time)).toBe(value);
  const over = (step: Feature, values?: readonly string[]): number =>
    partAt(overTimePart(own, step, { ...(values && { values }) }), time);
  const place = { name: '', input: '0' };
  expect(over({ ...place, step: 'scale', shift: 4, scale: 3 })).toBe((value - 4) / 3);
  expect(over({ ...place, step: 'line', factor: 0.3, offset: 2 })).toBe(value * 0.3 + 2);
  expect(over({ ...place, step: 'equals', value: `${value}.0` })).toBe(1);
  expect(over({ ...place, step: 'equals', value: `${value + 1}` })).toBe(0);
  expect(over({ ...place, step: 'code' }, ['x', `${value}`])).toBe(1);
  expect(over({ ...place, step: 'code' }, ['x'])).toBeNaN();
});

test('a missing time is a missing part, or what an imputer fills in', () => {
  const out = new Float64Array(2);
  const own = buildTimeFeature(INPUT, 'hour');
  const step: Feature = { name: '', step: 'scale', input: '0', shift: 2, scale: 4, missing: 12 };
  const filled = overTimePart(own, step, {})!;
  const iso = buildTimeFeature(INPUT, 'isoDayOfWeek');
  buildEncoder([INPUT], [filled, iso])(Float64Array.of(Number.NaN), 0, out, 0);
  expect([...out]).toEqual([2.5, Number.NaN]);
});
