import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { buildCompletion } from '../../core/around/completion.ts';
import { startPlan } from '../../core/around/departure-plan.ts';
import { MS_PER_DAY } from '../../core/calendar.ts';
import { buildEncoder } from '../../core/features.ts';
import { encodeTime } from '../../core/flight.ts';
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

  describe('with the hours beside, where no plan is known', () => {
    const PLANNED: readonly Input[] = [
      ...INPUTS,
      ...(['originDayDepartures', 'originNearDepartures', 'destinationNearFlights'] as const).map(
        (name): Input => ({ name, kind: 'number', required: false, description: '' }),
      ),
    ];
    const rawOfPlanned = (flights: readonly Flight[]): Float64Array =>
      Float64Array.from(
        flights.flatMap((flight) => [...rawOf([flight]), Number.NaN, Number.NaN, Number.NaN]),
      );
    /** The mean number of departures near a flight's hour, and of flights to its destination. */
    const buildNearOf = (schedule: readonly Flight[]): ((flight: Flight) => readonly number[]) => {
      const features = featuresFrom(
        PLANNED,
        rawOfPlanned(schedule),
        Int32Array.from(schedule.keys()),
        Float64Array.from(schedule, ([, , departure]) => minutesOf(departure)),
      ).filter(({ name }) => name.endsWith('Near'));
      const encode = buildEncoder(PLANNED, features);
      return (flight) => {
        const out = new Float64Array(features.length);
        encode(rawOfPlanned([flight]), 0, out, 0);
        return [...out];
      };
    };

    /** Two Sundays, one Monday, one Tuesday. */
    const NIGHTS: readonly Flight[] = [
      ['JFK', 'BOS', '2013-01-06T23:10'],
      ['JFK', 'LAX', '2013-01-13T22:10'],
      ['JFK', 'BOS', '2013-01-13T23:20'],
      ['JFK', 'BOS', '2013-01-13T23:50'],
      ['JFK', 'BOS', '2013-01-07T00:10'],
      ['JFK', 'LAX', '2013-01-07T01:50'],
      ['JFK', 'LAX', '2013-01-07T23:59'],
      ['JFK', 'LAX', '2013-01-08T00:00'],
      ['LGA', 'LAX', '2013-01-08T03:00'],
    ];

    test.each<[string, Flight, readonly number[]]>([
      [
        'the last hour of Sunday, and the first of Monday by the number of Mondays',
        ['JFK', 'BOS', '2013-03-03T23:00'],
        [0.5 + 1.5 + 1, 1.5 + 1],
      ],
      [
        'the first hour of Monday, and the last of Sunday by the number of Sundays',
        ['JFK', 'BOS', '2013-03-04T00:30'],
        [1.5 + 1 + 1, 1.5 + 1],
      ],
      ['a first hour of a weekday', ['JFK', 'LAX', '2013-03-05T00:30'], [1 + 1, 1 + 1]],
      ['a last hour without flights of its day', ['JFK', 'LAX', '2013-03-04T22:30'], [1, 1]],
      ['an hour by day', ['LGA', 'LAX', '2013-03-05T02:00'], [1, 1]],
      ['another airport', ['LGA', 'BOS', '2013-03-04T00:30'], [0, 1.5 + 1]],
    ])('counts across midnight as a plan does: %s', (_, flight, expected) => {
      expect(buildNearOf(NIGHTS)(flight)).toEqual([...expected]);
    });

    test('gives what the plan of any day says where every week is the same', () => {
      const week = fc.array(
        fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 23 })),
        { minLength: 1, maxLength: 60 },
      );
      fc.assert(
        fc.property(week, (drawn) => {
          const times = [0, 1, 2].flatMap((weeks) =>
            drawn.map(([day, hour]) =>
              encodeTime(minutesOf('2013-01-07T00:00') + (weeks * 168 + day * 24 + hour) * 60),
            ),
          );
          const builder = startPlan();
          const codes = new Int32Array(times.length);
          builder.add(
            {
              ...{ origin: codes, destination: codes, airline: codes, tailNumber: codes },
              minutes: Int32Array.from(times, minutesOf),
            },
            times.length,
          );
          const name = { origin: ['JFK'], destination: ['BOS'] };
          const plan = builder.finish({ ...name, airline: ['AA'], tailNumber: ['N1'] });
          const complete = buildCompletion(PLANNED, { plan })!;
          const schedule = times.map((time): Flight => ['JFK', 'BOS', time]);
          const nearOf = buildNearOf(schedule);
          for (const flight of schedule.slice(drawn.length, 2 * drawn.length)) {
            const raw = rawOfPlanned([flight]);
            complete(raw, 0, 1);
            expect(nearOf(flight)).toEqual([raw[4]!, raw[5]!]);
          }
        }),
        { numRuns: 20 },
      );
    });
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
