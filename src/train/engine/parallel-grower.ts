/**
 * One tree by all threads: large leaves are expanded by all of them together, the others each by one.
 */
import { type AssembledTree, treeOf } from './assembly.ts';
import { addChildren, judge, publish, publishNode } from './expansion.ts';
import { jobOf, JOBS, type Order, partAt, slotOf } from './jobs.ts';
import { CONTROL, STATE } from './node-table.ts';
import { nextNode, rankNodes, startRanking } from './ranking.ts';
import { histogramOf, type Workshop } from './thread-context.ts';

/** Gives a job on the rows, or places in their order, from `begin` to `end` to all threads and waits until it is done. */
export type Run = (job: number, begin: number, end: number) => void;

/** Leaves with at least this part of a thread's share of the rows are expanded by all threads together. */
const TOGETHER_SHARE = 1;
const TOGETHER_ROWS = 32_768;

/** The slot of the root's histogram, which the renewal of the gradients has filled. */
export const rootSlotOf = ({ layout }: Workshop): number => layout.nThreads - 1;

/** Grows a tree from the root's histogram. */
export const growTree = (shop: Workshop, run: Run, order: Order): AssembledTree => {
  const { control, nodes, layout } = shop;
  const { settings } = order;
  const { nRows, nThreads } = layout;
  nodes.state.fill(STATE.leaf);
  control[CONTROL.nNodes] = 1;
  control[CONTROL.nSlots] = nThreads;
  control[CONTROL.nTaken] = 0;
  control[CONTROL.nPublished] = 0;
  control[CONTROL.nWanted] = settings.nLeaves - 1;
  startRoot(shop, order);
  judge(shop, jobOf(shop, order), 0);
  publishNode(nodes, 0);
  startRanking(shop);
  const leastTogether =
    nThreads === 1
      ? Number.POSITIVE_INFINITY
      : Math.max(TOGETHER_ROWS, (nRows * TOGETHER_SHARE) / nThreads);
  while (!rankNodes(shop)) {
    const node = nextNode(shop, false);
    if (nodes.end[node]! - nodes.begin[node]! < leastTogether) {
      run(JOBS.expand, 0, 0);
      break;
    }
    expandTogether(shop, run, order, node);
  }
  if (control[CONTROL.nRanked] === 0) listAllRows(shop);
  return treeOf(shop, settings);
};

const startRoot = (shop: Workshop, { bins }: Order): void => {
  const { nodes, layout, ints } = shop;
  const slot = rootSlotOf(shop);
  const at = histogramOf(layout, slot) >>> 2;
  let g = 0;
  let h = 0;
  for (let bin = 0; bin < bins[0]!.nBins; bin++) {
    h += ints[at + 2 * bin]! >>> 0;
    g += ints[at + 2 * bin + 1]!;
  }
  nodes.begin[0] = 0;
  nodes.end[0] = layout.nRows;
  nodes.depth[0] = 0;
  nodes.slot[0] = slot;
  nodes.left[0] = -1;
  nodes.g[0] = g;
  nodes.h[0] = h;
  nodes.low[0] = Number.NEGATIVE_INFINITY;
  nodes.high[0] = Number.POSITIVE_INFINITY;
};

/** A root without a split lists no rows by itself. */
const listAllRows = ({ layout, ints }: Workshop): void => {
  const first = layout.rowsAt >>> 2;
  for (let row = 0; row < layout.nRows; row++) ints[first + row] = row;
};

/** Histogram of the rows listed from `begin` to `end` by all threads, each in a place of its own, then summed. */
const fillTogether = (shop: Workshop, run: Run, slot: number, begin: number, end: number): void => {
  shop.control[CONTROL.slot] = slot;
  run(JOBS.histogram, begin, end);
  sumParts(shop);
};

/** Adds the histograms that the other threads have filled to the first thread's. */
export const sumParts = ({ control, layout, kernels }: Workshop): void => {
  const sumAt = histogramOf(layout, slotOf(control, 0));
  for (let thread = 1; thread < layout.nThreads; thread++)
    kernels.add(sumAt, histogramOf(layout, slotOf(control, thread)), layout.histogramBytes);
};

const expandTogether = (shop: Workshop, run: Run, order: Order, node: number): void => {
  const { control, nodes } = shop;
  control[CONTROL.node] = node;
  run(JOBS.partition, nodes.begin[node]!, nodes.end[node]!);
  const middle = joinParts(shop, nodes.begin[node]!, nodes.end[node]!);
  const left = addChildren(shop, jobOf(shop, order), node, middle, (slot, begin, end) =>
    fillTogether(shop, run, slot, begin, end),
  );
  publish(nodes, node, left);
};

/** Brings the left sides of all threads' parts together, then the right sides. @returns where these start */
const joinParts = (shop: Workshop, begin: number, end: number): number => {
  const { layout, kernels, middles } = shop;
  const { rowsAt, scratchAt, nThreads } = layout;
  let left = begin;
  let nRight = 0;
  for (let thread = 0; thread < nThreads; thread++) {
    const from = partAt(begin, end, thread, nThreads);
    const to = partAt(begin, end, thread + 1, nThreads);
    const middle = middles[thread]!;
    kernels.copy(scratchAt + 4 * nRight, rowsAt + 4 * middle, 4 * (to - middle));
    nRight += to - middle;
    if (left !== from) kernels.copy(rowsAt + 4 * left, rowsAt + 4 * from, 4 * (middle - from));
    left += middle - from;
  }
  kernels.copy(rowsAt + 4 * left, scratchAt, 4 * nRight);
  return left;
};
