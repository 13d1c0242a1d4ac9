/**
 * Step 3: the best split of a leaf from its histogram: thresholds for quantities, sets for categories.
 *
 *   gain = G_left^2 / (H_left + l2) + G_right^2 / (H_right + l2) - G^2 / (H + l2)
 *
 * How many rows a bin holds is not counted; it is estimated from its hessian, as LightGBM does.
 * @source LightGBM, src/treelearner/feature_histogram.cpp (categories: sorted by G / (H + smooth), scanned from both ends)
 */
import type { Bins } from '../binning/binning.ts';
import { type Bounds, leafGain, leafValue, type Scales } from './leaf-value.ts';
import { WORDS_PER_SET } from './tree.ts';

/** What may be a split. */
export interface SplitSettings {
  readonly l2: number;
  /** Nodes between the root and a leaf that is still split: fewer than this. */
  readonly maxDepth: number;
  readonly minRowsPerLeaf: number;
  readonly minHessianPerLeaf: number;
  /** A split must gain more than this. */
  readonly minGain: number;
  /** Added to the hessian of a category before its categories are sorted. */
  readonly categorySmooth: number;
  /** Added to l2 where the gain of a set of categories is computed. */
  readonly categoryL2: number;
  readonly maxCategoriesPerSet: number;
  readonly minRowsPerCategory: number;
  /** Per feature: 1 where the answer must not fall as the value rises, -1 where it must not rise, 0 free. */
  readonly monotone: Int8Array;
}

/** What the search of every leaf of one tree has in common. */
export interface SplitContext {
  readonly bins: readonly Bins[];
  /** int32, shape (nFeatures) or more: where each allowed feature's bins start in a histogram, in bins. */
  readonly offsets: Int32Array;
  readonly settings: SplitSettings;
  readonly scales: Scales;
  /** uint8, shape (nFeatures): 0 where this tree must not use the feature; null where it may use all. */
  readonly allowed: Uint8Array | null;
  /** A fast search for the threshold of a quantity, where there is one. */
  readonly searchFree?: SearchFree;
}

/** One quantity of a leaf without bounds, whose answers may rise or fall with it. */
interface FreeQuantity {
  /** Where its bins start in a histogram, in int32. */
  readonly at: number;
  readonly nBins: number;
  /** Quantised sums of the leaf. */
  readonly g: number;
  readonly h: number;
  readonly scales: Scales;
  readonly l2: number;
  /** Gain of the leaf as it is. */
  readonly parent: number;
  /** Least quantised hessian of a child. */
  readonly minH: number;
}

/** Fills `into` with the best threshold, where it gains more than what is there. @returns whether it does */
export type SearchFree = (quantity: FreeQuantity, into: Split) => boolean;

/** A leaf to be split. */
interface LeafHistogram {
  readonly histogram: Int32Array;
  /** Where its own histogram starts in `histogram`, in int32. */
  readonly at: number;
  readonly nRows: number;
  /** Sums of quantised gradient and hessian. */
  readonly g: number;
  readonly h: number;
  readonly bounds: Bounds;
}

/** A split of a leaf; one such record is filled again and again. */
export interface Split {
  gain: number;
  /** -1 where there is no split. */
  feature: number;
  /** Bins up to this one go left; of no meaning for a category. */
  bin: number;
  isSet: boolean;
  missingLeft: boolean;
  /** uint32, shape (8): for a category, the bins that go left. */
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

/** Whether a leaf of so many rows at this depth may have children. */
export const isSplittable = (settings: SplitSettings, nRows: number, depth: number): boolean =>
  depth < settings.maxDepth && nRows >= 2 * settings.minRowsPerLeaf;

/**
 * Fills `into` with the best split over the allowed features; `into.feature` is -1 when there is none.
 * Ties go to the lower feature, then the lower bin.
 * @cost O(bins of the allowed features)
 */
export const findBestSplit = (context: SplitContext, leaf: LeafHistogram, into: Split): void => {
  const { bins, settings, allowed } = context;
  into.feature = -1;
  into.gain = settings.minGain;
  for (let f = 0; f < bins.length; f++) {
    if (allowed !== null && allowed[f] === 0) continue;
    if (bins[f]!.kind === 'quantity') scanQuantity(context, leaf, f, into);
    else scanCategory(context, leaf, f, into);
  }
};

/** The best threshold of a quantity, if it is better than `into`: all bins from the left, missing rows on either side. */
const scanQuantity = (
  { bins, offsets, settings, scales, searchFree }: SplitContext,
  leaf: LeafHistogram,
  feature: number,
  into: Split,
): void => {
  const { l2, minRowsPerLeaf, minHessianPerLeaf } = settings;
  const { histogram, bounds } = leaf;
  const first = leaf.at + 2 * offsets[feature]!;
  const nBins = bins[feature]!.nBins;
  const direction = settings.monotone[feature]!;
  const isFree =
    direction === 0 &&
    bounds.low === Number.NEGATIVE_INFINITY &&
    bounds.high === Number.POSITIVE_INFINITY;
  const leafG = leaf.g;
  const leafH = leaf.h;
  const gs = scales.g;
  const hs = scales.h;
  const rowsPerH = leaf.nRows / leafH;
  const minH = Math.max(minHessianPerLeaf / hs, minRowsPerLeaf / rowsPerH);
  const parent = leafGain(leafG * gs, leafH * hs, l2, bounds);
  const missingH = histogram[first]! >>> 0;
  const missingG = histogram[first + 1]!;
  if (isFree && searchFree) {
    const [g, h] = [leafG, leafH];
    if (searchFree({ at: first, nBins, g, h, scales, l2, parent, minH }, into)) {
      into.feature = feature;
      into.isSet = false;
      // Where the leaf saw no missing row, one will follow the larger child.
      if (missingH === 0) into.missingLeft = into.leftH > leafH - into.leftH;
    }
    return;
  }
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
      if (h < minH) continue;
      const restH = leafH - h;
      if (restH < minH) break;
      if (binH === 0) continue;
      const gl = g * gs;
      const hl = h * hs + l2;
      const gr = (leafG - g) * gs;
      const hr = restH * hs + l2;
      let gain: number;
      if (isFree) gain = (gl * gl) / hl + (gr * gr) / hr - parent;
      else {
        const leftValue = leafValue(gl, h * hs, l2, bounds);
        const rightValue = leafValue(gr, restH * hs, l2, bounds);
        if (direction * (rightValue - leftValue) < 0) continue;
        gain = leafGain(gl, h * hs, l2, bounds) + leafGain(gr, restH * hs, l2, bounds) - parent;
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

/** Bins of the category at hand by rising gradient over hessian, and that ratio by bin. */
const order = new Int32Array(256);
const ratio = new Float64Array(256);

/** So few categories are tried one by one, not as sets. */
const ONE_BY_ONE = 4;

/**
 * The best set of a category, if it is better than `into`: its bins sorted by gradient over hessian, taken from
 * either end; where there are few, each by itself.
 */
const scanCategory = (
  { bins, offsets, settings, scales }: SplitContext,
  leaf: LeafHistogram,
  feature: number,
  into: Split,
): void => {
  const { histogram, bounds } = leaf;
  const first = leaf.at + 2 * offsets[feature]!;
  const nBins = bins[feature]!.nBins;
  const leafG = leaf.g;
  const leafH = leaf.h;
  const gs = scales.g;
  const hs = scales.h;
  const rowsPerH = leaf.nRows / leafH;
  const minH = Math.max(settings.minHessianPerLeaf / hs, settings.minRowsPerLeaf / rowsPerH);
  const groupH = settings.minRowsPerCategory / rowsPerH;
  const parent = leafGain(leafG * gs, leafH * hs, settings.l2, bounds);
  const oneByOne = nBins - 2 <= ONE_BY_ONE;
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
  const maxTaken = oneByOne ? 1 : Math.min(settings.maxCategoriesPerSet, (n + 1) >> 1);
  const nStarts = oneByOne ? n : 2;
  for (let start = 0; start < nStarts; start++) {
    let g = 0;
    let h = 0;
    let inGroup = 0;
    for (let taken = 0; taken < maxTaken; taken++) {
      const place = oneByOne ? start : start === 0 ? taken : n - 1 - taken;
      const cell = first + 2 * order[place]!;
      const binH = histogram[cell]! >>> 0;
      g += histogram[cell + 1]!;
      h += binH;
      inGroup += binH;
      if (h < minH || (!oneByOne && inGroup < groupH)) continue;
      const restH = leafH - h;
      if (restH < minH || (!oneByOne && restH < groupH)) break;
      inGroup = 0;
      const gain =
        leafGain(g * gs, h * hs, l2, bounds) +
        leafGain((leafG - g) * gs, restH * hs, l2, bounds) -
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

/** Sorts `order[0 .. n)` by rising ratio, ties by bin: Shell's sort. @source Ciura 2001 (the gaps) */
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
