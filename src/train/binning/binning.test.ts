import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { binInto, buildCategoryBins, buildQuantityBins } from './binning.ts';

const binsOf = (of: ReturnType<typeof buildQuantityBins>, values: Float64Array): Uint8Array => {
  const into = new Uint8Array(values.length);
  binInto(of, values, into);
  return into;
};

describe('bins of a quantity', () => {
  test('hold each value between their edges, and the missing in bin 0', () => {
    const numbers = fc.oneof(
      fc.double({ noNaN: true }),
      fc.integer({ min: -5, max: 5 }),
      fc.constant(Number.NaN),
    );
    fc.assert(
      fc.property(
        fc.array(numbers, { maxLength: 400 }),
        fc.integer({ min: 2, max: 256 }),
        (list, most) => {
          const values = Float64Array.from(list);
          const of = buildQuantityBins(values, values.length, most, 1);
          if (of.kind !== 'quantity') throw new Error('another kind');
          expect(of.nBins).toBeLessThanOrEqual(Math.max(2, most));
          binsOf(of, values).forEach((bin, row) => {
            const value = values[row]!;
            if (Number.isNaN(value)) expect(bin).toBe(0);
            else {
              expect(value <= of.edges[bin - 1]!).toBe(true);
              expect(bin === 1 || value > of.edges[bin - 2]!).toBe(true);
            }
          });
        },
      ),
    );
  });

  test('are one per value where values are few', () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => i % 10);
    expect(buildQuantityBins(values, 1000).nBins).toBe(11);
  });

  test('share rows evenly where values are many', () => {
    const values = Float64Array.from({ length: 50_000 }, (_, i) => Math.sqrt(i));
    const of = buildQuantityBins(values, values.length, 51);
    const counts = new Array<number>(of.nBins).fill(0);
    for (const bin of binsOf(of, values)) counts[bin]! += 1;
    expect(Math.max(...counts)).toBeLessThan(1100);
  });
});

describe('bins of a category', () => {
  test('give the frequent codes their own and the rest one together', () => {
    const values = Float64Array.from([5, 5, 5, 2, 2, 9, Number.NaN]);
    const of = buildCategoryBins(values, values.length, 4);
    expect(of).toMatchObject({ nBins: 4, codes: Int32Array.of(-1, -1, 2, 5) });
    const into = new Uint8Array(8);
    binInto(of, Float64Array.from([...values, 700]), into);
    expect([...into]).toEqual([3, 3, 3, 2, 2, 1, 0, 1]);
  });
});
