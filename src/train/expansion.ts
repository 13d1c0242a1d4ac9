/**
 * Turns one open leaf into two: partition, histogram of the smaller child, subtraction, search for both children's splits.
 * Runs on any thread: a leaf's best split depends on its own rows only, so the tree does not depend on who expands what when.
 */
import type { Bins } from './binning.ts';
import type { GrowSettings } from './grower.ts';
import type { Kernels } from './kernels.ts';
import type { Layout } from './layout.ts';
import { CONTROL, type NodeTable, STATE, viewControl, viewNodes } from './node-table.ts';
import { buildSplit, childBounds, findSplit, type Scales } from './splitting.ts';
import { WORDS_PER_SET } from './tree.ts';

/** What a thread needs to expand leaves; views of the shared memory. */
export interface Workshop {
  readonly layout: Layout;
  readonly thread: number;
  readonly kernels: Kernels;
  readonly control: Int32Array;
  readonly nodes: NodeTable;
  readonly ints: Int32Array;
  readonly bytes: Uint8Array;
  /** float64: value of each final leaf; int32: its [begin, end). */
  readonly rangeValues: Float64Array;
  readonly rangeBounds: Int32Array;
  readonly context: TreeContext;
  /** int32, one per thread: where its part of a shared partition turns right. */
  readonly middles: Int32Array;
}

/** What a tree's jobs need beside the control cells. */
export interface TreeContext {
  /** float64: real size of a quantum of g and of h, quanta per unit of g and of h, share of rows. */
  readonly doubles: Float64Array;
  /** uint8, shape (nFeatures): features of this tree. */
  readonly allowed: Uint8Array;
}

/** What changes from one boosting run to the next, and from tree to tree. */
export interface Job {
  readonly bins: readonly Bins[];
  readonly settings: GrowSettings;
  readonly scales: Scales;
  readonly allowed: Uint8Array | null;
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
    ints: new Int32Array(buffer),
    bytes: new Uint8Array(buffer),
    context: {
      doubles: new Float64Array(buffer, layout.contextAt, 8),
      allowed: new Uint8Array(buffer, layout.contextAt + 64, layout.nFeatures),
    },
    middles: new Int32Array(buffer, layout.middlesAt, layout.nThreads),
    rangeValues: new Float64Array(buffer, layout.valuesAt, layout.nRanges),
    rangeBounds: new Int32Array(buffer, layout.boundsAt, 2 * layout.nRanges),
  };
};

const split = buildSplit();

/** Finds the best split of a node from its histogram and writes it into the table. */
export const judge = (shop: Workshop, job: Job, node: number): void => {
  const { nodes, layout } = shop;
  const nRows = nodes.end[node]! - nodes.begin[node]!;
  split.feature = -1;
  if (isSplittable(job, nRows, nodes.depth[node]!)) {
    findSplit(
      shop.ints,
      (layout.histogramsAt + nodes.slot[node]! * layout.histogramBytes) >>> 2,
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
export const fillTable = (shop: Workshop, node: number, nBins: number): number => {
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

/** Where this thread's block of records lies. */
export const blockOf = ({ layout, thread }: Workshop): number =>
  layout.blocksAt + thread * layout.blockBytes;

/** Expands a node that this thread has taken; its children are judged, and not yet visible to others. @returns the left child */
export const expand = (shop: Workshop, job: Job, node: number): number => {
  const { nodes, layout, kernels } = shop;
  const { rowsAt, scratchAt } = layout;
  const begin = nodes.begin[node]!;
  const end = nodes.end[node]!;
  const feature = nodes.feature[node]!;
  const table = fillTable(shop, node, job.bins[feature]!.nBins);
  const middle = kernels.partition(rowsAt, scratchAt + 4 * begin, begin, end, feature, table);
  return addChildren(shop, job, node, middle, (slot, from, to) => {
    const histogramAt = layout.histogramsAt + slot * layout.histogramBytes;
    kernels.clear(histogramAt, layout.histogramBytes);
    kernels.addRows(histogramAt, rowsAt, from, to, blockOf(shop));
  });
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
    const at = (of: number): number => layout.histogramsAt + of * layout.histogramBytes;
    kernels.subtract(at(nodes.slot[larger]!), at(slot), layout.histogramBytes);
    judge(shop, job, left);
    judge(shop, job, right);
  }
  nodes.left[node] = left;
  return left;
};

/** Takes the most promising open leaf again and again until enough are expanded or none is left. */
export const expandMany = (shop: Workshop, job: Job): void => {
  const { control, nodes } = shop;
  lock(control);
  for (;;) {
    const mayStart = control[CONTROL.nExpanded]! < control[CONTROL.mostExpanded]!;
    const node = mayStart ? bestCandidate(nodes, control[CONTROL.nNodes]!) : -1;
    if (node < 0) {
      const isOver = !mayStart || control[CONTROL.nActive] === 0;
      unlock(control);
      if (isOver) return;
      pause(control);
      lock(control);
      continue;
    }
    nodes.state[node] = STATE.taken;
    control[CONTROL.nExpanded]! += 1;
    control[CONTROL.nActive]! += 1;
    unlock(control);
    const left = expand(shop, job, node);
    lock(control);
    publish(nodes, node, left);
    control[CONTROL.nActive]! -= 1;
  }
};

/** Makes a node's children visible: open where they can be split. */
export const publish = (nodes: NodeTable, node: number, left: number): void => {
  nodes.state[node] = STATE.expanded;
  for (const child of [left, left + 1])
    nodes.state[child] = nodes.feature[child]! >= 0 ? STATE.candidate : STATE.leaf;
};

/** The open leaf of the highest gain, ties to the rows that stand first; -1 when there is none. */
const bestCandidate = (nodes: NodeTable, nNodes: number): number => {
  const { state, gain, begin } = nodes;
  let best = -1;
  let most = Number.NEGATIVE_INFINITY;
  for (let node = 0; node < nNodes; node++) {
    if (state[node] !== STATE.candidate) continue;
    const own = gain[node]!;
    if (own > most || (own === most && begin[node]! < begin[best]!)) {
      best = node;
      most = own;
    }
  }
  return best;
};

const SPINS = 100;

/** Free, taken, taken with others asleep before it. @source Drepper 2005, "Futexes are tricky" */
const LOCK = { free: 0, taken: 1, awaited: 2 } as const;

const lock = (control: Int32Array): void => {
  for (let spin = 0; spin < SPINS; spin++)
    if (Atomics.compareExchange(control, CONTROL.lock, LOCK.free, LOCK.taken) === LOCK.free) return;
  while (Atomics.exchange(control, CONTROL.lock, LOCK.awaited) !== LOCK.free)
    Atomics.wait(control, CONTROL.lock, LOCK.awaited);
};

const unlock = (control: Int32Array): void => {
  if (Atomics.exchange(control, CONTROL.lock, LOCK.free) === LOCK.awaited)
    Atomics.notify(control, CONTROL.lock, 1);
};

/** Waits a moment for another thread's children. */
const pause = (control: Int32Array): void => {
  const nActive = Atomics.load(control, CONTROL.nActive);
  for (let spin = 0; spin < SPINS; spin++)
    if (Atomics.load(control, CONTROL.nActive) !== nActive) return;
  Atomics.wait(control, CONTROL.nActive, nActive, 0.05);
};
