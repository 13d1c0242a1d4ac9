/**
 * Sends the rows of a leaf to its two children, keeping their order.
 * Fourth step of the algorithm.
 */
import type { Split } from './split.ts';

/**
 * Reorders `rows[begin .. end)` so that the left child's rows stand first; stable.
 * @param bins uint8, shape (nFeatures, nRows), feature by feature
 * @returns where the right child starts
 */
export const partition = (
  rows: Int32Array,
  scratch: Int32Array,
  begin: number,
  end: number,
  bins: Uint8Array,
  nRows: number,
  split: Split,
): number => {
  const { feature, bin, isSet, missingLeft, set } = split;
  let left = begin;
  let right = 0;
  for (let i = begin; i < end; i++) {
    const row = rows[i]!;
    const b = bins[feature * nRows + row]!;
    const goesLeft =
      b === 0 ? missingLeft : isSet ? ((set[b >>> 5]! >>> (b & 31)) & 1) === 1 : b <= bin;
    if (goesLeft) rows[left++] = row;
    else scratch[right++] = row;
  }
  for (let i = 0; i < right; i++) rows[left + i] = scratch[i]!;
  return left;
};
