import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeTime, encodeTime, type FieldName } from '../../core/flight.ts';
import type { Table } from '../../core/table.ts';
import { buildWeatherOf } from '../../core/around/weather.ts';
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

/** What each flight sees of a quantity. */
const seen = (table: Table, field: FieldName): readonly number[] => {
  const { origin, scheduledDeparture } = table.columns;
  const weatherOf = buildWeatherOf(table.surroundings!.weather!, [field]);
  if (origin?.kind !== 'category' || scheduledDeparture?.kind !== 'time') return [];
  return Array.from(origin.codes, (code, row) => {
    const [value] = weatherOf(origin.values[code], undefined, scheduledDeparture.minutes[row]!);
    return value!;
  });
};

const temperatures = (table: Table): readonly number[] => seen(table, 'temperatureF');

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
  expect(seen(joinWeather(flights, weather, 2), 'windGustMph')[0]).toBe(none);
});

test('a weather file that misses a column says which', async () => {
  const file = put('short.csv', 'origin,year,month,day,hour,temp\nEWR,2013,7,5,8,70\n');
  await expect(loadWeather(file)).rejects.toMatchObject({
    code: 'columns-unknown',
    message: expect.stringMatching(/missing are dewp, humid/),
  });
});

/** What flights see of some quantities, by name. */
const sights = (
  weather: Awaited<ReturnType<typeof loadWeather>>,
  [origin, departure]: readonly [string, string],
  fields: readonly FieldName[],
): Readonly<Record<string, number>> => {
  const table = joinWeather(
    {
      ...tableOf([[0, departure]]),
      columns: { origin: { kind: 'category', codes: Int32Array.of(0), values: [origin] } },
    },
    weather,
    1,
  );
  const values = buildWeatherOf(table.surroundings!.weather!, fields)(
    origin,
    undefined,
    decodeTime(departure),
  );
  return Object.fromEntries(fields.map((name, f) => [name, values[f]!]));
};

test('METAR of the IEM: UTC by the clock of the airport, knots, trace, layers, several reports in an hour', async () => {
  const file = put(
    'metar.csv',
    `station,valid,tmpf,dwpf,relh,drct,sknt,p01i,alti,mslp,vsby,gust,skyc1,skyc2,skyc3,skyc4,skyl1,skyl2,skyl3,skyl4
JFK,2013-07-05 09:51,70,60,70,90,10,0.10,29.92,1013.0,10,M,FEW,M,M,M,2000,M,M,M
JFK,2013-07-05 12:20,71,60,70,90,10,0.05,29.92,M,5,20,FEW,BKN,OVC,M,800,1500,2500,M
JFK,2013-07-05 12:51,72,60,70,90,10,0.20,29.92,1010.0,3,M,OVC,M,M,M,700,M,M,M
JFK,2013-07-05 13:51,73,60,70,180,M,T,29.92,1009.0,2,30,SCT,M,M,M,700,M,M,M
LGA,2013-07-05 13:51,99,60,70,180,5,0.30,29.92,M,1,M,M,M,M,M,M,M,M,M
`,
  );
  const weather = await loadWeather(file);
  // 12:51 UTC is 08:51 in New York.
  const early = sights(
    weather,
    ['JFK', '2013-07-05T09:51'],
    [
      'temperatureF',
      'windSpeedMph',
      'windGustMph',
      'ceilingFeet',
      'precipitation6hInches',
      'pressureTendencyMillibars',
      'windEastMph',
    ],
  );
  expect(early).toMatchObject({ temperatureF: 72, windGustMph: Number.NaN, ceilingFeet: 700 });
  expect(early['windSpeedMph']).toBeCloseTo(11.5078, 4);
  expect(early['windEastMph']).toBeCloseTo(11.5078, 4);
  // Of 12:20 and 12:51 the larger counts, with 09:51 before.
  expect(early['precipitation6hInches']).toBeCloseTo(0.3, 12);
  expect(early['pressureTendencyMillibars']).toBe(-3);
  const late = sights(
    weather,
    ['JFK', '2013-07-05T11:00'],
    [
      'precipitationInches',
      'ceilingFeet',
      'windNorthMph',
      'nearbyVisibilityMiles',
      'nearbyPrecipitationInches',
    ],
  );
  expect(late).toMatchObject({
    precipitationInches: 0.0001,
    ceilingFeet: Number.NaN,
    nearbyVisibilityMiles: 1,
    nearbyPrecipitationInches: 0.3,
  });
  expect(late['windNorthMph']).toBeCloseTo((-30 * 1.852) / 1.609344, 9);
});

/** Hours of a METAR file of DUB and ORK, UTC; in January the clock there is that of UTC. */
const metar = (columns: string, hours: readonly (readonly [dub: string, ork: string])[]): string =>
  [
    `station,valid,tmpf,${columns}`,
    ...hours.flatMap(([dub, ork], hour) =>
      [`DUB,2024-01-10`, `ORK,2024-01-10`].map(
        (start, s) => `${start} ${String(hour).padStart(2, '0')}:00,40,${s === 0 ? dub : ork}`,
      ),
    ),
    '',
  ].join('\n');

test('a station whose usual column is empty is read from another that knows more, and this is said', async () => {
  const hours = [0, 1, 2, 3, 4].map(
    (hour) => [`M,29.9${hour},M,10,2.54`, `100${hour}.0,29.92,0.10,M,M`] as const,
  );
  const file = put('altimeter.csv', metar('mslp,alti,p01i,gust_mph,p01m', hours));
  const weather = await loadWeather(file);
  const fields = [
    'pressureMillibars',
    'pressureTendencyMillibars',
    'precipitation6hInches',
    'windGustMph',
  ] as const;
  const dublin = sights(weather, ['DUB', '2024-01-10T05:00'], fields);
  expect(dublin['pressureMillibars']).toBeCloseTo(29.94 * 33.8639, 9);
  expect(dublin['pressureTendencyMillibars']).toBeCloseTo(0.03 * 33.8639, 9);
  expect(dublin['precipitation6hInches']).toBeCloseTo(0.5, 12);
  expect(dublin['windGustMph']).toBe(10);
  const cork = sights(weather, ['ORK', '2024-01-10T05:00'], fields);
  expect(cork).toEqual({
    pressureMillibars: 1004,
    pressureTendencyMillibars: 3,
    precipitation6hInches: expect.closeTo(0.5, 12),
    windGustMph: Number.NaN,
  });
  const said = [
    `${file}: precipitationInches of DUB is read from p01m (values in 5 hours), not from p01i (0)`,
    `${file}: pressureMillibars of DUB is read from alti (values in 5 hours), not from mslp (0)`,
  ];
  expect(weather.notes).toEqual(said);
  expect(joinWeather(tableOf([[0, '2024-01-10T05:00']]), weather, 1).source.notes).toEqual(said);
});

test.each([
  // Two of five hours are fewer than half, whatever reports stand between the hours.
  ['two', '1000.0', '1000.5', 'alti'],
  ['three', '1000.0', '1000.5', 'mslp'],
])('two columns are never mixed at a station: %s hours of five in the usual one', async (many, low, high, read) => {
  const known = many === 'two' ? [low, high, 'M', 'M', 'M'] : [low, high, low, 'M', 'M'];
  const hours = known.map((mslp) => [`${mslp},29.92`, 'M,M'] as const);
  // More reports in one hour make a column no fuller.
  const extra = [1, 2, 3, 4].map((n) => `DUB,2024-01-10 00:0${n},40,${low},29.92\n`).join('');
  const file = put(`mixed-${many}.csv`, metar('mslp,alti', hours) + extra);
  const weather = await loadWeather(file);
  const at = (departure: string): number =>
    sights(weather, ['DUB', departure], ['pressureMillibars'])['pressureMillibars']!;
  const altimeter = expect.closeTo(29.92 * 33.8639, 9);
  expect([at('2024-01-10T02:00'), at('2024-01-10T06:00')]).toEqual(
    read === 'alti' ? [altimeter, altimeter] : [1000.5, Number.NaN],
  );
  expect(weather.notes).toEqual(
    read === 'alti'
      ? [
          `${file}: pressureMillibars of DUB is read from alti (values in 5 hours), not from mslp (2)`,
        ]
      : [],
  );
});

test('of names with units any that knows more is read, and a ceiling from layers where its column is empty', async () => {
  const file = put(
    'units.csv',
    `station,time,temperature_f,temperature_c,visibility_miles,visibility_km,ceiling_ft,skyc1,skyl1
DUB,2024-01-10T09:00,,10,,1.609344,,OVC,700
ORK,2024-01-10T09:00,50,,2,,900,CLR,
`,
  );
  const weather = await loadWeather(file);
  const fields = ['temperatureF', 'visibilityMiles', 'ceilingFeet'] as const;
  expect(sights(weather, ['DUB', '2024-01-10T10:00'], fields)).toEqual({
    temperatureF: 50,
    visibilityMiles: expect.closeTo(1, 12),
    ceilingFeet: 700,
  });
  expect(sights(weather, ['ORK', '2024-01-10T10:00'], fields)).toEqual({
    temperatureF: 50,
    visibilityMiles: 2,
    ceilingFeet: 900,
  });
  expect(weather.notes.map((note) => note.slice(file.length + 2))).toEqual([
    'temperatureF of DUB is read from temperature_c (values in 1 hour), not from temperature_f (0)',
    'visibilityMiles of DUB is read from visibility_km (values in 1 hour), not from visibility_miles (0)',
    'ceilingFeet of DUB is read from the layers of clouds (values in 1 hour), not from ceiling_ft (0)',
  ]);
});

test('columns of a file of your own that nothing is read from are named', async () => {
  const file = put(
    'spelled.csv',
    `station,time,tz,lat,lon,temperature_c,Wind_Speed_Knots,pressureInHg,precip_mm
DUB,2024-01-10 09:00,Europe/Dublin,53.4,-6.3,10,12,29.92,0
`,
  );
  expect((await loadWeather(file)).notes).toEqual([
    `${file}: not read: Wind_Speed_Knots, precip_mm; quantities are named as in windSpeedMph, wind_speed_kt, pressure_hpa, pressureInHg, precipitation_mm`,
  ]);
});

test('of many stations the first three are named', async () => {
  const rows = ['DUB', 'ORK', 'SNN', 'NOC', 'KIR'].map(
    (station) => `${station},2024-01-10 09:00,M,29.92\n`,
  );
  const file = put('many.csv', `station,valid,mslp,alti\n${rows.join('')}`);
  expect((await loadWeather(file)).notes).toEqual([
    `${file}: pressureMillibars of DUB, ORK, SNN and 2 more is read from alti (values in 5 hours), not from mslp (0)`,
  ]);
});

test('Meteostat: metric units, and a file that is named by its airport', async () => {
  const file = put(
    'DUB.csv',
    `time,temp,dwpt,rhum,prcp,snow,wdir,wspd,wpgt,pres,tsun,coco
2024-01-10 09:00:00,10,5,80,2.54,,270,16.09344,32.18688,1001.5,,8
2024-07-10 09:00:00,20,5,80,,,270,16.09344,,1001.5,,8
`,
  );
  const weather = await loadWeather(file);
  expect(
    sights(
      weather,
      ['DUB', '2024-01-10T10:00'],
      ['temperatureF', 'precipitationInches', 'windSpeedMph', 'windGustMph', 'pressureMillibars'],
    ),
  ).toEqual({
    temperatureF: 50,
    precipitationInches: 0.1,
    windSpeedMph: 10,
    windGustMph: 20,
    pressureMillibars: 1001.5,
  });
  // Summer time: 09:00 UTC is 10:00 in Dublin.
  const fields = ['temperatureF', 'windEastMph'] as const;
  expect(sights(weather, ['EIDW', '2024-07-10T10:59'], fields)['temperatureF']).toBeNaN();
  expect(sights(weather, ['EIDW', '2024-07-10T11:00'], fields)).toEqual({
    temperatureF: 68,
    windEastMph: expect.closeTo(-10, 9),
  });
});

test('names that say their units are read by them, in local time', async () => {
  const file = put(
    'own.csv',
    `station,time,temperature_c,windSpeedKt,visibility_km,ceiling_m
ABC,2024-01-10T09:00,0,10,1.609344,304.8
`,
  );
  const seen = sights(
    await loadWeather(file),
    ['ABC', '2024-01-10T10:00'],
    ['temperatureF', 'windSpeedMph', 'visibilityMiles', 'ceilingFeet'],
  );
  expect(seen['temperatureF']).toBe(32);
  expect(seen['windSpeedMph']).toBeCloseTo(11.5078, 4);
  expect(seen['visibilityMiles']).toBeCloseTo(1, 12);
  expect(seen['ceilingFeet']).toBeCloseTo(1000, 9);
});

test('a station of UTC whose zone nobody knows is refused, and read when its clock is said', async () => {
  const text = 'station,valid,tmpf\nQQQQ,2013-07-05 09:00,70\n';
  const file = put('far.csv', text);
  await expect(loadWeather(file)).rejects.toMatchObject({
    code: 'data-unfit',
    message: expect.stringMatching(/QQQQ.*time zone.*--weather-clock local/s),
  });
  const weather = await loadWeather(file, { weatherClock: 'local' });
  expect(sights(weather, ['QQQQ', '2013-07-05T10:00'], ['temperatureF'])).toEqual({
    temperatureF: 70,
  });
});

test('a file that holds no observations says what it has', async () => {
  const file = put('none.csv', 'a,b\n1,2\n');
  await expect(loadWeather(file)).rejects.toMatchObject({
    code: 'columns-unknown',
    message: expect.stringMatching(/no observations that are known.*it has a, b/),
  });
});

/** The temperature at the destination that a flight sees so many hours before. */
const temperatureThere = (
  weather: Awaited<ReturnType<typeof loadWeather>>,
  [origin, destination, departure]: readonly [string, string, string],
  leadHours = 3,
): number => {
  const category = (value: string) =>
    ({ kind: 'category', codes: Int32Array.of(0), values: [value] }) as const;
  const { columns, ...table } = tableOf([[0, departure]]);
  const flight = { origin: category(origin), destination: category(destination) };
  const joined = joinWeather({ ...table, columns: { ...columns, ...flight } }, weather, leadHours);
  const weatherOf = buildWeatherOf(joined.surroundings!.weather!, ['destinationTemperatureF']);
  return weatherOf(origin, destination, decodeTime(departure))[0]!;
};

test("the weather at a destination in another time zone is that of the lead before departure, not of its own clock's", async () => {
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const rows = ['JFK', 'LAX', 'DUB', 'QQQ'].flatMap((station) =>
    hours.map((hour) => `${station},2013-07-05T${String(hour).padStart(2, '0')}:00,${hour}`),
  );
  const weather = await loadWeather(
    put('zones.csv', `station,time,temperatureF\n${rows.join('\n')}\n`),
  );
  // 08:00 in New York is 05:00 in Los Angeles and 13:00 in Dublin.
  expect(temperatureThere(weather, ['JFK', 'LAX', '2013-07-05T08:00'])).toBe(2);
  expect(temperatureThere(weather, ['JFK', 'DUB', '2013-07-05T08:00'])).toBe(10);
  expect(temperatureThere(weather, ['LAX', 'JFK', '2013-07-05T08:00'])).toBe(8);
  // Nobody knows the zone of QQQ: it is taken to share the clock.
  expect(temperatureThere(weather, ['JFK', 'QQQ', '2013-07-05T08:00'])).toBe(5);
});

test('on days on which clocks change nothing is seen that was observed too late', async () => {
  const file = put(
    'changes.csv',
    `station,valid,tmpf
JFK,2013-03-10 05:00,0
JFK,2013-03-10 06:00,1
JFK,2013-03-10 07:00,3
JFK,2013-11-03 03:59,23
JFK,2013-11-03 05:00,1
JFK,2013-11-03 05:30,1.5
JFK,2013-11-03 06:00,11
JFK,2013-11-03 06:30,11.5
JFK,2013-11-03 07:00,12
`,
  );
  const weather = await loadWeather(file);
  const seenAt = (departure: string): number =>
    sights(weather, ['JFK', departure], ['temperatureF'])['temperatureF']!;
  // 03:00 is the minute after 01:59: an hour before it was 01:00.
  expect(seenAt('2013-03-10T03:00')).toBe(1);
  expect(seenAt('2013-03-10T04:00')).toBe(3);
  // 01:30 comes twice: whichever it is, the first hour has not passed before the second.
  expect(seenAt('2013-11-03T02:00')).toBe(11);
  expect(seenAt('2013-11-03T01:59')).toBe(23);
  expect(seenAt('2013-11-03T03:00')).toBe(12);
  expect(seenAt('2013-11-03T02:30')).toBe(11.5);
});

test('of an hour that comes twice in local times the first of the file is the first, and three hours are three', async () => {
  const weather = await loadWeather(join(import.meta.dir, '../../../data/weather.parquet'));
  const tendencyAt = (departure: string): number =>
    sights(weather, ['JFK', departure], ['pressureTendencyMillibars'])[
      'pressureTendencyMillibars'
    ]!;
  // 1012.6 at 04:00, 1011.7 at 03:00, 1009.8 at the first 01:00, 1010.5 at the second.
  expect(tendencyAt('2013-11-03T05:00')).toBeCloseTo(1012.6 - 1010.5, 9);
  expect(tendencyAt('2013-11-03T04:00')).toBeCloseTo(1011.7 - 1009.8, 9);
  // In spring 04:00 is three hours after 00:00.
  expect(tendencyAt('2013-03-10T05:00')).toBeCloseTo(1028 - 1027.7, 9);
});

test('of two observations at one moment the later one of the file counts', async () => {
  const rows = ['05:51,1', '05:51,2', '07:51,3', '07:51,4'].map((row) => `JFK,2013-11-03 ${row}\n`);
  const weather = await loadWeather(put('again.csv', `station,valid,tmpf\n${rows.join('')}`));
  const seenAt = (departure: string): number =>
    sights(weather, ['JFK', departure], ['temperatureF'])['temperatureF']!;
  expect(seenAt('2013-11-03T02:00')).toBe(2);
  expect(seenAt('2013-11-03T04:00')).toBe(4);
});

describe('on the day on which an hour comes twice', () => {
  const SUMS = ['precipitation6hInches', 'precipitation24hInches', 'temperatureF'] as const;
  /** A report an hour from noon UTC of 2 November, each with a rain of its own. */
  const hours = Array.from({ length: 30 }, (_, i) => ({
    utc: 12 * 60 + 51 + 60 * i,
    rain: (i + 1) / 100,
  }));
  const START = decodeTime('2013-11-02T00:00');
  const timeOf = (minutes: number): string => encodeTime(START + minutes).replace('T', ' ');
  /** New York is four hours behind UTC until 06:00 of 3 November, then five. */
  const localOf = (utc: number): number => utc - (utc < 30 * 60 ? 240 : 300);
  /** What fell in so many hours up to the newest report of an hour before. */
  const fell = (departureUtc: number, nHours: number): number => {
    const known = hours.filter(({ utc }) => utc <= departureUtc - 60);
    const newest = known.at(-1)!.utc;
    return known
      .filter(({ utc }) => newest - utc < 60 * nHours)
      .reduce((sum, { rain }) => sum + rain, 0);
  };
  const textOf = (header: string, momentOf: (utc: number) => number): string =>
    [
      header,
      ...hours.map(({ utc, rain }) => `JFK,${timeOf(momentOf(utc))},${utc},${rain}`),
      '',
    ].join('\n');

  test.each([
    ['UTC', 'station,valid,tmpf,p01i', (utc: number) => utc],
    ['local time', 'station,time,temperature_f,precipitation_in', localOf],
  ])('no rain is lost and no hour counted that is too old, in a file of %s', async (clock, header, momentOf) => {
    const file = put(`twice-${clock.slice(0, 3)}.csv`, textOf(header, momentOf));
    const weather = await loadWeather(file);
    // Departures each half hour from 02:00 to 13:00, local.
    for (let local = 26 * 60; local <= 37 * 60; local += 30) {
      const seen = sights(weather, ['JFK', encodeTime(START + local)], SUMS);
      const utc = local + 300;
      expect(seen).toEqual({
        precipitation6hInches: expect.closeTo(fell(utc, 6), 12),
        precipitation24hInches: expect.closeTo(fell(utc, 24), 12),
        temperatureF: hours.findLast((one) => one.utc <= utc - 60)!.utc,
      });
    }
  });

  test('a model that knows no zones, as those of older versions, goes by what the clock shows', async () => {
    const file = put(
      'no-zones.csv',
      textOf('station,valid,tmpf,p01i', (utc) => utc),
    );
    const weather = await loadWeather(file);
    const joined = joinWeather(tableOf([[1, '2013-11-03T03:00']]), weather, 1, {
      ...{ leadHours: 1, neighbours: {} },
    });
    // 01:51 is the second one.
    expect(seen(joined, 'temperatureF')).toEqual([30 * 60 + 51]);
  });
});

test('a station that flights name by its other code has its zone', async () => {
  const rows = ['05:51,0.1', '06:51,0.2', '07:51,0.4'].map((row) => `KJFK,2013-11-03 ${row}\n`);
  const weather = await loadWeather(put('icao.csv', `station,valid,p01i\n${rows.join('')}`));
  const fallen = sights(weather, ['JFK', '2013-11-03T04:00'], ['precipitation6hInches']);
  expect(fallen['precipitation6hInches']).toBeCloseTo(0.7, 12);
});

test('hours of rain are those of the clock where it is half an hour from UTC', async () => {
  // 18:40 and 19:10 UTC are 00:10 and 00:40 in Delhi: one hour, of which the larger report counts.
  const rows = ['18:40,0.1', '19:10,0.3', '19:40,0.5'].map((row) => `DEL,2024-01-10 ${row}\n`);
  const weather = await loadWeather(put('delhi.csv', `station,valid,p01i\n${rows.join('')}`));
  const fallen = sights(weather, ['DEL', '2024-01-11T02:30'], ['precipitation6hInches']);
  expect(fallen['precipitation6hInches']).toBeCloseTo(0.8, 12);
});

test('a trace is as little in millimetres as in inches', async () => {
  const weather = await loadWeather(
    put('trace.csv', 'station,valid,p01m\nJFK,2013-07-05 12:51,T\n'),
  );
  expect(sights(weather, ['JFK', '2013-07-05T10:00'], ['precipitationInches'])).toEqual({
    precipitationInches: 0.0001,
  });
});
