/**
 * Histograms: sums of gradient and hessian per bin, exact because they are whole numbers.
 * Second step of the algorithm.
 *
 * A row's gradient g and hessian h are quantised (see `loss`) and lie together in one int32, g * 65536 + h.
 * A bin is two neighbouring int32: [sum of h (as uint32), sum of g]; read as one little-endian int64
 * it is sum(g) * 2^32 + sum(h), so that a kernel may add and subtract both at once.
 */
import type { Bins } from '../binning/binning.ts';

/** Where each feature's bins start; the last entry is the number of bins of all features. */
export const binOffsets = (bins: readonly Bins[]): Int32Array => {
  const offsets = new Int32Array(bins.length + 1);
  bins.forEach((of, f) => {
    offsets[f + 1] = offsets[f]! + of.nBins;
  });
  return offsets;
};

/**
 * Adds the rows `rows[begin .. end)` to `histogram`. The slow twin of the emitted kernel.
 * @param bins uint8, shape (nFeatures, nRows), feature by feature
 * @param gradients int32, shape (nRows): packed as above
 */
export const addRows = (
  histogram: Int32Array,
  bins: Uint8Array,
  nRows: number,
  offsets: Int32Array,
  gradients: Int32Array,
  rows: Int32Array,
  begin: number,
  end: number,
): void => {
  const nFeatures = offsets.length - 1;
  for (let i = begin; i < end; i++) {
    const row = rows[i]!;
    const packed = gradients[row]!;
    const g = packed >> 16;
    const h = packed & 0xffff;
    for (let f = 0; f < nFeatures; f++) {
      const cell = 2 * (offsets[f]! + bins[f * nRows + row]!);
      histogram[cell]! += h;
      histogram[cell + 1]! += g;
    }
  }
};

/** `larger` = parent - smaller, in the parent's place. */
export const subtract = (parent: Int32Array, smaller: Int32Array): void => {
  for (let i = 0; i < parent.length; i++) parent[i]! -= smaller[i]!;
};
