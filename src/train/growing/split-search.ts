/**
 * The best split of a leaf from its histogram: thresholds for quantities, sets for categories.
 * Third step of the algorithm.
 *
 * gain = G_left^2 / (H_left + l2) + G_right^2 / (H_right + l2) - G^2 / (H + l2)
 * @source LightGBM, src/treelearner/feature_histogram.cpp (categories: sorted by G / (H + smooth), scanned from both ends)
 */
import type { Bins } from '../binning/binning.ts';
import { scanCategory } from './category-scan.ts';
import type { LeafSums, Scales } from './leaf-value.ts';
import { scanQuantity } from './quantity-scan.ts';
import type { Split, SplitSettings } from './split.ts';

/**
 * Finds the best split over the features whose `allowed` is 1 (all when null); `into.feature` is -1 when there is none.
 * Ties go to the lower feature, then the lower bin.
 * @param at where the leaf's histogram starts in `histogram`, in int32
 * @param offsets where each feature's bins start in it, in bins
 */
export const findSplit = (
  histogram: Int32Array,
  at: number,
  bins: readonly Bins[],
  offsets: Int32Array,
  leaf: LeafSums,
  scales: Scales,
  settings: SplitSettings,
  allowed: Uint8Array | null,
  into: Split,
): void => {
  into.feature = -1;
  into.gain = settings.minGain;
  for (let f = 0; f < bins.length; f++) {
    if (allowed !== null && allowed[f] === 0) continue;
    const of = bins[f]!;
    if (of.kind === 'quantity')
      scanQuantity(histogram, at + 2 * offsets[f]!, of.nBins, f, leaf, scales, settings, into);
    else scanCategory(histogram, at + 2 * offsets[f]!, of.nBins, f, leaf, scales, settings, into);
  }
};
