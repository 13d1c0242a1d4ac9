/** Inputs of a foreign model take the numbers for which its steps have answers, to the last bit. */
import { describe, expect, test } from 'bun:test';
import { buildEncoder, type Feature } from '../core/features.ts';
import { buildInputReader, type Input, SINGLE_LIMIT } from '../core/inputs.ts';
import type { Operation } from '../core/steps/operation.ts';
import { nextAbove, nextBelow } from './next-float.ts';
import { numberBounds } from './number-bounds.ts';

const delay: Input = { name: 'delay', kind: 'number', required: true, description: '' };
const number: Feature = { name: 'delay', step: 'number', input: 'delay' };
const chain = (of: Feature, ...operations: readonly Operation[]): Feature => ({
  name: 'f',
  step: 'chain',
  of,
  operations,
});
const log1p = { do: 'function', function: 'log1p' } as const;
const boundsOf = (...features: readonly Feature[]) => numberBounds([delay], features).get('delay')!;

const valueAt = (feature: Feature, x: number): number => {
  const out = new Float64Array(1);
  buildEncoder([delay], [feature])(Float64Array.of(x), 0, out, 0);
  return out[0]!;
};

test('a number that no step bends may be any of single precision', () => {
  expect(boundsOf(number)).toEqual({ least: -SINGLE_LIMIT, most: SINGLE_LIMIT });
});

describe('a bound is the last number with a finite answer', () => {
  test.each([
    ['log1p', chain(number, log1p)],
    ['the square root', chain(number, { do: 'function', function: 'sqrt' })],
    [
      'the logarithm after a scaler',
      chain({ name: '', step: 'scale', input: 'delay', shift: 3, scale: 7 }, log1p),
    ],
    [
      'the logarithm after a line',
      chain(
        { name: '', step: 'line', input: 'delay', factor: 0.3, offset: 2 },
        { do: 'function', function: 'log' },
      ),
    ],
    [
      'the logarithm of the other sign',
      chain(number, { do: 'function', function: 'negative' }, log1p),
    ],
    ['a logarithm of a logarithm', chain(number, log1p, { do: 'function', function: 'log' })],
  ])('%s', (_, feature) => {
    const { least, most } = boundsOf(feature);
    for (const inside of [least, most])
      expect(Number.isFinite(valueAt(feature, inside))).toBe(true);
    const [below, above] = [nextBelow(least), nextAbove(most)].map((x) => valueAt(feature, x));
    const isBounded = !Number.isFinite(below!) || !Number.isFinite(above!);
    expect(isBounded).toBe(true);
  });

  test('the exponential', () => {
    const { least, most } = boundsOf(chain(number, { do: 'function', function: 'exp' }));
    expect([least, most]).toEqual([-SINGLE_LIMIT, 709]);
  });

  const exp = { do: 'function', function: 'exp' } as const;
  const product: Feature = {
    name: '',
    step: 'product',
    of: [chain(number, exp), chain(number, exp)],
  };
  test.each([
    ['in single precision', chain(number, exp), SINGLE_LIMIT],
    ['after a line', chain(number, exp, { do: 'line', factor: 1e6, offset: 1 }), SINGLE_LIMIT],
    ['squared', chain(number, exp, { do: 'function', function: 'square' }), SINGLE_LIMIT],
    ['in a product', product, Number.MAX_VALUE],
    ['in a product in single precision', product, SINGLE_LIMIT],
  ])('the exponential below what the model takes: %s', (_, feature, limit) => {
    const { most } = numberBounds([delay], [feature], limit).get('delay')!;
    expect(valueAt(feature, most)).toBeLessThanOrEqual(limit * (1 + 1e-12));
    expect(valueAt(feature, most + 1e-6)).toBeGreaterThan(limit);
  });

  test('of several steps over one input the narrowest counts', () => {
    const { least, most } = boundsOf(
      chain(number, log1p),
      chain(number, { do: 'line', factor: -1, offset: 10 }, { do: 'function', function: 'sqrt' }),
    );
    expect(least).toBeGreaterThan(-1);
    expect(least).toBeLessThan(-0.999);
    expect(most).toBe(10);
  });
});

test('the root of a size needs no bound; the logarithm of one cannot be told, as 0 has none', () => {
  const size = { do: 'function', function: 'abs' } as const;
  expect(boundsOf(chain(number, size, { do: 'function', function: 'sqrt' })).least).toBe(
    -SINGLE_LIMIT,
  );
  expect(() => boundsOf(chain(number, size, { do: 'function', function: 'log' }))).toThrow(
    'takes the log after such a step',
  );
  expect(() => boundsOf(chain({ name: '', step: 'product', of: [number, number] }, log1p))).toThrow(
    'takes the log1p of what other steps make',
  );
});

test('a request beyond a bound is a fault that says the bound', () => {
  const faultsOf = (input: Partial<Input>, value: number): string[] =>
    buildInputReader([{ ...delay, ...input }])({ delay: value }, new Float64Array(1), 0).faults.map(
      ({ detail }) => detail,
    );
  expect(faultsOf({ least: 0, most: SINGLE_LIMIT }, -5)).toEqual(['delay must be at least 0']);
  expect(faultsOf({ least: 0, most: 9 }, 10)).toEqual(['delay must lie between 0 and 9']);
  expect(faultsOf({ least: -SINGLE_LIMIT, most: 9 }, 10)).toEqual(['delay must be at most 9']);
  expect(faultsOf({ least: -SINGLE_LIMIT, most: SINGLE_LIMIT }, 1e39)).toEqual([
    'delay must fit single precision',
  ]);
  expect(faultsOf({ least: 0, most: 9 }, 9)).toEqual([]);
});
