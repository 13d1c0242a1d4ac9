/**
 * Where everything lies in the memory that the learner's threads share.
 */
import type { Bins } from '../binning/binning.ts';
import { binOffsets } from '../growing/histogram.ts';
import {
  GATHER_ROWS,
  MARK_ROWS,
  PACK_ROWS,
  recordBytesOf,
  wordsOf,
} from '../kernels/kernel-shape.ts';

export interface Layout {
  readonly nFeatures: number;
  readonly nThreads: number;
  readonly nLeaves: number;
  readonly nNodes: number;
  readonly nSlots: number;
  /** Room for the runs of rows of a tree's leaves (see `assembly`). */
  readonly nRuns: number;
  /** Features of a tree, and where the bins of each place among them start in a histogram (see `kernel-shape`). */
  readonly nPerTree: number;
  readonly placeOffsets: Int32Array;
  readonly recordBytes: number;
  /** Bytes of one histogram, a multiple of 16. */
  readonly histogramBytes: number;
  readonly controlAt: number;
  readonly nodesAt: number;
  readonly rankedAt: number;
  readonly frontierAt: number;
  readonly boundsAt: number;
  readonly tablesAt: number;
  /** What each thread's search has found last: `FOUND_BYTES`, see `split-kernel`. */
  readonly foundAt: number;
  /** One block of records per thread. */
  readonly blocksAt: number;
  readonly blockBytes: number;
  /** uint8 per feature: whether the tree may use it; int32: where its bins start in a histogram, if it may. */
  readonly allowedAt: number;
  readonly offsetsAt: number;
  readonly placeColumnsAt: number;
  readonly middlesAt: number;
  readonly recordsAt: number;
  readonly columnsAt: number;
  readonly columnBytes: number;
  /** One block of marks per thread, and a cursor per leaf. */
  readonly marksAt: number;
  readonly markBytes: number;
  readonly cursorsAt: number;
  readonly cursorBytes: number;
  readonly valuesAt: number;
  readonly scoresAt: number;
  readonly labelsAt: number;
  readonly rowsAt: number;
  readonly scratchAt: number;
  readonly histogramsAt: number;
  readonly nPages: number;
}

/** So many expansions for one tree, and its threads stop guessing. */
export const maxGuessed = (nWanted: number, nThreads: number): number =>
  nThreads === 1 ? 0 : Math.ceil(1.5 * nWanted) + 8 * nThreads;
/** Bytes of one node's record (see `node-table`). */
export const NODE_BYTES = 160;
export const CONTROL_BYTES = 256;
export const FOUND_BYTES = 64;
const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_535;

/** What the layout depends on. */
interface LayoutTask {
  readonly bins: readonly Bins[];
  readonly nPerTree: number;
  /** Rows that there is room for. */
  readonly mostRows: number;
  readonly nLeaves: number;
  readonly nThreads: number;
}

/** @throws RangeError where it does not fit into the memory that WebAssembly can address */
export const layoutOf = ({ bins, nPerTree, mostRows, nLeaves, nThreads }: LayoutTask): Layout => {
  const placeOffsets = placeOffsetsOf(bins, nPerTree);
  const nFeatures = bins.length;
  const recordBytes = recordBytesOf(nPerTree);
  const histogramBytes = Math.ceil((8 * placeOffsets[nPerTree]!) / 16) * 16;
  const columnBytes = Math.ceil(mostRows / 64) * 64;
  // A tree needs nLeaves - 1 expansions at most, whatever was guessed before.
  const nExpanded = maxGuessed(nLeaves, nThreads) + nLeaves;
  const nNodes = 2 * nExpanded + 1;
  const nSlots = nExpanded + nThreads;
  const markBytes = 2 * MARK_ROWS + 64;
  const cursorBytes = Math.ceil((4 * (nExpanded + 1)) / 64) * 64;
  let next = 64;
  const take = (nBytes: number): number => {
    const at = next;
    next = Math.ceil((at + nBytes) / 64) * 64;
    return at;
  };
  const layout = {
    nFeatures,
    nThreads,
    nLeaves,
    nNodes,
    nSlots,
    nRuns: nExpanded + 1,
    nPerTree,
    placeOffsets,
    recordBytes,
    histogramBytes,
    controlAt: take(CONTROL_BYTES),
    nodesAt: take(nNodes * NODE_BYTES),
    rankedAt: take(4 * nLeaves),
    frontierAt: take(4 * nNodes),
    boundsAt: take(8 * (nExpanded + 1)),
    valuesAt: take(8 * (nExpanded + 1)),
    tablesAt: take(256 * nThreads),
    foundAt: take(FOUND_BYTES * nThreads),
    blockBytes: GATHER_ROWS * recordBytes,
    blocksAt: take(GATHER_ROWS * recordBytes * nThreads),
    allowedAt: take(nFeatures),
    offsetsAt: take(4 * nFeatures),
    placeColumnsAt: take(16 * wordsOf(nPerTree)),
    middlesAt: take(4 * nThreads),
    markBytes,
    marksAt: take(markBytes * nThreads),
    cursorBytes,
    cursorsAt: take(cursorBytes * nThreads),
    // Bins are written into records sixteen rows at a time, so fifteen records may follow the last.
    recordsAt: take((mostRows + PACK_ROWS - 1) * recordBytes),
    columnBytes,
    columnsAt: take(columnBytes * nFeatures),
    scoresAt: take(mostRows * 8),
    labelsAt: take(mostRows),
    rowsAt: take(mostRows * 4),
    scratchAt: take(mostRows * 4),
    histogramsAt: take(nSlots * histogramBytes),
  };
  const nPages = Math.ceil(next / PAGE_BYTES);
  if (nPages > MAX_PAGES)
    throw new RangeError(`${mostRows} rows of ${nFeatures} features need more than 4 GiB`);
  return { ...layout, nPages };
};

/** Where a tree has all features, each place is that feature's; else any feature may be there, so each has room for all bins. */
const placeOffsetsOf = (bins: readonly Bins[], nPerTree: number): Int32Array => {
  if (nPerTree === bins.length) return binOffsets(bins);
  const most = Math.max(...bins.map(({ nBins }) => nBins));
  return Int32Array.from({ length: nPerTree + 1 }, (_, place) => place * most);
};
