import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { countedQuantiles, sampleQuantile } from './quantile.ts';

/** By sorting, as the textbook has it (Hyndman and Fan 1996, type 7). */
const bySorting = (numbers: readonly number[], level: number): number => {
  const sorted = Float64Array.from(numbers).sort();
  const place = level * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.ceil(place);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (place - low);
};

describe('a quantile', () => {
  test.each<[string, number[], number, number]>([
    ['the median of an odd number', [3, 1, 2, 5, 4], 0.5, 3],
    ['the median of an even number, midway', [4, 1, 3, 2], 0.5, 2.5],
    ['a number of its own place', [50, 10, 40, 20, 30], 0.25, 20],
    ['six tenths of the way between two', [50, 10, 40, 20, 30], 0.9, 46],
    ['the smallest at 0', [7, -3, 12], 0, -3],
    ['the largest at 1', [7, -3, 12], 1, 12],
    ['one number at any level', [42], 0.8, 42],
    ['equal numbers', [5, 5, 5, 5], 0.3, 5],
    ['none: 0', [], 0.5, 0],
  ])('is %s', (_, numbers, level, expected) => {
    expect(sampleQuantile(Float64Array.from(numbers), level)).toBeCloseTo(expected, 12);
  });

  test('is the one that sorting finds, with ties and without', () => {
    const number = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (numbers, level) => {
          const expected = bySorting(numbers, level);
          expect(sampleQuantile(Float64Array.from(numbers), level) + 0).toBe(expected + 0);
        },
      ),
    );
  });

  test('of whole numbers is the same by counting; others are not counted', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (numbers, level) => {
          const own = Float64Array.from(numbers);
          expect(countedQuantiles(own)!(level)).toBe(sampleQuantile(own, level));
        },
      ),
    );
    for (const other of [0.5, -1, 65_536, Number.NaN])
      expect(countedQuantiles(Float64Array.of(1, other))).toBeNull();
  });

  test('reorders the numbers, and loses none', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 30 }), (numbers) => {
        const own = Float64Array.from(numbers);
        sampleQuantile(own, 0.8);
        expect(own.sort()).toEqual(Float64Array.from(numbers).sort());
      }),
    );
  });
});
