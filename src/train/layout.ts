/**
 * Where everything lies in the memory that the learner's threads share.
 * Stands below `engine` and `thread`; holds numbers only, so it can be sent to a thread.
 */
import type { Bins } from './binning.ts';
import { binOffsets } from './histogram.ts';
import { BLOCK_ROWS, recordBytesOf } from './kernels.ts';

export interface Layout {
  readonly nRows: number;
  readonly nFeatures: number;
  readonly nThreads: number;
  readonly nNodes: number;
  readonly nSlots: number;
  /** Room for the final leaves of a tree. */
  readonly nRanges: number;
  readonly offsets: Int32Array;
  readonly recordBytes: number;
  /** Bytes of one histogram, a multiple of 16. */
  readonly histogramBytes: number;
  readonly controlAt: number;
  readonly nodesAt: number;
  readonly boundsAt: number;
  readonly tablesAt: number;
  /** One block of records per thread. */
  readonly blocksAt: number;
  readonly blockBytes: number;
  readonly contextAt: number;
  readonly middlesAt: number;
  readonly recordsAt: number;
  readonly columnsAt: number;
  readonly columnBytes: number;
  readonly marksAt: number;
  readonly valuesAt: number;
  readonly scoresAt: number;
  readonly labelsAt: number;
  readonly rowsAt: number;
  readonly scratchAt: number;
  readonly histogramsAt: number;
  readonly nPages: number;
}

/** Bytes of one node's record (see `node-table`). */
export const NODE_BYTES = 160;
export const CONTROL_BYTES = 256;
const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_535;

export const layoutOf = (
  bins: readonly Bins[],
  nRows: number,
  nLeaves: number,
  nThreads: number,
): Layout => {
  const offsets = binOffsets(bins);
  const nFeatures = bins.length;
  const recordBytes = recordBytesOf(nFeatures);
  const histogramBytes = Math.ceil((8 * offsets[nFeatures]!) / 16) * 16;
  const columnBytes = Math.ceil(nRows / 64) * 64;
  const nNodes = 4 * nLeaves + 64;
  const nSlots = 2 * nLeaves + nThreads + 16;
  let next = 64;
  const take = (nBytes: number): number => {
    const at = next;
    next = Math.ceil((at + nBytes) / 64) * 64;
    return at;
  };
  const layout = {
    nRows,
    nFeatures,
    nThreads,
    nNodes,
    nSlots,
    nRanges: nLeaves,
    offsets,
    recordBytes,
    histogramBytes,
    controlAt: take(CONTROL_BYTES),
    nodesAt: take(nNodes * NODE_BYTES),
    boundsAt: take(nLeaves * 8),
    valuesAt: take(nLeaves * 8),
    tablesAt: take(256 * nThreads),
    blockBytes: BLOCK_ROWS * recordBytes,
    blocksAt: take(BLOCK_ROWS * recordBytes * nThreads),
    contextAt: take(64 + nFeatures),
    middlesAt: take(4 * nThreads),
    // Gradients are renewed four rows at a time, so three records may follow the last.
    recordsAt: take((nRows + 3) * recordBytes),
    columnBytes,
    columnsAt: take(columnBytes * nFeatures),
    marksAt: take(nRows * 2),
    scoresAt: take(nRows * 8),
    labelsAt: take(nRows),
    rowsAt: take(nRows * 4),
    scratchAt: take(nRows * 4),
    histogramsAt: take(nSlots * histogramBytes),
  };
  const nPages = Math.ceil(next / PAGE_BYTES);
  if (nPages > MAX_PAGES)
    throw new RangeError(`${nRows} rows of ${nFeatures} features need more than 4 GiB`);
  return { ...layout, nPages };
};
