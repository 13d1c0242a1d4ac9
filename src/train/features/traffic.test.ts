import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { MS_PER_DAY } from '../../core/calendar.ts';
import { buildEncoder } from '../../core/features.ts';
import type { Input } from '../../core/inputs.ts';
import { columnsOfRaw } from '../../../test/flight-columns.ts';
import { buildKeyReader } from '../key-codes.ts';
import { trafficFeatures } from './traffic.ts';

const ORIGINS = ['JFK', 'LGA'];
const DESTINATIONS = ['BOS', 'LAX'];
const INPUTS: readonly Input[] = [
  { name: 'origin', kind: 'category', required: true, description: '', values: ORIGINS },
  { name: 'destination', kind: 'category', required: true, description: '', values: DESTINATIONS },
  { name: 'scheduledDeparture', kind: 'time', required: true, description: '' },
];

type Flight = readonly [origin: string | null, destination: string, departure: string];

const minutesOf = (departure: string): number =>
  Date.parse(`${departure}:00Z`) / (MS_PER_DAY / 1440);

/** Codes as the table has them; a missing origin is NaN. */
const rawOf = (flights: readonly Flight[]): Float64Array =>
  Float64Array.from(
    flights.flatMap(([origin, destination, departure]) => [
      origin === null ? Number.NaN : ORIGINS.indexOf(origin),
      DESTINATIONS.indexOf(destination),
      minutesOf(departure),
    ]),
  );

const featuresFrom = (
  inputs: readonly Input[],
  raw: Float64Array,
  rows: Int32Array,
  departures: Float64Array,
) => {
  const flights = columnsOfRaw(inputs, raw);
  return trafficFeatures(flights, buildKeyReader(flights, rows), rows, departures);
};

const featuresOf = (flights: readonly Flight[], rows = [...flights.keys()]) =>
  featuresFrom(
    INPUTS,
    rawOf(flights),
    Int32Array.from(rows),
    Float64Array.from(flights, ([, , departure]) => minutesOf(departure)),
  );

/** Departures per hour at the origin and flights per hour to the destination of a flight. */
const trafficOf = (features: ReturnType<typeof featuresOf>, flight: Flight): readonly number[] => {
  const out = new Float64Array(features.length);
  buildEncoder(INPUTS, features)(rawOf([flight]), 0, out, 0);
  return [...out];
};

/** Two Mondays and a Tuesday. */
const SCHEDULE: readonly Flight[] = [
  ['JFK', 'BOS', '2013-01-07T08:10'],
  ['JFK', 'LAX', '2013-01-07T08:50'],
  ['JFK', 'BOS', '2013-01-14T08:30'],
  ['JFK', 'BOS', '2013-01-14T21:59'],
  ['LGA', 'BOS', '2013-01-08T08:00'],
];

describe('traffic', () => {
  const features = featuresOf(SCHEDULE);

  test('has a lookup for the origin and one for the destination', () => {
    expect(features.map(({ name }) => name)).toEqual([
      'departuresPerHour',
      'flightsToDestinationPerHour',
    ]);
  });

  test.each<[string, Flight, readonly number[]]>([
    [
      'three flights on two Mondays, two of them to Boston',
      ['JFK', 'BOS', '2013-03-04T08:00'],
      [1.5, 1],
    ],
    [
      'the same hour to its last minute, one of them to Los Angeles',
      ['JFK', 'LAX', '2013-03-04T08:59'],
      [1.5, 0.5],
    ],
    ['an hour that one of two Mondays used', ['JFK', 'BOS', '2013-03-04T21:00'], [0.5, 0.5]],
    ['a flight on the only Tuesday', ['LGA', 'BOS', '2013-03-05T08:30'], [1, 1]],
    ['a day that the airport did not use', ['LGA', 'BOS', '2013-03-04T08:30'], [0, 1]],
    ['an hour without flights', ['JFK', 'BOS', '2013-03-04T09:00'], [0, 0]],
    ['a day of the week without flights', ['JFK', 'BOS', '2013-03-06T08:00'], [0, 0]],
    ['a missing origin', [null, 'BOS', '2013-03-04T08:00'], [0, 1]],
  ])('counts per day: %s', (_, flight, expected) => {
    expect(trafficOf(features, flight)).toEqual([...expected]);
  });

  test('counts the rows it is given, and their days, only', () => {
    // Without the second Monday: two flights on one.
    expect(trafficOf(featuresOf(SCHEDULE, [0, 1, 4]), SCHEDULE[0]!)).toEqual([2, 1]);
  });

  test('has no lookup where an input has no known values', () => {
    const inputs = INPUTS.map((input) =>
      input.name === 'origin' ? { ...input, values: [] } : input,
    );
    const departures = Float64Array.from(SCHEDULE, ([, , departure]) => minutesOf(departure));
    const rows = Int32Array.from(SCHEDULE.keys());
    expect(featuresFrom(inputs, rawOf(SCHEDULE), rows, departures).map(({ name }) => name)).toEqual(
      ['flightsToDestinationPerHour'],
    );
  });

  test('loses no flight: a day of each kind, times how many there were, gives them all', () => {
    const flight = fc.tuple(
      fc.constantFrom(...ORIGINS),
      fc.constantFrom(...DESTINATIONS),
      fc.integer({ min: 0, max: 13 }),
      fc.integer({ min: 0, max: 23 }),
    );
    fc.assert(
      fc.property(fc.array(flight, { minLength: 1, maxLength: 40 }), (drawn) => {
        const flights = drawn.map(([origin, destination, day, hour]): Flight => {
          const date = `2013-01-${String(7 + day).padStart(2, '0')}`;
          return [origin, destination, `${date}T${String(hour).padStart(2, '0')}:30`];
        });
        const daysOfWeek = Array.from({ length: 7 }, () => new Set<number>());
        for (const [, , day] of drawn) daysOfWeek[day % 7]!.add(day);
        const [origins] = featuresOf(flights);
        let sum = 0;
        for (const origin of ORIGINS)
          for (let day = 0; day < 7; day++)
            for (let hour = 0; hour < 24; hour++) {
              const departure = `2013-01-${String(7 + day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00`;
              const [perDay] = trafficOf([origins!], [origin, 'BOS', departure]);
              sum += perDay! * daysOfWeek[day]!.size;
            }
        expect(sum).toBeCloseTo(flights.length, 9);
      }),
      { numRuns: 30 },
    );
  });
});
