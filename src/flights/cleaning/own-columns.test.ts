/** Which columns of the user's own may be learned from. */
import { expect, test } from 'bun:test';
import type { FlightQuery } from './flight-query.ts';
import { requireOwnColumns } from './own-columns.ts';

/** A file with these columns, as far as the check looks at it. */
const queryOf = (columns: readonly string[]): FlightQuery =>
  ({
    source: { file: 'flights.csv', columns },
    projection: {
      dialect: { name: 'any', outcome: ['ArrDelay'], schedule: ['FlightDate'], optional: [] },
      fields: [],
    },
  }) as unknown as FlightQuery;

const refusalOf = (name: string, ...others: string[]): string | undefined => {
  try {
    requireOwnColumns(queryOf([name, ...others]), [{ name }]);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

test.each([
  ...['air_time', 'AirTime', 'AIR_TIME', 'dep_delay', 'DepDelayMinutes', 'DEP_DEL15', 'TaxiOut'],
  ...[
    'TAXI_IN',
    'wheels_off',
    'ActualElapsedTime',
    'ELAPSED_TIME',
    'CarrierDelay',
    'WEATHER_DELAY',
  ],
  ...['LATE_AIRCRAFT_DELAY', 'AIR_SYSTEM_DELAY', 'Cancelled', 'CANCELLATION_CODE', 'Diverted'],
  ...['DivReachedDest', 'Div1Airport', 'DIV2_TAIL_NUM', 'dep_time', 'Real Departure Time', 'DELAY'],
])('%s is known only after departure, in the files of whoever it may be', (name) => {
  expect(refusalOf(name)).toContain('filled only once the flight has departed');
});

test.each([
  ...['seats', 'aircraftType', 'bookedLoad', 'inbound_delay', 'crs_elapsed_time', 'divisions'],
  ...['scheduled_time', 'airline_name', 'real_seats', 'timeZone'],
])('%s may be learned from', (name) => {
  expect(refusalOf(name)).toBeUndefined();
});

test('a time of departure beside a scheduled one is what happened', () => {
  expect(refusalOf('DEPARTURE_TIME')).toBeUndefined();
  expect(refusalOf('DEPARTURE_TIME', 'SCHEDULED_DEPARTURE')).toContain('has departed');
});
