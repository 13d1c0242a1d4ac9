/**
 * The best set of a category: sorted by gradient over hessian, taken from both ends; one by one where there are few.
 * Called by `splitting`, feature by feature.
 * @source LightGBM, src/treelearner/feature_histogram.cpp
 */
import { type LeafSums, type Scales, worth } from './leaf-value.ts';
import type { Split, SplitSettings } from './split.ts';

const order = new Int32Array(256);
const ratio = new Float64Array(256);

/** Writes into `into` where a set of the feature, whose histogram starts at `first`, is better than what it holds. */
export const scanCategory = (
  histogram: Int32Array,
  first: number,
  nBins: number,
  feature: number,
  leaf: LeafSums,
  scales: Scales,
  settings: SplitSettings,
  into: Split,
): void => {
  const { low, high } = leaf;
  const gs = scales.g;
  const hs = scales.h;
  const rowsPerH = leaf.nRows / leaf.h;
  const leastH = Math.max(settings.minHessianPerLeaf / hs, settings.minRowsPerLeaf / rowsPerH);
  const groupH = settings.minRowsPerCategory / rowsPerH;
  const parent = worth(leaf.g * gs, leaf.h * hs, settings.l2, low, high);
  const oneByOne = nBins - 2 <= 4;
  const l2 = oneByOne ? settings.l2 : settings.l2 + settings.categoryL2;
  const keptH = (oneByOne ? 1 : settings.categorySmooth) / rowsPerH;
  let n = 0;
  for (let bin = 2; bin < nBins; bin++) {
    const cell = first + 2 * bin;
    const h = histogram[cell]! >>> 0;
    if (h === 0 || h < keptH) continue;
    order[n++] = bin;
    ratio[bin] = (histogram[cell + 1]! * gs) / (h * hs + settings.categorySmooth);
  }
  if (n === 0) return;
  if (!oneByOne) sortByRatio(n);
  const nMost = oneByOne ? 1 : Math.min(settings.maxCategoriesPerSet, (n + 1) >> 1);
  const nStarts = oneByOne ? n : 2;
  for (let start = 0; start < nStarts; start++) {
    let g = 0;
    let h = 0;
    let inGroup = 0;
    for (let taken = 0; taken < nMost; taken++) {
      const place = oneByOne ? start : start === 0 ? taken : n - 1 - taken;
      const cell = first + 2 * order[place]!;
      const binH = histogram[cell]! >>> 0;
      g += histogram[cell + 1]!;
      h += binH;
      inGroup += binH;
      if (h < leastH || (!oneByOne && inGroup < groupH)) continue;
      const restH = leaf.h - h;
      if (restH < leastH || (!oneByOne && restH < groupH)) break;
      inGroup = 0;
      const gain =
        worth(g * gs, h * hs, l2, low, high) +
        worth((leaf.g - g) * gs, restH * hs, l2, low, high) -
        parent;
      if (gain > into.gain) {
        into.gain = gain;
        into.feature = feature;
        into.bin = 0;
        into.isSet = true;
        into.missingLeft = false;
        into.leftG = g;
        into.leftH = h;
        into.set.fill(0);
        for (let t = 0; t <= taken; t++) {
          const bin = order[oneByOne ? start : start === 0 ? t : n - 1 - t]!;
          into.set[bin >>> 5]! |= 1 << (bin & 31);
        }
      }
    }
  }
};

/** Sorts `order[0 .. n)` by rising ratio, ties by bin: gaps, then insertion. @source Ciura 2001 */
const sortByRatio = (n: number): void => {
  for (const gap of GAPS) {
    for (let i = gap; i < n; i++) {
      const bin = order[i]!;
      const key = ratio[bin]!;
      let j = i;
      while (j >= gap) {
        const other = order[j - gap]!;
        if (ratio[other]! < key || (ratio[other]! === key && other < bin)) break;
        order[j] = other;
        j -= gap;
      }
      order[j] = bin;
    }
  }
};

const GAPS = [132, 57, 23, 10, 4, 1] as const;
