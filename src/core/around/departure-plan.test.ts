import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { decodePlanned, encodePlanned, planOf, type PlannedFlights } from './departure-plan.ts';

const flight = fc.record({
  origin: fc.constantFrom('EWR', 'JFK', ''),
  destination: fc.constantFrom('BOS', 'ORD', 'LAX', ''),
  hour: fc.integer({ min: -30_000, max: 800_000 }),
  nFlights: fc.integer({ min: 1, max: 3 }),
});

const sum = (flights: readonly PlannedFlights[]): number =>
  flights.reduce((total, { nFlights }) => total + nFlights, 0);

test('a plan counts what a list of its flights counts, by hour and by day', () => {
  fc.assert(
    fc.property(fc.array(flight, { minLength: 1, maxLength: 60 }), (flights) => {
      const plan = planOf(flights);
      for (const { origin, destination, hour } of flights) {
        const day = Math.floor(hour / 24);
        if (origin !== '') {
          const airport = plan.origins.airports.get(origin)!;
          const same = flights.filter((one) => one.origin === origin);
          expect(plan.origins.inHour(airport, hour)).toBe(
            sum(same.filter((one) => one.hour === hour)),
          );
          expect(plan.origins.onDay(airport, day)).toBe(
            sum(same.filter((one) => Math.floor(one.hour / 24) === day)),
          );
        }
        if (destination !== '') {
          const airport = plan.destinations.airports.get(destination)!;
          const same = flights.filter((one) => one.destination === destination);
          expect(plan.destinations.inHour(airport, hour)).toBe(
            sum(same.filter((one) => one.hour === hour)),
          );
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('an airport that the plan does not know has no departures', () => {
  const plan = planOf([{ origin: 'EWR', destination: 'BOS', hour: 5, nFlights: 2 }]);
  expect(plan.origins.airports.get('JFK')).toBeUndefined();
  expect(plan.origins.inHour(-1, 5)).toBe(0);
  expect(plan.origins.onDay(0, 1)).toBe(0);
});

test('a plan that is handed on as bytes is the same', () => {
  const flights = [{ origin: 'EWR', destination: 'Nowhere, "North"', hour: 380_000, nFlights: 2 }];
  expect(decodePlanned(encodePlanned(flights))).toEqual(flights);
  expect(() => decodePlanned(Buffer.from('['))).toThrow('the plan of departures is damaged');
});
