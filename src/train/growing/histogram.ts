/**
 * Step 2: histograms, the sums of gradient and hessian per bin, exact because they are whole numbers.
 *
 * A row's gradient g and hessian h are quantised (see `loss`) and lie together in one int32, g * 65536 + h.
 * A bin is two neighbouring int32: [sum of h (as uint32), sum of g]; read as one little-endian int64
 * it is sum(g) * 2^32 + sum(h), so that a kernel may add and subtract both at once.
 *
 * A leaf's histogram is the sum of its children's: only the smaller child's is filled, the larger one's is what is left.
 */
import type { Bins } from '../binning/binning.ts';
import type { BinnedRows } from './training-rows.ts';

/** Where each feature's bins start; the last entry is the number of bins of all features. */
export const binOffsets = (bins: readonly Bins[]): Int32Array => {
  const offsets = new Int32Array(bins.length + 1);
  bins.forEach((of, f) => {
    offsets[f + 1] = offsets[f]! + of.nBins;
  });
  return offsets;
};

/** A stretch of a list of rows: `rows[begin .. end)`. */
export interface RowRange {
  readonly rows: Int32Array;
  readonly begin: number;
  readonly end: number;
}

/**
 * Adds the rows of a range to `histogram`. The slow twin of the emitted kernel.
 * @param gradients int32, shape (nRows): packed as above
 */
export const addRows = (
  histogram: Int32Array,
  { bins, nRows, offsets, data }: BinnedRows,
  gradients: Int32Array,
  { rows, begin, end }: RowRange,
): void => {
  for (let i = begin; i < end; i++) {
    const row = rows[i]!;
    const packed = gradients[row]!;
    const g = packed >> 16;
    const h = packed & 0xffff;
    for (let f = 0; f < bins.length; f++) {
      const cell = 2 * (offsets[f]! + data[f * nRows + row]!);
      histogram[cell]! += h;
      histogram[cell + 1]! += g;
    }
  }
};

/** `larger` = parent - smaller, in the parent's place. */
export const subtract = (parent: Int32Array, smaller: Int32Array): void => {
  for (let i = 0; i < parent.length; i++) parent[i]! -= smaller[i]!;
};

/** Sums of all rows of a histogram, from the bins of the feature that comes first in it. @param at where it starts, in int32 */
export const sumsOf = (
  histogram: Int32Array,
  at: number,
  { nBins }: Bins,
): { readonly g: number; readonly h: number } => {
  let g = 0;
  let h = 0;
  for (let bin = 0; bin < nBins; bin++) {
    h += histogram[at + 2 * bin]! >>> 0;
    g += histogram[at + 2 * bin + 1]!;
  }
  return { g, h };
};
