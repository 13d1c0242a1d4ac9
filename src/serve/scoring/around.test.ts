import { expect, test } from 'bun:test';
import { buildPlantedModel } from '../../../test/planted.ts';
import { PLAN_FIELDS } from '../../core/around/surroundings.ts';
import { OBSERVED } from '../../core/around/weather.ts';
import type { Fault } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import type { Gradual } from '../../predict/gradual.ts';
import { buildAround, SURROUNDED_ROWS } from './around.ts';

const planted = buildPlantedModel({ nTrees: 1 });
const numberInput = (name: string): Input => ({
  name,
  kind: 'number',
  required: false,
  description: name,
});
const inputs = [...planted.inputs, ...PLAN_FIELDS.map(numberInput)];
const nInputs = inputs.length;
const place = (name: string): number => inputs.findIndex((input) => input.name === name);

/** What it makes, and how often it has stopped. */
const run = <T>(work: Gradual<T>): { readonly value: T; readonly nStops: number } => {
  for (let nStops = 0; ; nStops++) {
    const { done, value } = work.next();
    if (done) return { value, nStops };
  }
};

test('10,000 flights of a batch are looked at a slice at a time, and all of them are each other’s plan', () => {
  const nRows = 10_000;
  const raw = new Float64Array(nRows * nInputs).fill(Number.NaN);
  const perHour = new Map<string, number>();
  const hourOf = (row: number): string => `${row % 3} ${Math.floor((row % 1440) / 60)}`;
  for (let row = 0; row < nRows; row++) {
    raw[row * nInputs + place('origin')] = row % 3;
    raw[row * nInputs + place('destination')] = row % 6;
    raw[row * nInputs + place('airline')] = row % 5;
    raw[row * nInputs + place('scheduledDeparture')] =
      22_000_000 - (22_000_000 % 1440) + (row % 1440);
    perHour.set(hourOf(row), (perHour.get(hourOf(row)) ?? 0) + 1);
  }
  const { nStops } = run(buildAround({ ...planted, inputs }).byEachOther(raw, nRows));
  expect(nStops).toBeGreaterThanOrEqual((2 * nRows) / SURROUNDED_ROWS - 1);
  for (let row = 0; row < nRows; row++)
    expect(raw[row * nInputs + place('originHourDepartures')]).toBe(perHour.get(hourOf(row))!);
});

test('a flight that stands in a batch twice is counted once by the others, and sees their plan both times', () => {
  const numbers: Input = {
    ...numberInput('flightNumber'),
    kind: 'category',
    values: ['1', '2'],
  };
  const numbered = [...inputs.filter(({ name }) => name !== 'flightNumber'), numbers];
  const at = (name: string): number => numbered.findIndex((input) => input.name === name);
  const nOwn = numbered.length;
  const flights = [0, 1, 0, Number.NaN, Number.NaN];
  const raw = new Float64Array(flights.length * nOwn).fill(Number.NaN);
  flights.forEach((flightNumber, row) => {
    for (const name of ['origin', 'destination', 'airline']) raw[row * nOwn + at(name)] = 0;
    raw[row * nOwn + at('scheduledDeparture')] = 22_000_000;
    raw[row * nOwn + at('flightNumber')] = flightNumber;
  });
  run(buildAround({ ...planted, inputs: numbered }).byEachOther(raw, flights.length));
  // Two without a number are two flights.
  expect(flights.map((_, row) => raw[row * nOwn + at('originHourDepartures')])).toEqual([
    4, 4, 4, 4, 4,
  ]);
});

/** A model of the weather, by such time zones. */
const modelOf = (zones: Readonly<Record<string, string>>) =>
  ({
    ...planted,
    inputs: [...planted.inputs, ...OBSERVED.map(numberInput)],
    provenance: {
      ...planted.provenance,
      trainedOn: { weather: { leadHours: 3, neighbours: {}, zones } },
    },
  }) as unknown as typeof planted;

test('10,000 observations of days of which no clock was asked before are placed a slice at a time', () => {
  const weather = Array.from({ length: 10_000 }, (_, day) => ({
    station: 'JFK',
    time: new Date(86_400_000 * day).toISOString().slice(0, 16),
    windSpeedMph: day % 40,
  }));
  const faults: Fault[] = [];
  const { byWeather } = buildAround(modelOf({ JFK: 'America/New_York' }));
  const { value, nStops } = run(byWeather({ weather }, faults));
  expect(faults).toEqual([]);
  expect(value).toBeFunction();
  // Beside those of the reading one for each 64 that are placed.
  expect(nStops).toBeGreaterThan(39 + 156 + OBSERVED.length);
});

test('10,000 observations of a request are looked at a slice at a time', () => {
  const model = modelOf({});
  const weather = Array.from({ length: 10_000 }, (_, i) => ({
    station: 'JFK',
    time: new Date(1e12 + 60_000 * i).toISOString().slice(0, 16),
    windSpeedMph: i % 40,
  }));
  const faults: Fault[] = [];
  const { byWeather } = buildAround(model);
  const { value, nStops } = run(byWeather({ weather }, faults));
  expect(faults).toEqual([]);
  expect(value).toBeFunction();
  // One for each 256 that are read, and for each quantity of a station.
  expect(nStops).toBeGreaterThan(39 + OBSERVED.length);
});
