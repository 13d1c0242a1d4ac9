/**
 * Turns one open leaf into two: partition, histogram of the smaller child, subtraction, search for both children's splits.
 * Runs on any thread: a leaf's best split depends on its own rows only, so the tree does not depend on who expands what when.
 */
import type { Bins } from '../binning/binning.ts';
import type { GrowSettings } from '../growing/reference-grower.ts';
import { childBounds, type Scales } from '../growing/leaf-value.ts';
import { CONTROL, type NodeTable, STATE } from './node-table.ts';
import { buildSplit } from '../growing/split.ts';
import { findSplit } from '../growing/split-search.ts';
import { WORDS_PER_SET } from '../growing/tree.ts';
import { blockOf, histogramOf, type Workshop } from './thread-context.ts';

/** What changes from one boosting run to the next, and from tree to tree. */
export interface Job {
  readonly bins: readonly Bins[];
  readonly settings: GrowSettings;
  readonly scales: Scales;
  readonly allowed: Uint8Array | null;
}

const split = buildSplit();

/** Finds the best split of a node from its histogram and writes it into the table. */
export const judge = (shop: Workshop, job: Job, node: number): void => {
  const { nodes, layout } = shop;
  const nRows = nodes.end[node]! - nodes.begin[node]!;
  split.feature = -1;
  if (isSplittable(job, nRows, nodes.depth[node]!)) {
    findSplit(
      shop.ints,
      histogramOf(layout, nodes.slot[node]!) >>> 2,
      job.bins,
      layout.offsets,
      {
        g: nodes.g[node]!,
        h: nodes.h[node]!,
        nRows,
        low: nodes.low[node]!,
        high: nodes.high[node]!,
      },
      job.scales,
      job.settings,
      job.allowed,
      split,
    );
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

export const isSplittable = (job: Job, nRows: number, depth: number): boolean =>
  depth < job.settings.maxDepth && nRows >= 2 * job.settings.minRowsPerLeaf;

/** Fills the thread's table with 1 for each bin that goes left at a node. @returns where it lies */
const fillTable = (shop: Workshop, node: number, nBins: number): number => {
  const { nodes, bytes, layout } = shop;
  const at = layout.tablesAt + 256 * shop.thread;
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

/** Expands a node that this thread has taken; its children are judged, and not yet visible to others. @returns the left child */
export const expand = (shop: Workshop, job: Job, node: number): number => {
  const { nodes, layout, kernels } = shop;
  const middle = partitionOf(shop, job.bins, node, nodes.begin[node]!, nodes.end[node]!);
  return addChildren(shop, job, node, middle, (slot, from, to) => {
    const histogramAt = histogramOf(layout, slot);
    kernels.clear(histogramAt, layout.histogramBytes);
    kernels.addRows(histogramAt, layout.rowsAt, from, to, blockOf(shop));
  });
};

/** Partitions the rows of a node that are listed from `begin` to `end`. @returns where the right side starts */
export const partitionOf = (
  shop: Workshop,
  bins: readonly Bins[],
  node: number,
  begin: number,
  end: number,
): number => {
  const { nodes, layout, kernels } = shop;
  const feature = nodes.feature[node]!;
  const table = fillTable(shop, node, bins[feature]!.nBins);
  const partition = node === 0 ? kernels.partitionAll : kernels.partition;
  return partition(layout.rowsAt, layout.scratchAt + 4 * begin, begin, end, feature, table);
};

/** Writes, fills and judges the two children of a node whose rows are partitioned at `middle`. */
export const addChildren = (
  shop: Workshop,
  job: Job,
  node: number,
  middle: number,
  fill: (slot: number, begin: number, end: number) => void,
): number => {
  const { nodes, control, layout, kernels } = shop;
  const left = Atomics.add(control, CONTROL.nNodes, 2);
  const right = left + 1;
  const begin = nodes.begin[node]!;
  const end = nodes.end[node]!;
  const depth = nodes.depth[node]! + 1;
  const smallerIsLeft = middle - begin <= end - middle;
  const [smaller, larger] = smallerIsLeft ? [left, right] : [right, left];
  nodes.begin[left] = begin;
  nodes.end[left] = middle;
  nodes.begin[right] = middle;
  nodes.end[right] = end;
  nodes.g[left] = nodes.leftG[node]!;
  nodes.h[left] = nodes.leftH[node]!;
  nodes.g[right] = nodes.g[node]! - nodes.leftG[node]!;
  nodes.h[right] = nodes.h[node]! - nodes.leftH[node]!;
  const bounds = childBounds(
    {
      g: nodes.g[node]!,
      h: nodes.h[node]!,
      leftG: nodes.leftG[node]!,
      leftH: nodes.leftH[node]!,
      low: nodes.low[node]!,
      high: nodes.high[node]!,
    },
    nodes.isSet[node] === 1 ? 0 : job.settings.monotone[nodes.feature[node]!]!,
    job.scales,
    job.settings.l2,
  );
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
  if (isSplittable(job, nodes.end[larger]! - nodes.begin[larger]!, depth)) {
    const slot = Atomics.add(control, CONTROL.nSlots, 1);
    nodes.slot[smaller] = slot;
    fill(slot, nodes.begin[smaller]!, nodes.end[smaller]!);
    kernels.subtract(
      histogramOf(layout, nodes.slot[larger]!),
      histogramOf(layout, slot),
      layout.histogramBytes,
    );
    judge(shop, job, left);
    judge(shop, job, right);
  }
  nodes.left[node] = left;
  return left;
};

/** Makes a node's children visible: open where they can be split. */
export const publish = (nodes: NodeTable, node: number, left: number): void => {
  publishNode(nodes, left);
  publishNode(nodes, left + 1);
  nodes.state[node] = STATE.expanded;
};

/** Makes a judged node visible. */
export const publishNode = (nodes: NodeTable, node: number): void => {
  nodes.state[node] = nodes.feature[node]! >= 0 ? STATE.candidate : STATE.leaf;
};
