/**
 * The best threshold of a quantity: all bins from the left, missing rows on either side.
 * Called by `splitting`, feature by feature.
 */
import { type LeafSums, leafValue, type Scales, worth } from './leaf-value.ts';
import type { Split, SplitSettings } from './split.ts';

/** Writes into `into` where a threshold of the feature, whose histogram starts at `first`, is better than what it holds. */
export const scanQuantity = (
  histogram: Int32Array,
  first: number,
  nBins: number,
  feature: number,
  leaf: LeafSums,
  scales: Scales,
  settings: SplitSettings,
  into: Split,
): void => {
  const { l2, minRowsPerLeaf, minHessianPerLeaf } = settings;
  const { low, high } = leaf;
  const direction = settings.monotone[feature]!;
  const isFree =
    direction === 0 && low === Number.NEGATIVE_INFINITY && high === Number.POSITIVE_INFINITY;
  const gs = scales.g;
  const hs = scales.h;
  const rowsPerH = leaf.nRows / leaf.h;
  const leastH = Math.max(minHessianPerLeaf / hs, minRowsPerLeaf / rowsPerH);
  const parent = worth(leaf.g * gs, leaf.h * hs, l2, low, high);
  const missingH = histogram[first]! >>> 0;
  const missingG = histogram[first + 1]!;
  for (let side = 0; side < (missingH > 0 ? 2 : 1); side++) {
    let g = side === 1 ? missingG : 0;
    let h = side === 1 ? missingH : 0;
    // The last bin is a split only where the missing rows are all that goes right.
    const last = side === 0 && missingH > 0 ? nBins : nBins - 1;
    for (let bin = 1; bin < last; bin++) {
      const cell = first + 2 * bin;
      const binH = histogram[cell]! >>> 0;
      g += histogram[cell + 1]!;
      h += binH;
      if (h < leastH) continue;
      const restH = leaf.h - h;
      if (restH < leastH) break;
      if (binH === 0) continue;
      const gl = g * gs;
      const hl = h * hs + l2;
      const gr = (leaf.g - g) * gs;
      const hr = restH * hs + l2;
      let gain: number;
      if (isFree) gain = (gl * gl) / hl + (gr * gr) / hr - parent;
      else {
        const leftValue = leafValue(gl, h * hs, l2, low, high);
        const rightValue = leafValue(gr, restH * hs, l2, low, high);
        if (direction * (rightValue - leftValue) < 0) continue;
        gain = worth(gl, h * hs, l2, low, high) + worth(gr, restH * hs, l2, low, high) - parent;
      }
      if (gain > into.gain) {
        into.gain = gain;
        into.feature = feature;
        into.bin = bin;
        into.isSet = false;
        // Where the leaf saw no missing row, one will follow the larger child.
        into.missingLeft = missingH > 0 ? side === 1 : h > restH;
        into.leftG = g;
        into.leftH = h;
      }
    }
  }
};
