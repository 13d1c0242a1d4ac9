/**
 * A split of a leaf, and what may be one.
 */
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
