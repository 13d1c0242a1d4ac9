/** The emitted encoder against its slow twin, to the bit. */
import { expect, test } from 'bun:test';
import { buildEncoder, type Feature } from '../../core/features.ts';
import type { Input } from '../../core/inputs.ts';
import { buildRandom } from '../../core/random.ts';
import { isTable, type KeyPart, type Lookup } from '../../core/steps/lookup.ts';
import { BATCH_ROWS, buildScorer } from '../scorer.ts';
import { isEmitted } from './feature-kernel.ts';

const random = buildRandom(11);
const below = (n: number): number => Math.floor(random() * n);

const input = (name: string, kind: Input['kind'], nValues = 0): Input => ({
  ...{ name, kind, required: false, description: name },
  ...(nValues > 0 && { values: Array.from({ length: nValues }, (_, v) => `${name}${v}`) }),
});

const INPUTS = [
  input('airline', 'category', 16),
  input('origin', 'category', 3),
  input('flightNumber', 'category', 9000),
  input('departure', 'time'),
  input('arrival', 'time'),
  input('miles', 'number'),
  input('inHour', 'number'),
  input('onDay', 'number'),
];

const airline: KeyPart = { of: 'code', input: 'airline', radix: 16 };
const origin: KeyPart = { of: 'code', input: 'origin', radix: 3 };
const flightNumber: KeyPart = { of: 'code', input: 'flightNumber', radix: 9000 };
const part = (of: KeyPart['of'], radix: number, of_ = 'departure'): KeyPart => ({
  ...{ of, radix, input: of_ },
});

/** A number for about every other key; some keys that no parts make. */
const lookup = (parts: readonly KeyPart[], otherwise: number, nKeys = 3000): Lookup => {
  const n = parts.reduce((product, { radix }) => product * radix, 1);
  const keys = Float64Array.from(
    new Set(Array.from({ length: Math.min(nKeys, Math.ceil(n / 2)) }, () => below(n + 1))),
  ).sort();
  return { parts, keys, numbers: keys.map(() => random() - 0.5), otherwise };
};

const usualOnDay = lookup([origin, part('dayOfWeek', 7)], 0);
const planned = (usual: Lookup, share = 0.5): Feature => ({
  ...{ name: 'planned', step: 'planned', input: 'inHour', day: 'onDay' },
  ...{ share, usualOnDay, usual },
});
const looked = (of: Lookup): Feature => ({ name: 'looked', step: 'lookup', ...of });

const hashed = lookup([airline, flightNumber, part('hour', 24)], Number.NaN, 5000);
const FEATURES: readonly Feature[] = [
  { name: 'number', step: 'number', input: 'miles' },
  { name: 'marked', step: 'number', input: 'miles', missingNumber: -999.1 },
  { name: 'nowhere', step: 'number', input: 'miles', missingNumber: Number.NaN },
  { name: 'code', step: 'code', input: 'airline' },
  { name: 'equals', step: 'equals', input: 'airline', value: 'airline7' },
  { name: 'unknown', step: 'equals', input: 'airline', value: 'nobody' },
  { name: 'scale', step: 'scale', input: 'miles', shift: 0.1, scale: 3 },
  { name: 'scaled', step: 'scale', input: 'miles', shift: 0.1, scale: 3, missing: 7 },
  { name: 'line', step: 'line', input: 'miles', factor: 0.3, offset: 0.7 },
  { name: 'lined', step: 'line', input: 'miles', factor: 0.3, offset: 0.7, missing: -2 },
  { name: 'minuteOfDay', step: 'minuteOfDay', input: 'departure' },
  { name: 'hour', step: 'hour', input: 'arrival' },
  { name: 'dayOfWeek', step: 'dayOfWeek', input: 'departure' },
  { name: 'dayOfYear', step: 'dayOfYear', input: 'departure' },
  { name: 'month', step: 'month', input: 'departure' },
  { name: 'elapsed', step: 'elapsedMinutes', from: 'departure', to: 'arrival' },
  looked(lookup([airline], Number.NaN)),
  looked(lookup([], 0.25)),
  looked({ parts: [], keys: Float64Array.of(0), numbers: Float64Array.of(0.75), otherwise: 0.25 }),
  looked(lookup([origin, part('hour', 24)], -1)),
  looked(lookup([origin, part('hour', 24), airline], Number.NaN)),
  looked(lookup([part('minuteOfDay', 1440, 'arrival'), origin], 0)),
  looked(lookup([part('day', 20_000), origin], 0)),
  looked(lookup([part('month', 13), origin], 0)),
  looked(hashed),
  looked({ ...hashed, otherwise: 4 }),
  looked({ ...hashed, keys: hashed.keys.slice(0, 1), numbers: hashed.numbers.slice(0, 1) }),
  looked({ ...hashed, keys: new Float64Array(0), numbers: new Float64Array(0) }),
  planned(lookup([origin, part('dayOfWeek', 7), part('hour', 24)], 0)),
  planned(lookup([airline, flightNumber], 3)),
  planned(lookup([], Number.NaN), 1.5),
  {
    ...{ name: 'chain', step: 'chain', of: { name: 'x', step: 'number', input: 'miles' } },
    operations: [{ do: 'function', function: 'log1p' }],
  },
];

const ODD = [Number.NaN, 0, -0, -1, 0.5, 2.5, 1e300, -1e300, Infinity, -Infinity, -999.1, 16, 9000];

const randomOf = ({ kind, values = [] }: Input): number => {
  if (random() < 0.15) return ODD[below(ODD.length)]!;
  if (kind === 'category') return below(values.length);
  return kind === 'time' ? below(40_000_000) - 5_000_000 : below(80) - 10;
};

const same = (a: Float64Array, b: Float64Array): number[] =>
  [...a.keys()].filter((i) => !Object.is(a[i], b[i]));

test('the features of 20,000 flights, in blocks and one by one, have the bits of the encoder', () => {
  expect(isTable(hashed)).toBe(false);
  expect(FEATURES.filter((feature) => !isEmitted(feature)).map(({ name }) => name)).toEqual([
    'dayOfYear',
    'month',
    'looked',
    'chain',
  ]);
  const [nInputs, nFeatures] = [INPUTS.length, FEATURES.length];
  const encoding = { inputs: INPUTS, features: FEATURES };
  const scorer = buildScorer([], nFeatures, undefined, encoding);
  const encode = buildEncoder(INPUTS, FEATURES);
  for (let block = 0; block < 80; block++) {
    const raw = new Float64Array((BATCH_ROWS + 1) * nInputs);
    for (let i = 0; i < raw.length; i++) raw[i] = randomOf(INPUTS[i % nInputs]!);
    const expected = new Float64Array(BATCH_ROWS * nFeatures);
    encode(raw, nInputs, expected, 0, BATCH_ROWS);
    scorer.features.fill(-7);
    scorer.encode(raw, nInputs, BATCH_ROWS);
    expect(same(scorer.features, expected)).toEqual([]);
    for (let row = 0; row < BATCH_ROWS; row += 16) {
      scorer.encode(raw, (row + 1) * nInputs, 1);
      const [own, right] = [scorer.features, expected].map((all, which) =>
        all.subarray(which * row * nFeatures, (which * row + 1) * nFeatures),
      );
      expect(same(own!, right!)).toEqual([]);
    }
  }
});

test('a model whose features are all left to the encoder, or told to be, has them too', () => {
  const features = FEATURES.filter((feature) => !isEmitted(feature));
  const raw = Float64Array.from(INPUTS, (own) => (own.kind === 'time' ? 22_618_800 : 1));
  const expected = new Float64Array(FEATURES.length);
  for (const [own, kernel] of [
    [features, undefined],
    [FEATURES, 'reference'],
  ] as const) {
    buildEncoder(INPUTS, own)(raw, 0, expected, 0);
    const scorer = buildScorer([], own.length, kernel, { inputs: INPUTS, features: own });
    scorer.encode(raw, 0, 1);
    expect([...scorer.features.subarray(0, own.length)]).toEqual([
      ...expected.subarray(0, own.length),
    ]);
  }
});
