import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { buildEncoder, type Feature } from './features.ts';
import { decodeTime, encodeTime } from './flight.ts';
import type { Input } from './inputs.ts';

const INPUTS: readonly Input[] = [
  { name: 'origin', kind: 'category', required: true, description: '', values: ['EWR', 'JFK'] },
  { name: 'scheduledDeparture', kind: 'time', required: true, description: '' },
  { name: 'scheduledArrival', kind: 'time', required: false, description: '' },
  { name: 'distanceMiles', kind: 'number', required: false, description: '' },
];

const encode = (feature: Feature, raw: readonly number[]): number => {
  const out = new Float64Array(1);
  buildEncoder(INPUTS, [feature])(Float64Array.from(raw), 0, out, 0);
  return out[0]!;
};

test('a scaled number counts as another where it is missing', () => {
  const input = 'distanceMiles';
  const scale = { name: 'f', step: 'scale', input, shift: 10, scale: 4 } as const;
  const line = { name: 'f', step: 'line', input, factor: 0.5, offset: 3 } as const;
  const missing = [0, 0, 0, Number.NaN];
  expect(encode(scale, [0, 0, 0, 30])).toBe(5);
  expect(encode(scale, missing)).toBeNaN();
  expect(encode({ ...scale, missing: 18 }, missing)).toBe(2);
  expect(encode(line, [0, 0, 0, 30])).toBe(18);
  expect(encode({ ...line, missing: 4 }, missing)).toBe(5);
});

const MONDAY = decodeTime('2013-07-01T18:30');

describe('a feature of the calendar', () => {
  test('agrees with the calendar on every day of five centuries', () => {
    fc.assert(
      fc.property(fc.integer({ min: -365 * 200 * 1440, max: 365 * 300 * 1440 }), (minutes) => {
        const date = new Date(minutes * 60_000);
        const raw = [0, minutes, 0, 0];
        const input = 'scheduledDeparture';
        const january = Date.UTC(date.getUTCFullYear(), 0, 1);
        expect(encode({ name: 'f', step: 'month', input }, raw)).toBe(date.getUTCMonth() + 1);
        expect(encode({ name: 'f', step: 'dayOfYear', input }, raw)).toBe(
          Math.floor((date.getTime() - january) / 86_400_000) + 1,
        );
        expect(encode({ name: 'f', step: 'dayOfWeek', input }, raw)).toBe(
          (date.getUTCDay() + 6) % 7,
        );
        expect(encode({ name: 'f', step: 'hour', input }, raw)).toBe(date.getUTCHours());
        expect(encode({ name: 'f', step: 'minuteOfDay', input }, raw)).toBe(
          date.getUTCHours() * 60 + date.getUTCMinutes(),
        );
      }),
    );
  });

  test.each([
    'minuteOfDay',
    'hour',
    'dayOfWeek',
    'dayOfYear',
    'month',
  ] as const)('of a missing time is missing: %s', (step) => {
    expect(
      encode({ name: 'f', step, input: 'scheduledDeparture' }, [0, Number.NaN, 0, 0]),
    ).toBeNaN();
  });
});

describe('a feature', () => {
  test('of one value is 1 there, 0 elsewhere and 0 when missing', () => {
    const feature: Feature = { name: 'JFK', step: 'equals', input: 'origin', value: 'JFK' };
    expect(encode(feature, [1, 0, 0, 0])).toBe(1);
    expect(encode(feature, [0, 0, 0, 0])).toBe(0);
    expect(encode(feature, [Number.NaN, 0, 0, 0])).toBe(0);
  });

  test('of a value that the model does not know is always 0', () => {
    expect(
      encode({ name: 'X', step: 'equals', input: 'origin', value: 'XXX' }, [Number.NaN, 0, 0, 0]),
    ).toBe(0);
  });

  test('counts the minutes between two clocks', () => {
    const feature: Feature = {
      name: 'd',
      step: 'elapsedMinutes',
      from: 'scheduledDeparture',
      to: 'scheduledArrival',
    };
    expect(encode(feature, [0, MONDAY, MONDAY + 95, 0])).toBe(95);
  });

  test('looks a stored number up by its combined key, and falls back for one that it does not hold', () => {
    const feature: Feature = {
      name: 'rate',
      step: 'lookup',
      parts: [
        { of: 'code', input: 'origin', radix: 2 },
        { of: 'hour', input: 'scheduledDeparture', radix: 24 },
      ],
      keys: Float64Array.of(18, 24 + 18),
      numbers: Float64Array.of(0.2, 0.4),
      otherwise: 0.3,
    };
    expect(encode(feature, [0, MONDAY, 0, 0])).toBe(0.2);
    expect(encode(feature, [1, MONDAY, 0, 0])).toBe(0.4);
    expect(encode(feature, [1, MONDAY + 60, 0, 0])).toBe(0.3);
    expect(encode(feature, [Number.NaN, MONDAY, 0, 0])).toBe(0.3);
  });
});

describe('a count of the day’s plan', () => {
  const inputs: readonly Input[] = [
    ...INPUTS,
    { name: 'originHourDepartures', kind: 'number', required: false, description: '' },
    { name: 'originDayDepartures', kind: 'number', required: false, description: '' },
  ];
  const origin = { of: 'code', input: 'origin', radix: 2 } as const;
  const weekday = { of: 'dayOfWeek', input: 'scheduledDeparture', radix: 7 } as const;
  const feature: Feature = {
    name: 'departuresPerHour',
    step: 'planned',
    input: 'originHourDepartures',
    day: 'originDayDepartures',
    share: 0.5,
    usualOnDay: {
      parts: [origin, weekday],
      keys: Float64Array.of(0),
      numbers: Float64Array.of(40),
      otherwise: 0,
    },
    usual: {
      parts: [origin],
      keys: Float64Array.of(0),
      numbers: Float64Array.of(3.5),
      otherwise: 0,
    },
  };
  test.each([
    ['a whole plan', [0, MONDAY, 0, 0, 7, 20], 7],
    ['a plan without a flight in that hour', [0, MONDAY, 0, 0, 0, 20], 0],
    ['a part of a plan, which the usual replaces', [0, MONDAY, 0, 0, 7, 19], 3.5],
    ['no plan', [0, MONDAY, 0, 0, Number.NaN, Number.NaN], 3.5],
    ['half a plan', [0, MONDAY, 0, 0, Number.NaN, 40], 3.5],
    ['any plan on a weekday that has usually no flights', [0, MONDAY + 1440, 0, 0, 2, 2], 2],
    ['any plan of an airport without usual flights', [1, MONDAY, 0, 0, 2, 2], 2],
  ] as const)('is taken from %s', (_, raw, expected) => {
    const out = new Float64Array(1);
    buildEncoder(inputs, [feature])(Float64Array.from(raw), 0, out, 0);
    expect(out[0]).toBe(expected);
  });
});

test('many flights get the features that each gets alone, from a table of every key and from a sparse one', () => {
  const time = fc.integer({ min: -500_000, max: 50_000_000 });
  const flight = fc.tuple(
    fc.constantFrom(0, 1, Number.NaN),
    fc.oneof(time, fc.constant(Number.NaN)),
    fc.oneof(time, fc.constant(Number.NaN)),
    fc.constantFrom(0, -1, 187.5, Number.NaN),
  );
  const origin = { of: 'code', input: 'origin', radix: 2 } as const;
  const arrival = { of: 'day', input: 'scheduledArrival', radix: 40_000 } as const;
  const hour = { of: 'hour', input: 'scheduledDeparture', radix: 24 } as const;
  const keys = Float64Array.from({ length: 40 }, (_, k) => k);
  const numbers = keys.map((key) => key / 100);
  const features: readonly Feature[] = [
    { name: 'a', step: 'number', input: 'distanceMiles' },
    { name: 'b', step: 'dayOfYear', input: 'scheduledArrival' },
    { name: 'c', step: 'elapsedMinutes', from: 'scheduledDeparture', to: 'scheduledArrival' },
    { name: 'd', step: 'lookup', parts: [origin, hour], keys, numbers, otherwise: -1 },
    { name: 'e', step: 'lookup', parts: [arrival, hour], keys, numbers, otherwise: -1 },
  ];
  const [one, many] = [buildEncoder(INPUTS, features), buildEncoder(INPUTS, features)];
  fc.assert(
    fc.property(fc.array(flight, { minLength: 1, maxLength: 600 }), (flights) => {
      const n = flights.length;
      const raw = Float64Array.from([0, 0, 0, 0, ...flights.flat()]);
      const [expected, actual] = [new Float64Array(5 * n + 5), new Float64Array(5 * n + 5)];
      for (let row = 0; row < n; row++) one(raw, 4 + 4 * row, expected, 5 + 5 * row);
      many(raw, 4, actual, 5, n);
      expect([...actual]).toEqual([...expected]);
    }),
    { numRuns: 30 },
  );
});

describe('a local time', () => {
  test('comes back from its text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000_000 }), (minutes) =>
        expect(decodeTime(encodeTime(minutes))).toBe(minutes),
      ),
    );
  });

  test.each([
    '',
    '2013-07-05',
    '2013-02-29T10:00',
    '2013-13-01T10:00',
    '2013-07-05T24:00',
    '2013-07-05T18:30Z',
    '2013-07-05T18:30+02:00',
    'x',
  ])('refuses %p', (text) => expect(decodeTime(text)).toBeNaN());
});
