import { describe, expect, test } from 'bun:test';
import { columnsOfRaw } from '../../../test/flight-columns.ts';
import { buildEncoder, type Feature } from '../../core/features.ts';
import type { Input } from '../../core/inputs.ts';
import { buildKeyReader } from '../key-codes.ts';
import { climatologyFeature } from './climatology.ts';

const AIRLINE: Input = {
  name: 'airline',
  kind: 'category',
  required: true,
  description: '',
  values: ['AA', 'B6'],
};
const DEPARTURE: Input = {
  name: 'scheduledDeparture',
  kind: 'time',
  required: true,
  description: '',
};
const INPUTS = [AIRLINE, DEPARTURE];

const [AA, B6] = [0, 1];

/** 60 flights of AA at 8, half of them late; 40 of B6 at 8, none late: 30 of 100 in all. */
const FLIGHTS = [
  ...Array.from({ length: 60 }, (_, i) => ({ airline: AA, minutes: 8 * 60 + i, late: i % 2 })),
  ...Array.from({ length: 40 }, (_, i) => ({ airline: B6, minutes: 1440 + 480 + i, late: 0 })),
];
const raw = Float64Array.from(FLIGHTS.flatMap(({ airline, minutes }) => [airline, minutes]));
const labels = Uint8Array.from(FLIGHTS, ({ late }) => late);
const all = Int32Array.from(FLIGHTS.keys());

const featureOf = (
  inputs: readonly Input[],
  flights: Float64Array,
  late: Uint8Array,
  known: Int32Array,
): Feature =>
  climatologyFeature(inputs, buildKeyReader(columnsOfRaw(inputs, flights), known), late, known);

/** The probability that the feature's log-odds stand for. */
const probabilityOf = (
  feature: Feature,
  inputs: readonly Input[],
  values: readonly number[],
): number => {
  const out = new Float64Array(1);
  buildEncoder(inputs, [feature])(Float64Array.from(values), 0, out, 0);
  return 1 / (1 + Math.exp(-out[0]!));
};

describe('climatology', () => {
  const feature = featureOf(INPUTS, raw, labels, all);

  test.each<[string, readonly number[], number]>([
    ['AA at 8: (30 + 50 x .3) / (60 + 50)', [AA, 8 * 60], 45 / 110],
    ['AA at 8:59, the same hour', [AA, 8 * 60 + 59], 45 / 110],
    ['B6 at 8: (0 + 50 x .3) / (40 + 50)', [B6, 8 * 60], 15 / 90],
    ['an hour never seen: the overall rate', [AA, 9 * 60], 0.3],
    ['an airline never seen: the overall rate', [Number.NaN, 8 * 60], 0.3],
    ['a missing departure: the overall rate', [AA, Number.NaN], 0.3],
  ])('answers %s', (_, values, expected) => {
    expect(probabilityOf(feature, INPUTS, values)).toBeCloseTo(expected, 12);
  });

  test('is kept as log-odds', () => {
    const out = new Float64Array(1);
    buildEncoder(INPUTS, [feature])(Float64Array.of(B6, 480), 0, out, 0);
    expect(out[0]).toBeCloseTo(Math.log(1 / 5), 12);
  });

  test('knows nothing of rows outside the known ones', () => {
    const known = all.slice(55);
    // Five flights of AA (minutes 55 to 59: late are 55, 57, 59), forty of B6: 3 of 45.
    const rate = 3 / 45;
    const some = featureOf(INPUTS, raw, labels, known);
    expect(probabilityOf(some, INPUTS, [AA, 480])).toBeCloseTo((3 + 50 * rate) / 55, 12);
    expect(probabilityOf(some, INPUTS, [B6, 480])).toBeCloseTo((50 * rate) / 90, 12);
  });

  test('counts a flight without an airline in the overall rate only', () => {
    const more = Float64Array.from([...raw, Number.NaN, 480, Number.NaN, 480]);
    const late = Uint8Array.from([...labels, 1, 1]);
    const known = Int32Array.from({ length: 102 }, (_, row) => row);
    const some = featureOf(INPUTS, more, late, known);
    const rate = 32 / 102;
    expect(probabilityOf(some, INPUTS, [Number.NaN, 480])).toBeCloseTo(rate, 12);
    expect(probabilityOf(some, INPUTS, [B6, 480])).toBeCloseTo((50 * rate) / 90, 12);
  });

  test('goes by the hour alone where there is no airline', () => {
    const hours = Float64Array.of(480, 490, 600, 610);
    const some = featureOf(
      [DEPARTURE],
      hours,
      Uint8Array.of(1, 1, 1, 0),
      Int32Array.of(0, 1, 2, 3),
    );
    expect(probabilityOf(some, [DEPARTURE], [480])).toBeCloseTo((2 + 50 * 0.75) / 52, 12);
    expect(probabilityOf(some, [DEPARTURE], [600])).toBeCloseTo((1 + 50 * 0.75) / 52, 12);
  });
});
