import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeTime } from '../../core/flight.ts';
import type { Table } from '../../core/table.ts';
import { joinWeather, loadWeather } from './weather.ts';

const HEADER =
  'origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'puntual-weather-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const put = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

const observation = (origin: string, hour: number, temperature: number): string =>
  `${origin},2013,7,5,${hour},${temperature},60,50,200,10,NA,0,1012,10,2013-07-05T00:00:00Z`;

const tableOf = (flights: readonly (readonly [origin: number, departure: string])[]): Table => ({
  nRows: flights.length,
  columns: {
    origin: {
      kind: 'category',
      codes: Int32Array.from(flights, ([origin]) => origin),
      values: ['EWR', 'JFK', 'XXX'],
    },
    scheduledDeparture: {
      kind: 'time',
      minutes: Float64Array.from(flights, ([, departure]) => decodeTime(departure)),
    },
  },
  delayMinutes: new Float32Array(flights.length),
  source: { files: [], dialect: 'planted', target: 'arrival', nRowsRead: 0, rejected: {} },
});

const temperatures = (table: Table): readonly number[] => {
  const column = table.columns.temperatureF;
  return column?.kind === 'number' ? [...column.numbers] : [];
};

test('a flight sees the newest observation of its own airport that is at least the lead time old', async () => {
  const file = put(
    'hourly.csv',
    [HEADER, ...[8, 9, 10].map((h) => observation('EWR', h, h)), observation('JFK', 9, 99)].join(
      '\n',
    ),
  );
  const weather = await loadWeather(file);
  const flights = tableOf([
    [0, '2013-07-05T10:59'],
    [0, '2013-07-05T11:00'],
    [0, '2013-07-05T09:30'],
    [1, '2013-07-05T12:00'],
    [2, '2013-07-05T12:00'],
    [0, '2013-07-05T23:00'],
    [-1, '2013-07-05T12:00'],
  ]);
  const none = Number.NaN;
  expect(temperatures(joinWeather(flights, weather, 2))).toEqual([
    8,
    9,
    none,
    99,
    none,
    none,
    none,
  ]);
  expect(temperatures(joinWeather(flights, weather, 0))[0]).toBe(10);
  const gusts = joinWeather(flights, weather, 2).columns.windGustMph;
  expect(gusts?.kind === 'number' && gusts.numbers[0]).toBe(none);
});

test('a weather file that misses a column says which', async () => {
  const file = put('short.csv', 'origin,year,month,day,hour,temp\nEWR,2013,7,5,8,70\n');
  await expect(loadWeather(file)).rejects.toMatchObject({
    code: 'columns-unknown',
    message: expect.stringMatching(/missing are dewp, humid/),
  });
});
