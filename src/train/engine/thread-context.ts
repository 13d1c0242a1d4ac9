/**
 * What a thread works with: the kernels, and views of the memory that all threads share.
 */
import type { Kernels } from '../kernels/kernels.ts';
import { FOUND_BYTES, type Layout } from './layout.ts';
import type { SearchFree } from '../growing/split-search.ts';
import { type NodeTable, viewControl, viewNodes } from './node-table.ts';

export interface ThreadContext {
  readonly layout: Layout;
  /** Which thread it is: 0 is the caller's. */
  readonly index: number;
  readonly kernels: Kernels;
  readonly control: Int32Array;
  readonly nodes: NodeTable;
  /** int32: the tree's nodes in their order, and a heap of those that come next (see `ranking`). */
  readonly ranked: Int32Array;
  readonly frontier: Int32Array;
  /** int32: a copy of the heap, on which this thread tries out what may come next. */
  readonly guessed: Int32Array;
  readonly ints: Int32Array;
  readonly bytes: Uint8Array;
  /** Runs of rows of the last tree's leaves: float64, the leaf's value; int32, their [begin, end). */
  readonly runValues: Float64Array;
  readonly runBounds: Int32Array;
  /** uint8, shape (nFeatures): 1 for the features of this tree. */
  readonly allowed: Uint8Array;
  /** int32, shape (nFeatures): where the bins of each of them start in a histogram. */
  readonly offsets: Int32Array;
  /** int32, one per thread: where its part of a shared partition turns right. */
  readonly middles: Int32Array;
  /** Looks for thresholds in leaves without bounds. */
  readonly searchFree: SearchFree;
}

export const buildThreadContext = (
  memory: WebAssembly.Memory,
  module: WebAssembly.Module,
  layout: Layout,
  index: number,
): ThreadContext => {
  const buffer = memory.buffer as unknown as SharedArrayBuffer;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = instance.exports as unknown as Kernels;
  return {
    layout,
    index,
    kernels,
    searchFree: buildFreeSearch(buffer, kernels, layout.foundAt + FOUND_BYTES * index),
    control: viewControl(buffer, layout),
    nodes: viewNodes(buffer, layout),
    ranked: new Int32Array(buffer, layout.rankedAt, layout.nLeaves),
    frontier: new Int32Array(buffer, layout.frontierAt, layout.nNodes),
    guessed: new Int32Array(layout.nNodes),
    ints: new Int32Array(buffer),
    bytes: new Uint8Array(buffer),
    allowed: new Uint8Array(buffer, layout.allowedAt, layout.nFeatures),
    offsets: new Int32Array(buffer, layout.offsetsAt, layout.nFeatures),
    middles: new Int32Array(buffer, layout.middlesAt, layout.nThreads),
    runValues: new Float64Array(buffer, layout.valuesAt, layout.nRuns),
    runBounds: new Int32Array(buffer, layout.boundsAt, 2 * layout.nRuns),
  };
};

/** Where a histogram lies. */
export const histogramOf = (layout: Layout, slot: number): number =>
  layout.histogramsAt + slot * layout.histogramBytes;

/** Where this thread's block of records lies. */
export const blockOf = ({ layout, index }: ThreadContext): number =>
  layout.blocksAt + index * layout.blockBytes;

const buildFreeSearch = (
  buffer: SharedArrayBuffer,
  { scanFree }: Kernels,
  foundAt: number,
): SearchFree => {
  const gain = new Float64Array(buffer, foundAt, 1);
  const sums = new Int32Array(buffer, foundAt + 8, 2);
  return ({ at, nBins, g, h, scales, l2, parent, minH }, into) => {
    const found = scanFree(
      4 * at,
      nBins,
      g,
      h,
      scales.g,
      scales.h,
      l2,
      parent,
      minH,
      into.gain,
      foundAt,
    );
    if (found < 0) return false;
    into.gain = gain[0]!;
    into.bin = found >> 1;
    into.missingLeft = (found & 1) === 1;
    into.leftH = sums[0]! >>> 0;
    into.leftG = sums[1]!;
    return true;
  };
};
