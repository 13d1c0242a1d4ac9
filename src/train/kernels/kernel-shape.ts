/**
 * The shape of the table that kernels are emitted for: where its rows, columns and scores lie in memory.
 *
 * A row is a record of `recordBytes`: its packed gradient (int32), then one bin per feature.
 */

export interface KernelShape {
  readonly nFeatures: number;
  readonly offsets: Int32Array;
  readonly recordBytes: number;
  /** Where the records start, and the bins once more, feature by feature, `columnBytes` apart. */
  readonly recordsAt: number;
  readonly columnsAt: number;
  readonly columnBytes: number;
  /** float64 per leaf of the last tree: its value; int32 twice per leaf: the [begin, end) of its rows. */
  readonly valuesAt: number;
  readonly boundsAt: number;
  readonly scoresAt: number;
  readonly labelsAt: number;
}

export const RECORD_HEAD_BYTES = 4;
/** Records that are copied together at a time. */
export const GATHER_ROWS = 256;
/** Rows whose leaves are marked and whose gradients are renewed at a time: what they touch stays in the cache. */
export const MARK_ROWS = 32_768;

export const recordBytesOf = (nFeatures: number): number =>
  RECORD_HEAD_BYTES + Math.ceil(nFeatures / 4) * 4;
