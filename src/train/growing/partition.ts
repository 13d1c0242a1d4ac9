/**
 * Step 4: the partition, which sends the rows of a leaf to its two children, keeping their order.
 */
import type { RowRange } from './histogram.ts';
import type { Split } from './split-search.ts';
import type { BinnedRows } from './training-rows.ts';

/**
 * Reorders the rows of a range so that the left child's rows come first; stable. The slow twin of the emitted kernel.
 * @param scratch int32: room for as many rows
 * @returns where the right child starts
 */
export const partition = (
  { rows, begin, end }: RowRange,
  { data, nRows }: BinnedRows,
  { feature, bin, isSet, missingLeft, set }: Split,
  scratch: Int32Array,
): number => {
  let left = begin;
  let nRight = 0;
  for (let i = begin; i < end; i++) {
    const row = rows[i]!;
    const b = data[feature * nRows + row]!;
    const goesLeft =
      b === 0 ? missingLeft : isSet ? ((set[b >>> 5]! >>> (b & 31)) & 1) === 1 : b <= bin;
    if (goesLeft) rows[left++] = row;
    else scratch[nRight++] = row;
  }
  for (let i = 0; i < nRight; i++) rows[left + i] = scratch[i]!;
  return left;
};
