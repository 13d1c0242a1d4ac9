/**
 * What a thread works with: the kernels, and views of the memory that all threads share.
 */
import type { Kernels } from '../kernels/kernels.ts';
import type { Layout } from './layout.ts';
import { type NodeTable, viewControl, viewNodes } from './node-table.ts';

export interface Workshop {
  readonly layout: Layout;
  readonly thread: number;
  readonly kernels: Kernels;
  readonly control: Int32Array;
  readonly nodes: NodeTable;
  /** int32: the tree's nodes in their order, and a heap of those that come next (see `ranking`). */
  readonly ranked: Int32Array;
  readonly frontier: Int32Array;
  /** int32: a copy of the heap that this thread guesses with. */
  readonly guessed: Int32Array;
  readonly ints: Int32Array;
  readonly bytes: Uint8Array;
  /** float64: value of each final leaf; int32: its [begin, end). */
  readonly rangeValues: Float64Array;
  readonly rangeBounds: Int32Array;
  readonly context: TreeContext;
  /** int32, one per thread: where its part of a shared partition turns right. */
  readonly middles: Int32Array;
  /** float64, shape (nRows). */
  readonly scores: Float64Array;
  /** float32, shape (nRows), for quantiles only. */
  readonly minutes: Float32Array;
}

/** What a tree's jobs need beside the control cells. */
export interface TreeContext {
  /** float64: real size of a quantum of g and of h, quanta per unit of g and of h, share of rows. */
  readonly doubles: Float64Array;
  /** uint8, shape (nFeatures): features of this tree. */
  readonly allowed: Uint8Array;
}

export const buildWorkshop = (
  memory: WebAssembly.Memory,
  module: WebAssembly.Module,
  layout: Layout,
  thread: number,
): Workshop => {
  const buffer = memory.buffer as unknown as SharedArrayBuffer;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return {
    layout,
    thread,
    kernels: instance.exports as unknown as Kernels,
    control: viewControl(buffer, layout),
    nodes: viewNodes(buffer, layout),
    ranked: new Int32Array(buffer, layout.rankedAt, layout.nLeaves),
    frontier: new Int32Array(buffer, layout.frontierAt, layout.nNodes),
    guessed: new Int32Array(layout.nNodes),
    ints: new Int32Array(buffer),
    bytes: new Uint8Array(buffer),
    context: {
      doubles: new Float64Array(buffer, layout.contextAt, 8),
      allowed: new Uint8Array(buffer, layout.contextAt + 64, layout.nFeatures),
    },
    middles: new Int32Array(buffer, layout.middlesAt, layout.nThreads),
    scores: new Float64Array(buffer, layout.scoresAt, layout.nRows),
    minutes: new Float32Array(buffer, layout.minutesAt, layout.nMinutes),
    rangeValues: new Float64Array(buffer, layout.valuesAt, layout.nRanges),
    rangeBounds: new Int32Array(buffer, layout.boundsAt, 2 * layout.nRanges),
  };
};

/** Where a histogram lies. */
export const histogramOf = (layout: Layout, slot: number): number =>
  layout.histogramsAt + slot * layout.histogramBytes;

/** Where this thread's block of records lies. */
export const blockOf = ({ layout, thread }: Workshop): number =>
  layout.blocksAt + thread * layout.blockBytes;
