/**
 * Turns one open leaf into two: partition, histogram of the smaller child, subtraction, search for both children's splits.
 * Runs on any thread: a leaf's best split depends on its own rows only, so the tree does not depend on who expands what when.
 */
import type { Bins } from '../binning/binning.ts';
import { childBounds } from '../growing/leaf-value.ts';
import {
  buildSplit,
  findBestSplit,
  isSplittable,
  type SplitContext,
} from '../growing/split-search.ts';
import { WORDS_PER_SET } from '../growing/tree.ts';
import { CONTROL, type NodeTable, STATE } from './node-table.ts';
import { blockOf, histogramOf, type ThreadContext } from './thread-context.ts';

const split = buildSplit();

/** Finds the best split of a node from its histogram and writes it into the node table. */
export const findSplitOfNode = (
  { nodes, layout, ints }: ThreadContext,
  context: SplitContext,
  node: number,
): void => {
  const nRows = nodes.end[node]! - nodes.begin[node]!;
  split.feature = -1;
  if (isSplittable(context.settings, nRows, nodes.depth[node]!)) {
    const leaf = {
      histogram: ints,
      at: histogramOf(layout, nodes.slot[node]!) >>> 2,
      nRows,
      g: nodes.g[node]!,
      h: nodes.h[node]!,
      bounds: { low: nodes.low[node]!, high: nodes.high[node]! },
    };
    findBestSplit(context, leaf, split);
  }
  nodes.feature[node] = split.feature;
  if (split.feature >= 0) {
    nodes.gain[node] = split.gain;
    nodes.bin[node] = split.bin;
    nodes.isSet[node] = split.isSet ? 1 : 0;
    nodes.missingLeft[node] = split.missingLeft ? 1 : 0;
    nodes.leftG[node] = split.leftG;
    nodes.leftH[node] = split.leftH;
    nodes.sets.set(split.set, node * WORDS_PER_SET);
  }
};

/** Fills the thread's table with 1 for each bin that goes left at a node. @returns where it lies */
const fillTable = (thread: ThreadContext, node: number, nBins: number): number => {
  const { nodes, bytes, layout } = thread;
  const at = layout.tablesAt + 256 * thread.index;
  bytes[at] = nodes.missingLeft[node]!;
  if (nodes.isSet[node] === 1) {
    for (let bin = 1; bin < nBins; bin++)
      bytes[at + bin] = (nodes.sets[node * WORDS_PER_SET + (bin >>> 5)]! >>> (bin & 31)) & 1;
  } else {
    const last = nodes.bin[node]!;
    bytes.fill(1, at + 1, at + last + 1);
    bytes.fill(0, at + last + 1, at + nBins);
  }
  return at;
};

/** Some of a node's rows, as [begin, end) of the row order. */
interface NodeRows {
  readonly node: number;
  readonly begin: number;
  readonly end: number;
}

/** Partitions rows of a node by its split. @returns where the right side starts */
export const partitionRows = (
  thread: ThreadContext,
  bins: readonly Bins[],
  { node, begin, end }: NodeRows,
): number => {
  const { nodes, layout, kernels } = thread;
  const feature = nodes.feature[node]!;
  const table = fillTable(thread, node, bins[feature]!.nBins);
  const partition = node === 0 ? kernels.partitionAll : kernels.partition;
  return partition(layout.rowsAt, layout.scratchAt + 4 * begin, begin, end, feature, table);
};

/** Expands a node that this thread has taken; its children have their splits, but are not yet visible to others. @returns the left child */
export const expandNode = (thread: ThreadContext, context: SplitContext, node: number): number => {
  const { nodes, layout, kernels } = thread;
  const [begin, end] = [nodes.begin[node]!, nodes.end[node]!];
  const middle = partitionRows(thread, context.bins, { node, begin, end });
  return addChildren(thread, context, {
    node,
    middle,
    fillHistogram: (slot, from, to) => {
      const histogramAt = histogramOf(layout, slot);
      kernels.clear(histogramAt, layout.histogramBytes);
      kernels.addRows(histogramAt, layout.rowsAt, from, to, blockOf(thread));
    },
  });
};

/** A node whose rows are partitioned. */
interface PartitionedNode {
  readonly node: number;
  /** Where its right child's rows start. */
  readonly middle: number;
  /** Sums the rows from `begin` to `end` into a histogram. */
  readonly fillHistogram: (slot: number, begin: number, end: number) => void;
}

/** Writes the two children of a node, with their histograms and splits. @returns the left child; the right one follows */
export const addChildren = (
  thread: ThreadContext,
  context: SplitContext,
  { node, middle, fillHistogram }: PartitionedNode,
): number => {
  const { nodes, control, layout, kernels } = thread;
  const { settings, scales } = context;
  const left = Atomics.add(control, CONTROL.nNodes, 2);
  const right = left + 1;
  const begin = nodes.begin[node]!;
  const end = nodes.end[node]!;
  const depth = nodes.depth[node]! + 1;
  const smallerIsLeft = middle - begin <= end - middle;
  const [smaller, larger] = smallerIsLeft ? [left, right] : [right, left];
  const parent = {
    g: nodes.g[node]!,
    h: nodes.h[node]!,
    leftG: nodes.leftG[node]!,
    leftH: nodes.leftH[node]!,
    bounds: { low: nodes.low[node]!, high: nodes.high[node]! },
  };
  nodes.begin[left] = begin;
  nodes.end[left] = middle;
  nodes.begin[right] = middle;
  nodes.end[right] = end;
  nodes.g[left] = parent.leftG;
  nodes.h[left] = parent.leftH;
  nodes.g[right] = parent.g - parent.leftG;
  nodes.h[right] = parent.h - parent.leftH;
  const direction = nodes.isSet[node] === 1 ? 0 : settings.monotone[nodes.feature[node]!]!;
  const bounds = childBounds(parent, direction, scales, settings.l2);
  for (const [child, side] of [
    [left, bounds.left],
    [right, bounds.right],
  ] as const) {
    nodes.low[child] = side.low;
    nodes.high[child] = side.high;
    nodes.depth[child] = depth;
    nodes.left[child] = -1;
    nodes.feature[child] = -1;
  }
  nodes.slot[larger] = nodes.slot[node]!;
  if (isSplittable(settings, nodes.end[larger]! - nodes.begin[larger]!, depth)) {
    const slot = Atomics.add(control, CONTROL.nSlots, 1);
    nodes.slot[smaller] = slot;
    fillHistogram(slot, nodes.begin[smaller]!, nodes.end[smaller]!);
    kernels.subtract(
      histogramOf(layout, nodes.slot[larger]!),
      histogramOf(layout, slot),
      layout.histogramBytes,
    );
    findSplitOfNode(thread, context, left);
    findSplitOfNode(thread, context, right);
  }
  nodes.left[node] = left;
  return left;
};

/** Makes a node's children visible: open where they can be split. */
export const publishChildren = (nodes: NodeTable, node: number, left: number): void => {
  publishNode(nodes, left);
  publishNode(nodes, left + 1);
  nodes.state[node] = STATE.expanded;
};

/** Makes a node visible whose split is known. */
export const publishNode = (nodes: NodeTable, node: number): void => {
  nodes.state[node] = nodes.feature[node]! >= 0 ? STATE.candidate : STATE.leaf;
};
