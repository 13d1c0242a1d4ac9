import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { NO_TIME } from './departure-plan.ts';
import { type NumberedFlights, startRepeated } from './repeated-departures.ts';

const code = fc.integer({ min: -1, max: 2 });
const flight = fc.record({
  ...{ airline: code, flightNumber: code, origin: code, destination: code },
  minutes: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constant(NO_TIME)),
});
type Flight = Readonly<Record<keyof NumberedFlights, number>>;

const columnsOf = (flights: readonly Flight[]): NumberedFlights => {
  const column = (name: keyof NumberedFlights) => Int32Array.from(flights, (one) => one[name]);
  return {
    ...{ airline: column('airline'), flightNumber: column('flightNumber') },
    ...{ origin: column('origin'), destination: column('destination') },
    minutes: column('minutes'),
  };
};

test('the first of equal flights keeps its moment, the others lose it, across calls; one without a number is no other', () => {
  fc.assert(
    fc.property(fc.array(flight, { maxLength: 60 }), fc.array(flight), (first, second) => {
      const repeated = startRepeated();
      const seen = new Set<string>();
      let n = 0;
      for (const flights of [first, second]) {
        const columns = columnsOf(flights);
        repeated.leaveOut(columns, flights.length);
        const expected = flights.map((one) => {
          const key = JSON.stringify(one);
          if (one.minutes === NO_TIME || one.airline < 0 || one.flightNumber < 0)
            return one.minutes;
          if (!seen.has(key)) {
            seen.add(key);
            return one.minutes;
          }
          n++;
          return NO_TIME;
        });
        expect([...columns.minutes]).toEqual(expected);
      }
      expect(repeated.count()).toBe(n);
    }),
  );
});

test('a hundred thousand different flights stay, and are known when they come again', () => {
  const flights = Array.from({ length: 100_000 }, (_, i) => ({
    ...{ airline: i % 7, flightNumber: i % 1013, origin: i % 11, destination: i % 13 },
    minutes: 22_000_000 + (i >> 3),
  }));
  const repeated = startRepeated();
  repeated.leaveOut(columnsOf(flights), flights.length);
  expect(repeated.count()).toBe(0);
  repeated.leaveOut(columnsOf(flights), flights.length);
  expect(repeated.count()).toBe(flights.length);
});
