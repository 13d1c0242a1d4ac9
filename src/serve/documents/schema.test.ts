import { expect, test } from 'bun:test';
import Ajv2020 from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { buildPlantedModel } from '../../../test/planted.ts';
import { buildInputReader, type Input } from '../../core/inputs.ts';
import { exampleFlight, flightSchema } from './schema.ts';

const INPUTS: readonly Input[] = [
  { name: 'airline', kind: 'category', required: true, description: '', values: ['AA', 'DL'] },
  { name: 'terminal', kind: 'category', required: false, description: '', values: ['1'] },
  { name: 'scheduledDeparture', kind: 'time', required: true, description: '' },
  { name: 'scheduledArrival', kind: 'time', required: false, description: '' },
  { name: 'distanceMiles', kind: 'number', required: true, description: '', unit: 'miles' },
  { name: 'humidityPercent', kind: 'number', required: false, description: '' },
];
const ajv = new Ajv2020({ strict: false });
const fits = ajv.compile(flightSchema(INPUTS));
const read = buildInputReader(INPUTS);
const isRead = (flight: Record<string, unknown>): boolean =>
  read(flight, new Float64Array(INPUTS.length), 0).faults.length === 0;

const pad = (n: number, width = 2): string => String(n).padStart(width, '0');
const time = fc
  .tuple(
    fc.oneof(fc.constantFrom(0, 1900, 2000, 2012, 2100), fc.integer({ min: 0, max: 9999 })),
    fc.oneof(fc.constant(2), fc.integer({ min: 0, max: 13 })),
    fc.oneof(fc.constantFrom(28, 29, 30, 31), fc.integer({ min: 0, max: 32 })),
    fc.integer({ min: 0, max: 24 }),
    fc.integer({ min: 0, max: 60 }),
    fc.constantFrom('T', ' ', 't'),
    fc.constantFrom('', ':00', ':59.25', ':60', ':61', ':99', ':7', 'Z'),
  )
  .map(
    ([year, month, day, hour, minute, between, rest]) =>
      `${pad(year, 4)}-${pad(month)}-${pad(day)}${between}${pad(hour)}:${pad(minute)}${rest}`,
  );
const value = fc.oneof(
  time,
  fc.constantFrom(
    'AA',
    '',
    null,
    true,
    0,
    -1.5,
    '12',
    [],
    {},
    '2013-07-05T18:30',
    '2013-07-05T18:30\n',
  ),
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

test('the published schema takes exactly the flights that the service reads', () => {
  const given = fc.record(
    Object.fromEntries(INPUTS.map(({ name }) => [name, value])) as Record<string, typeof value>,
    { requiredKeys: [] },
  );
  const good = { airline: 'AA', scheduledDeparture: '2013-07-05T18:30', distanceMiles: 9 };
  let nFit = 0;
  fc.assert(
    fc.property(given, fc.boolean(), (flight, near) => {
      const [name] = Object.keys(flight);
      const whole: Record<string, unknown> =
        near && name !== undefined ? { ...good, [name]: flight[name] } : flight;
      const doesFit = fits(whole);
      if (doesFit) nFit++;
      expect({ whole, fits: doesFit }).toEqual({ whole, fits: isRead(whole) });
    }),
    { numRuns: 4000 },
  );
  expect(nFit).toBeGreaterThan(100);
});

const NO_ROWS = { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) };

test('the example is a flight that the service reads', () => {
  const model = { inputs: INPUTS, selfTest: NO_ROWS, provenance: { madeBy: 'a test' } };
  expect(isRead(exampleFlight(model) as Record<string, unknown>)).toBeTrue();
});

const TRAINED = {
  ...buildPlantedModel().provenance,
  trainedOn: {
    dialect: 'planted',
    target: 'arrival',
    rows: { read: 1, rejected: 0, used: 1 },
    split: { train: '', validation: '', calibration: '', test: '' },
    settings: {},
  },
} as const;

test('the example is a flight that the model learned from, where it keeps one that lacks nothing', () => {
  const raw = Float64Array.of(0, 0, 22_881_270, Number.NaN, 100, 50, 1, 0, 22_881_270, 0, 100, 50);
  const model = {
    inputs: INPUTS,
    selfTest: { nRows: 2, raw, answers: new Float64Array(2) },
    provenance: TRAINED,
  };
  expect(exampleFlight(model)).toEqual({
    airline: 'DL',
    terminal: '1',
    scheduledDeparture: '2013-07-03T18:30',
    scheduledArrival: '1970-01-01T00:00',
    distanceMiles: 100,
    humidityPercent: 50,
  });
});

test('the example is a flight that was there also where each lacks something: what is required is present, nothing is out of bounds', () => {
  const { NaN: none } = Number;
  const raw = Float64Array.of(
    ...[none, 0, 22_881_270, 0, 100, 50],
    ...[0, 0, 22_881_270, 0, 1e9, 50],
    ...[0, none, 22_881_270, none, none, none],
    ...[0, 0, 22_881_270, none, 100, none],
  );
  const model = {
    inputs: INPUTS,
    selfTest: { nRows: 4, raw, answers: new Float64Array(4) },
    provenance: TRAINED,
  };
  expect(exampleFlight(model)).toEqual({
    airline: 'AA',
    terminal: '1',
    scheduledDeparture: '2013-07-03T18:30',
    distanceMiles: 100,
  });
});
