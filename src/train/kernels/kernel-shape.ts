/**
 * The shape of the table that kernels are emitted for: where its rows, columns and scores lie in memory.
 *
 * A row is a record of `recordBytes`: its packed gradient (int32), then one bin per feature of the tree that grows.
 */

export interface KernelShape {
  /** Features that a tree may use: so many bins a record has. */
  readonly nPerTree: number;
  /** int32, shape (nPerTree + 1): where the bins of each place in a record start in a histogram. */
  readonly placeOffsets: Int32Array;
  readonly recordBytes: number;
  /** int32 per place in a record, up to the next multiple of four: where its column starts. */
  readonly placeColumnsAt: number;
  /** Where the records start, and the bins of all features, feature by feature, `columnBytes` apart. */
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

/** Rows whose bins are written into their records at a time. */
export const PACK_ROWS = 16;

export const recordBytesOf = (nPerTree: number): number =>
  RECORD_HEAD_BYTES + 4 * wordsOf(nPerTree);

/** Words of four bins in a record. */
export const wordsOf = (nPerTree: number): number => Math.ceil(nPerTree / 4);
