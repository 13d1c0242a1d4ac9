/**
 * What is known around a flight is the same to the bit in training, in files that are scored, and in the service: the
 * plan of its day, and the weather before it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPlan } from '../../src/core/around/departure-plan.ts';
import { buildCompletion, type Completion } from '../../src/core/around/completion.ts';
import { decodeTime, encodeTime } from '../../src/core/flight.ts';
import type { Model } from '../../src/core/model.ts';
import { PLAN_FIELDS } from '../../src/core/around/surroundings.ts';
import { departuresOf, type Table } from '../../src/core/table.ts';
import { WEATHER_FIELDS } from '../../src/core/around/weather.ts';
import { readPlanned } from '../../src/flights/cleaning/plan.ts';
import { loadFlights, loadWeather, weatherBy } from '../../src/flights/cleaning/weather.ts';
import { scanFiles } from '../../src/flights/output/scan.ts';
import { scoreHere } from '../../src/flights/output/scoring.ts';
import { buildReferencePredictor } from '../../src/predict/reference.ts';
import { buildAround } from '../../src/serve/scoring/around.ts';
import { storeTrained } from '../../src/score/stored-training.ts';
import { rawOf } from '../../src/train/features/encoding.ts';
import { buildTrainingPool } from '../../src/train/engine/training-pool.ts';
import { prepare } from '../../src/train/preparation.ts';
import { DEFAULT_OPTIONS } from '../../src/train/settings.ts';
import { trainModel } from '../../src/train/training.ts';
import { MAIN, type Running, startService, until } from './running.ts';

const LEAD_HOURS = 2;
const FLIGHT_COLUMNS =
  'year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,origin,dest,distance';
const WEATHER_COLUMNS =
  'origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib';
const ORIGINS = ['EWR', 'JFK', 'LGA'];
const DESTINATIONS = ['BOS', 'ORD', 'LGA'];

/** Forty flights on each of 24 days, a tenth of them cancelled. */
const flightLines = (): readonly string[] =>
  Array.from({ length: 24 * 40 }, (_, i) => {
    const [day, n] = [1 + Math.floor(i / 40), i % 40];
    const hour = 6 + ((n * 7 + day) % 14);
    const scheduled = hour * 100 + ((n * 13) % 60);
    const isCancelled = i % 10 === 3;
    const delay = (i * 37) % 100 < 20 + 2 * (hour - 6) ? 20 + (i % 50) : -5;
    const outcome = (value: number): string => (isCancelled ? 'NA' : String(value));
    return [
      ...[2013, 7, day, outcome(scheduled), scheduled, outcome(delay), outcome(2000), 2000],
      ...[outcome(delay), n % 2 ? 'AA' : 'UA', 100 + n, `N${n % 9}`],
      ...[ORIGINS[n % 3], DESTINATIONS[(n + day) % 3], 200 + n],
    ].join();
  });

const weatherLines = (): readonly string[] =>
  ORIGINS.flatMap((origin, o) =>
    Array.from({ length: 24 * 24 }, (_, i) =>
      [
        ...[
          origin,
          2013,
          7,
          1 + Math.floor(i / 24),
          i % 24,
          60 + (i % 30) + o / 3,
          50,
          40 + (i % 50),
        ],
        ...[
          (i * 10) % 360,
          3 + ((i + o) % 20) / 3,
          i % 5 ? 'NA' : 30 + o,
          i % 7 ? 0 : 0.1 / (1 + o),
        ],
        ...[i % 11 ? 1000 + ((i * 3) % 20) / 7 : 'NA', 10 - (i % 10)],
      ].join(),
    ),
  );

let folder = '';
let flights = '';
let observations = '';
let table: Table;
let model: Model;
/** What training sees of the flights whose delay is known. */
let raw: Float64Array;
let answers: Float64Array;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'puntual-surroundings-'));
  flights = join(folder, 'flights.csv');
  observations = join(folder, 'weather.csv');
  writeFileSync(flights, [FLIGHT_COLUMNS, ...flightLines(), ''].join('\n'));
  writeFileSync(observations, [WEATHER_COLUMNS, ...weatherLines(), ''].join('\n'));
  table = await loadFlights([flights], { weather: observations, leadHours: LEAD_HOURS });
  const options = { ...DEFAULT_OPTIONS, name: 'around', nTrees: 20, nThreads: 1, refit: false };
  const trained = await trainModel(table, options);
  ({ model } = storeTrained(trained, {
    modelsDir: join(folder, 'models'),
    made: new Date(),
    isPublished: true,
  }));
  raw = rawOf(table, model.inputs);
  answers = new Float64Array(table.nRows * model.heads.length);
  buildReferencePredictor(model).predictInto(raw, table.nRows, answers);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a model with weather and cancelled flights asks for the plan and for the weather around', () => {
  const names: readonly string[] = model.inputs.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([...PLAN_FIELDS]));
  expect(names.filter((name) => (WEATHER_FIELDS as readonly string[]).includes(name))).toEqual(
    expect.arrayContaining([
      'precipitation24hInches',
      'pressureTendencyMillibars',
      'windNorthMph',
      'nearbyVisibilityMiles',
      'destinationVisibilityMiles',
    ]),
  );
  expect(model.provenance.trainedOn?.weather).toEqual({
    leadHours: LEAD_HOURS,
    neighbours: { EWR: ['JFK', 'LGA'], JFK: ['EWR', 'LGA'], LGA: ['EWR', 'JFK'] },
    zones: {
      BOS: 'America/New_York',
      EWR: 'America/New_York',
      JFK: 'America/New_York',
      LGA: 'America/New_York',
      ORD: 'America/Chicago',
    },
  });
});

test('cancelled flights count among those planned', () => {
  const place = model.inputs.findIndex(({ name }) => name === 'originDayDepartures');
  const column = Array.from(
    { length: table.nRows },
    (_, row) => raw[row * model.inputs.length + place]!,
  );
  // Forty flights a day at three airports, 36 of them with a delay.
  expect(table.nRows).toBe(24 * 36);
  expect(new Set(column)).toEqual(new Set([13, 14]));
});

test('files without a cancelled flight are no plan: their days would tell how many were cancelled', async () => {
  const pool = buildTrainingPool(1);
  const { cancelled: _, ...rejected } = table.source.rejected;
  const flown = { ...table, source: { ...table.source, rejected } };
  const { inputs, features } = await prepare(flown, DEFAULT_OPTIONS, pool);
  pool.dismiss();
  const names: readonly string[] = inputs.map(({ name }) => name);
  expect(names.filter((name) => (PLAN_FIELDS as readonly string[]).includes(name))).toEqual([]);
  expect(features.find(({ name }) => name === 'departuresPerHour')?.step).toBe('lookup');
});

test('a file that is scored is completed to the bit as in training', async () => {
  const weather = await loadWeather(observations);
  const seen: Float64Array[] = [];
  const plan = startPlan();
  await scanFiles([flights], join(folder, 'out.ndjson'), {
    inputs: model.inputs,
    outputs: [{ name: 'none', kind: 'number' }],
    scoring: scoreHere(model.inputs.length, 1, (block) => void seen.push(block.slice())),
    surroundings: {
      plan: plan.finish(await readPlanned([flights], {}, plan.add)),
      weather: weatherBy(model.provenance.trainedOn!.weather!, weather, LEAD_HOURS),
    },
  });
  const all = seen.flatMap((block) => [...block]);
  const width = model.inputs.length;
  const isCancelled = flightLines().map((line) => line.split(',')[3] === 'NA');
  const kept = all.filter((_, i) => !isCancelled[Math.floor(i / width)]);
  expect(kept).toEqual([...raw]);
});

test('on the day on which an hour comes twice a request sees what files of UTC and of local times see', async () => {
  const { inputs } = model;
  const rule = model.provenance.trainedOn!.weather!;
  const from = decodeTime('2013-11-02T12:51');
  const reports = Array.from({ length: 30 }, (_, i) => i).flatMap((i) =>
    ORIGINS.map((station, s) => {
      const utc = from + 60 * i;
      // New York is four hours behind UTC until 06:00 of 3 November, then five.
      const local = utc - (utc < decodeTime('2013-11-03T06:00') ? 240 : 300);
      return { station, utc, local, rain: (i + 1 + s) / 100, pressure: 1000 + ((7 * i + s) % 11) };
    }),
  );
  const fileOf = (name: string, header: string, clock: 'utc' | 'local'): string => {
    const lines = reports.map(
      ({ station, rain, pressure, ...of }) =>
        `${station},${encodeTime(of[clock])},${rain},${pressure}`,
    );
    const file = join(folder, name);
    writeFileSync(file, [header, ...lines, ''].join('\n'));
    return file;
  };
  const nFlights = 3 * 48;
  const flights = new Float64Array(nFlights * inputs.length).fill(Number.NaN);
  const place = (name: string): number => inputs.findIndex((input) => input.name === name);
  for (let row = 0; row < nFlights; row++) {
    flights[row * inputs.length + place('origin')] = row % 3;
    flights[row * inputs.length + place('destination')] = row % 3;
    flights[row * inputs.length + place('scheduledDeparture')] =
      decodeTime('2013-11-03T00:00') + 30 * Math.floor(row / 3);
  }
  const completed = (complete: Completion | undefined): readonly number[] => {
    const raw = flights.slice();
    complete!(raw, 0, nFlights);
    return [...raw];
  };
  const files = [
    fileOf('utc.csv', 'station,valid,p01i,mslp', 'utc'),
    fileOf('local.csv', 'station,time,precipitation_in,pressure_mbar', 'local'),
  ];
  const [byUtc, byLocal] = await Promise.all(
    files.map(async (file) => {
      const weather = weatherBy(rule, await loadWeather(file), LEAD_HOURS);
      return completed(buildCompletion(inputs, { weather }));
    }),
  );
  const weather = reports.map(({ station, local, rain, pressure }) => ({
    ...{ station, time: encodeTime(local) },
    ...{ precipitationInches: rain, pressureMillibars: pressure },
  }));
  const work = buildAround(model).byWeather({ weather }, []);
  let turn = work.next();
  while (!turn.done) turn = work.next();
  const byRequest = completed(turn.value);
  expect(byUtc!.filter((value) => !Number.isNaN(value)).length).toBeGreaterThan(8 * nFlights);
  expect(byLocal).toEqual(byUtc!);
  expect(byRequest).toEqual([...byUtc!]);
});

test('predict --weather says which column was read where the usual one is empty', async () => {
  const metar = join(folder, 'metar.csv');
  const rows = ['JFK', 'LGA'].map((station) => `${station},2013-07-03 12:51,70,M,29.92\n`);
  writeFileSync(metar, `station,valid,tmpf,mslp,alti\n${rows.join('')}`);
  const out = join(folder, 'altimeter.ndjson');
  const files = ['around', flights, '-o', out, '--weather', metar];
  const child = Bun.spawn(
    [process.execPath, MAIN, 'predict', ...files, '--models', join(folder, 'models'), '--json'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const note = `${metar}: pressureMillibars of JFK, LGA is read from alti (values in 2 hours), not from mslp (0)`;
  expect(stderr).toContain(`${note}\n`);
  expect(await child.exited).toBe(0);
  expect(JSON.parse(stdout).notes).toContain(note);
});

test('predict --weather gives what the model gives of the flights as training sees them', async () => {
  const out = join(folder, 'predicted.ndjson');
  const child = Bun.spawn(
    [
      process.execPath,
      MAIN,
      'predict',
      'around',
      flights,
      '-o',
      out,
      '--weather',
      observations,
    ].concat(['--models', join(folder, 'models'), '--json']),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(stderr).not.toContain('Error');
  expect(await child.exited).toBe(0);
  expect(JSON.parse(stdout).absent).toEqual([]);
  const rows = readFileSync(out, 'utf8').trimEnd().split('\n');
  const probabilities = rows
    .map((line) => JSON.parse(line))
    .filter(({ dep_time }) => dep_time !== null)
    .map(({ probability }) => probability);
  expect(probabilities).toEqual(
    [...answers]
      .filter((_, i) => i % model.heads.length === 0)
      .map((answer) => Math.round(answer * 1e6) / 1e6),
  );
});

describe('the service', () => {
  let service: Running;
  const nDays = 3;
  /** Flights of the first days, with those that were cancelled. */
  const planned = flightLines().slice(0, nDays * 40);
  const schedule = (): string => join(folder, 'schedule.csv');

  /** A flight as a caller names it. */
  const bodyOf = (line: string) => {
    const cells = line.split(',');
    const [day, minutes] = [cells[2]!.padStart(2, '0'), cells[4]!.padStart(4, '0')];
    return {
      ...{ airline: cells[9], flightNumber: cells[10], tailNumber: cells[11] },
      ...{ origin: cells[12], destination: cells[13], distanceMiles: Number(cells[14]) },
      scheduledDeparture: `2013-07-${day}T${minutes.slice(0, 2)}:${minutes.slice(2)}`,
    };
  };
  /** The same with the arrival that was understood. */
  const asked = () =>
    planned.map((line, i) => ({ ...bodyOf(line), scheduledArrival: arrivals()[i] }));
  const arrivals = (): readonly string[] =>
    planned.map((line) => {
      const day = line.split(',')[2]!.padStart(2, '0');
      const departure = bodyOf(line).scheduledDeparture;
      const sameDay = `2013-07-${day}T20:00`;
      const isNext = departure > sameDay;
      return isNext ? `2013-07-${String(Number(day) + 1).padStart(2, '0')}T20:00` : sameDay;
    });
  const weather = () =>
    weatherLines()
      .map((line) => line.split(','))
      .map((cells) => {
        const number = (i: number): number | null => (cells[i] === 'NA' ? null : Number(cells[i]));
        return {
          station: cells[0],
          time: `2013-07-${cells[3]!.padStart(2, '0')}T${cells[4]!.padStart(2, '0')}:00`,
          ...{ temperatureF: number(5), dewPointF: number(6), humidityPercent: number(7) },
          ...{ windDirectionDegrees: number(8), windSpeedMph: number(9), windGustMph: number(10) },
          ...{ precipitationInches: number(11), pressureMillibars: number(12) },
          visibilityMiles: number(13),
        };
      })
      .filter(({ time }) => time < '2013-07-05');
  interface Answer {
    readonly probability: number;
    readonly predictions: readonly { readonly probability: number }[];
  }
  const post = async (body: unknown): Promise<Answer> => {
    const response = await fetch(`${service.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    return (await response.json()) as Answer;
  };
  /** What training knows of those of the flights that it used. */
  const expected = (): readonly number[] =>
    Array.from(departuresOf(table).entries())
      .filter(([, minutes]) => encodeTime(minutes) < `2013-07-0${nDays + 1}`)
      .map(([row]) => answers[row * model.heads.length]!);
  const used = <T>(items: readonly T[]): readonly T[] =>
    items.filter((_, i) => planned[i]!.split(',')[3] !== 'NA');

  beforeAll(async () => {
    // At first the plan has one day only, which is not asked about.
    const later = flightLines().filter((line) => line.startsWith('2013,7,20,'));
    writeFileSync(schedule(), [FLIGHT_COLUMNS, ...later, ''].join('\n'));
    service = await startService(
      ['--schedule', schedule(), '--workers', '1'],
      join(folder, 'models'),
    );
  });
  afterAll(() => service?.stop());

  test('takes the weather of a batch, whose flights are the plan of their days', async () => {
    const { predictions } = await post({ flights: asked(), weather: weather() });
    const got = predictions.map(({ probability }) => probability);
    expect(used(got)).toEqual(expected());
  });

  test('takes a few flights of a day for no plan', async () => {
    const [first, second] = asked();
    const { predictions } = await post({ flights: [first, second], weather: weather() });
    const alone = await post({ ...first, weather: weather() });
    expect(predictions[0]!.probability).toBe(alone.probability);
  });

  test('takes over a plan that has changed, and needs no batch then', async () => {
    const lines = [FLIGHT_COLUMNS, ...planned, ''];
    writeFileSync(schedule(), lines.join('\n'));
    const observed = weather();
    const flight = asked()[0];
    const [wanted] = expected();
    await until(async () => (await post({ ...flight, weather: observed })).probability === wanted);
    for (const [i, one] of used(asked()).slice(0, 10).entries())
      expect((await post({ ...one, weather: observed })).probability).toBe(expected()[i]!);
  });

  test('says what is wrong with the weather of a request', async () => {
    const body = {
      ...asked()[0],
      weather: [{ station: 'JFK', time: 'noon', windSpeedMph: 'much' }],
    };
    const response = await fetch(`${service.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: readonly { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer)).toEqual([
      '/weather/0/time',
      '/weather/0/windSpeedMph',
    ]);
  });
});
