import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  airlineAt,
  decodePlan,
  encodePlan,
  NO_TIME,
  type PlannedFlights,
  startPlan,
} from './departure-plan.ts';

const NAMES = {
  origin: ['EWR', 'JFK'],
  destination: ['BOS', 'Nowhere, "North"', 'LAX'],
  airline: ['AA', 'UA'],
  tailNumber: ['N1', 'N2', 'N3'],
};

const code = (names: readonly string[]) => fc.integer({ min: -1, max: names.length - 1 });
const flight = fc.record({
  origin: code(NAMES.origin),
  destination: code(NAMES.destination),
  airline: code(NAMES.airline),
  tailNumber: code(NAMES.tailNumber),
  // Few days, so that flights meet, before and after 1970.
  minutes: fc.oneof(
    fc.integer({ min: -3000, max: 3000 }),
    fc.integer({ min: 22_000_000, max: 22_003_000 }),
    fc.constant(NO_TIME),
  ),
});
type Flight = Readonly<Record<keyof PlannedFlights, number>>;

const columnsOf = (flights: readonly Flight[]): PlannedFlights => {
  const column = (name: keyof PlannedFlights): Int32Array =>
    Int32Array.from(flights, (one) => one[name]);
  return {
    origin: column('origin'),
    destination: column('destination'),
    airline: column('airline'),
    tailNumber: column('tailNumber'),
    minutes: column('minutes'),
  };
};

const hourOf = ({ minutes }: Flight): number => Math.floor(minutes / 60);
const dayOf = ({ minutes }: Flight): number => Math.floor(minutes / 1440);

test('a plan, also one handed on as bytes, counts what a list of its flights counts', () => {
  fc.assert(
    fc.property(fc.array(flight, { minLength: 1, maxLength: 60 }), (drawn) => {
      const columns = columnsOf(drawn);
      const builder = startPlan();
      builder.add(columns, drawn.length);
      const flights = drawn.filter(({ minutes }) => minutes !== NO_TIME);
      for (const plan of [builder.finish(NAMES), decodePlan(encodePlan(columns, NAMES))])
        for (const one of flights) {
          const at = flights.filter(({ origin }) => origin === one.origin);
          const to = flights.filter(({ destination }) => destination === one.destination);
          const own = at.filter(({ airline }) => airline === one.airline);
          const sameDay = (other: Flight): boolean => dayOf(other) === dayOf(one);
          const sameHour = (other: Flight): boolean => hourOf(other) === hourOf(one);
          if (one.origin >= 0) {
            const number = plan.origins.numbers.get(NAMES.origin[one.origin]!)!;
            expect(plan.origins.inHour(number, hourOf(one))).toBe(at.filter(sameHour).length);
            expect(plan.origins.onDay(number, dayOf(one))).toBe(at.filter(sameDay).length);
            expect(plan.origins.before(number, hourOf(one))).toBe(
              at.filter((other) => sameDay(other) && hourOf(other) < hourOf(one)).length,
            );
            if (one.airline >= 0) {
              const name = airlineAt(NAMES.origin[one.origin]!, NAMES.airline[one.airline]!);
              const airline = plan.airlines.numbers.get(name)!;
              expect(plan.airlines.inHour(airline, hourOf(one))).toBe(own.filter(sameHour).length);
              expect(plan.airlines.onDay(airline, dayOf(one))).toBe(own.filter(sameDay).length);
            }
          }
          if (one.destination >= 0) {
            const number = plan.destinations.numbers.get(NAMES.destination[one.destination]!)!;
            expect(plan.destinations.inHour(number, hourOf(one))).toBe(to.filter(sameHour).length);
          }
          if (one.tailNumber >= 0) {
            const number = plan.aircraft.numbers.get(NAMES.tailNumber[one.tailNumber]!)!;
            const before = flights
              .filter((other) => other.tailNumber === one.tailNumber && sameDay(other))
              .map(({ minutes }) => minutes)
              .filter((minutes) => minutes < one.minutes);
            expect(plan.aircraft.earlier(number, one.minutes)).toBe(before.length);
            expect(plan.aircraft.gap(number, one.minutes)).toBe(
              before.length === 0 ? Number.NaN : one.minutes - Math.max(...before),
            );
          }
        }
    }),
    { numRuns: 50 },
  );
});

test('what the plan does not know has no departures, and a damaged plan is refused', () => {
  const plan = startPlan().finish(NAMES);
  expect(plan.origins.numbers.get('LGA')).toBeUndefined();
  expect(plan.origins.inHour(-1, 5)).toBe(0);
  expect(plan.origins.onDay(0, 1)).toBe(0);
  expect(plan.aircraft.earlier(0, 5)).toBe(0);
  expect(plan.aircraft.gap(0, 5)).toBeNaN();
  expect(() => decodePlan(Buffer.from('['))).toThrow('the plan of departures is damaged');
});

test('an hour with more flights than a byte counts is counted to the last', () => {
  const n = 700;
  const builder = startPlan();
  const all = (value: number) => new Int32Array(n).fill(value);
  builder.add(
    {
      origin: all(0),
      destination: all(1),
      airline: all(0),
      tailNumber: all(-1),
      minutes: all(605),
    },
    n,
  );
  const { origins, destinations, airlines } = builder.finish(NAMES);
  const airline = airlines.numbers.get(airlineAt('EWR', 'AA'))!;
  expect([origins.inHour(0, 10), origins.onDay(0, 0), origins.before(0, 11)]).toEqual([n, n, n]);
  expect(destinations.inHour(1, 10)).toBe(n);
  expect([airlines.inHour(airline, 10), airlines.before(airline, 10)]).toEqual([n, 0]);
  const absent = airlines.numbers.get(airlineAt('JFK', 'UA'))!;
  expect([airlines.inHour(absent, 10), airlines.onDay(absent, 0)]).toEqual([0, 0]);
});

test('a plan of years takes memory by its flights, not by the airlines that might fly at each airport', () => {
  const n = 100_000;
  const builder = startPlan();
  const column = (of: (i: number) => number) => Int32Array.from({ length: n }, (_, i) => of(i));
  builder.add(
    {
      origin: column((i) => i % 200),
      destination: column((i) => (i * 7) % 200),
      airline: column((i) => i % 31),
      tailNumber: column((i) => i % 5000),
      minutes: column((i) => 23_000_000 + i * 21),
    },
    n,
  );
  // 400 airports at 6 KB for each of the seven parts that four years touch, and 8 bytes for the airline and the aircraft of a flight.
  expect(builder.bytes()).toBeLessThan(400 * 7 * 6200 + 2 * 8 * 1.5 * n);
});
