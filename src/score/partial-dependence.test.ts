/** Partial dependence of a model whose answers can be worked out by hand. */
import { expect, test } from 'bun:test';
import { decodeTime } from '../core/flight.ts';
import { sigmoid } from '../core/logistic.ts';
import type { Model } from '../core/model.ts';
import { partialDependenceOf } from './partial-dependence.ts';

const MODEL: Model = {
  name: 'by hand',
  inputs: [
    {
      name: 'airline',
      kind: 'category',
      required: true,
      description: '',
      values: ['AA', 'B6', 'DL'],
    },
    { name: 'scheduledDeparture', kind: 'time', required: true, description: '' },
    { name: 'scheduledArrival', kind: 'time', required: false, description: '' },
    { name: 'distanceMiles', kind: 'number', unit: 'miles', required: false, description: '' },
    { name: 'same', kind: 'number', required: false, description: '' },
  ],
  features: [
    { name: 'isB6', step: 'equals', input: 'airline', value: 'B6' },
    { name: 'hour', step: 'hour', input: 'scheduledDeparture' },
    {
      name: 'elapsed',
      step: 'elapsedMinutes',
      from: 'scheduledDeparture',
      to: 'scheduledArrival',
    },
    { name: 'distance', step: 'number', input: 'distanceMiles' },
    { name: 'same', step: 'number', input: 'same' },
  ],
  heads: [
    {
      kind: 'probability',
      minutes: 15,
      given: 'nothing',
      link: 'logistic',
      calibration: { kind: 'none' },
      score: {
        kind: 'linear',
        weights: Float64Array.of(2, 0.25, 0.01, 0.001, 1),
        intercept: -6,
      },
    },
  ],
  threshold: 0.5,
  provenance: { madeBy: 'a test' },
  shares: [],
  selfTest: { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) },
};

const moment = (hour: number): number =>
  decodeTime(`2013-07-05T${String(hour).padStart(2, '0')}:30`);

/** Airline, hour of departure, minutes in the air, miles. */
const FLIGHTS = [
  [0, 6, 60, 100],
  [1, 9, 90, 400],
  [1, 23, 120, 900],
] as const;

const RAW = Float64Array.from(
  FLIGHTS.flatMap(([airline, hour, air, miles]) => [
    airline,
    moment(hour),
    moment(hour) + air,
    miles,
    7,
  ]),
);

const IMPORTANCE = [
  { feature: 'isB6', meanAbsolute: 0.4 },
  { feature: 'hour', meanAbsolute: 0.3 },
  { feature: 'elapsed', meanAbsolute: 0.2 },
  { feature: 'distance', meanAbsolute: 0.1 },
  { feature: 'same', meanAbsolute: 0.05 },
];

const meanOver = (logit: (flight: (typeof FLIGHTS)[number]) => number): number =>
  FLIGHTS.reduce((sum, flight) => sum + sigmoid(logit(flight)), 0) / FLIGHTS.length;

const logitOf = (isB6: number, hour: number, air: number, miles: number): number =>
  -6 + 2 * isB6 + 0.25 * hour + 0.01 * air + 0.001 * miles + 7;

test('the strongest inputs come first, each value with the mean answer of all flights set to it', () => {
  const [time, airline, miles, ...rest] = partialDependenceOf(MODEL, IMPORTANCE, RAW);
  // An input that has one value shows nothing.
  expect(rest).toEqual([]);
  expect(airline!.input).toBe('airline');
  expect(airline!.points.map(({ at }) => at)).toEqual(['B6', 'AA']);
  expect(airline!.points[0]!.probability).toBeCloseTo(
    meanOver(([, hour, air, far]) => logitOf(1, hour, air, far)),
    12,
  );
  expect(miles).toMatchObject({ input: 'distanceMiles', unit: 'miles' });
  expect(miles!.points.map(({ at }) => at)).toEqual([100, 400, 900]);
  expect(miles!.points[2]!.probability).toBeCloseTo(
    meanOver(([code, hour, air]) => logitOf(code, hour, air, 900)),
    12,
  );
  expect(time!.input).toBe('scheduledDeparture');
});

test('times move together, hour by hour from the first flight to the last', () => {
  const [time] = partialDependenceOf(MODEL, IMPORTANCE, RAW);
  expect(time!.points.map(({ at }) => at)).toEqual(Array.from({ length: 18 }, (_, i) => 6 + i));
  expect(time!.points[4]!.probability).toBeCloseTo(
    meanOver(([code, , air, far]) => logitOf(code, 10, air, far)),
    12,
  );
});

test('four are shown where four have more than one value, however strong those with one are', () => {
  const [head] = MODEL.heads;
  const model: Model = {
    ...MODEL,
    inputs: [...MODEL.inputs, { name: 'seats', kind: 'number', required: false, description: '' }],
    features: [...MODEL.features, { name: 'seats', step: 'number', input: 'seats' }],
    heads: [
      {
        ...(head as Model['heads'][number] & { kind: 'probability' }),
        score: {
          kind: 'linear',
          weights: Float64Array.of(2, 0.25, 0.01, 0.001, 1, 0.01),
          intercept: -6,
        },
      },
    ],
  };
  const raw = Float64Array.from(
    FLIGHTS.flatMap((_, i) => [...RAW.subarray(i * 5, i * 5 + 5), 100 + i]),
  );
  const importance = [
    { feature: 'same', meanAbsolute: 9 },
    ...IMPORTANCE.slice(0, 4),
    { feature: 'seats', meanAbsolute: 0.01 },
  ];
  expect(partialDependenceOf(model, importance, raw).map(({ input }) => input)).toEqual([
    'scheduledDeparture',
    'airline',
    'distanceMiles',
    'seats',
  ]);
});

test('a model without flights to ask it about shows nothing', () => {
  expect(partialDependenceOf(MODEL, IMPORTANCE, new Float64Array(0))).toEqual([]);
});
