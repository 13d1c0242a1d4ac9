/**
 * The best split of a leaf from its histogram: thresholds for quantities, sets for categories.
 * Third step of the algorithm.
 *
 * gain = G_left^2 / (H_left + l2) + G_right^2 / (H_right + l2) - G^2 / (H + l2)
 * @source LightGBM, src/treelearner/feature_histogram.cpp (categories: sorted by G / (H + smooth), scanned from both ends)
 */
import type { Bins } from './binning.ts';
import { WORDS_PER_SET } from './tree.ts';

export interface SplitSettings {
  readonly l2: number;
  readonly minRowsPerLeaf: number;
  readonly minHessianPerLeaf: number;
  /** Least gain that is worth a split. */
  readonly minGain: number;
  /** Added to the hessian of a category before its categories are sorted. */
  readonly categorySmooth: number;
  /** Added to l2 when a set of categories is judged. */
  readonly categoryL2: number;
  readonly maxCategoriesPerSet: number;
  readonly minRowsPerCategory: number;
  /** Per feature: 1 where the answer must not fall as the value rises, -1 where it must not rise, 0 free. */
  readonly monotone: Int8Array;
}

/** A leaf's sums and what its children may answer (monotone constraints). */
export interface LeafSums {
  /** Sums of quantised gradient and hessian. */
  readonly g: number;
  readonly h: number;
  readonly nRows: number;
  readonly low: number;
  readonly high: number;
}

/** Real gradient = quantised * g; real hessian = quantised * h. */
export interface Scales {
  readonly g: number;
  readonly h: number;
}

export interface Split {
  gain: number;
  feature: number;
  bin: number;
  isSet: boolean;
  missingLeft: boolean;
  readonly set: Uint32Array;
  /** Quantised sums of the left child. */
  leftG: number;
  leftH: number;
}

export const buildSplit = (): Split => ({
  gain: 0,
  feature: -1,
  bin: 0,
  isSet: false,
  missingLeft: false,
  set: new Uint32Array(WORDS_PER_SET),
  leftG: 0,
  leftH: 0,
});

/** Best value of a leaf, before shrinkage, inside its bounds. */
export const leafValue = (g: number, h: number, l2: number, low: number, high: number): number => {
  const value = h + l2 > 0 ? -g / (h + l2) : 0;
  return value < low ? low : value > high ? high : value;
};

/** How much a leaf lowers the loss (twice): exact also where a bound cuts the value. */
const worth = (g: number, h: number, l2: number, low: number, high: number): number => {
  const value = leafValue(g, h, l2, low, high);
  return -(2 * g * value + (h + l2) * value * value);
};

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

const scanQuantity = (
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

const order = new Int32Array(256);
const ratio = new Float64Array(256);

const scanCategory = (
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

export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/**
 * What the children of a split may answer: a constrained feature keeps the two sides apart at their middle.
 * @param direction 1 rising, -1 falling, 0 free
 * @source LightGBM, monotone constraints, method "basic"
 */
export const childBounds = (
  sums: Bounds & {
    readonly g: number;
    readonly h: number;
    readonly leftG: number;
    readonly leftH: number;
  },
  direction: number,
  scales: Scales,
  l2: number,
): { readonly left: Bounds; readonly right: Bounds } => {
  const { low, high } = sums;
  if (direction === 0) return { left: { low, high }, right: { low, high } };
  const value = (g: number, h: number): number =>
    leafValue(g * scales.g, h * scales.h, l2, low, high);
  const middle =
    (value(sums.leftG, sums.leftH) + value(sums.g - sums.leftG, sums.h - sums.leftH)) / 2;
  return direction > 0
    ? { left: { low, high: middle }, right: { low: middle, high } }
    : { left: { low: middle, high }, right: { low, high: middle } };
};
