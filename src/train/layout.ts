/**
 * Where everything lies in the memory that the learner's threads share.
 * Stands below `engine` and `thread`; holds numbers only, so it can be sent to a thread.
 */
import type { Bins } from './binning.ts';
import { binOffsets } from './histogram.ts';
import { recordBytesOf } from './kernels.ts';

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
  readonly rangesAt: number;
  readonly tablesAt: number;
  readonly contextAt: number;
  readonly middlesAt: number;
  readonly recordsAt: number;
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
    rangesAt: take(nLeaves * 16),
    tablesAt: take(256 * nThreads),
    contextAt: take(64 + nFeatures),
    middlesAt: take(4 * nThreads),
    recordsAt: take(nRows * recordBytes),
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
