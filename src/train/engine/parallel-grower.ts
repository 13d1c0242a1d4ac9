/**
 * One tree by all threads: large leaves are expanded by all of them together, the others each by one.
 * Fast twin of `growing/reference-grower`.
 */
import { sumsOf } from '../growing/histogram.ts';
import { type AssembledTree, treeOf } from './assembly.ts';
import { addChildren, findSplitOfNode, publishChildren, publishNode } from './expansion.ts';
import { JOBS, partAt, slotOf } from './jobs.ts';
import { CONTROL, STATE } from './node-table.ts';
import { nextNode, rankNodes, startRanking } from './ranking.ts';
import { histogramOf, type ThreadContext } from './thread-context.ts';
import { splitContextOf, type TrainingTask } from './training-task.ts';

/** Gives a job on the rows, or places in their order, from `begin` to `end` to all threads and waits until it is done. */
export type RunJob = (job: number, begin: number, end: number) => void;

/** Leaves with at least this part of a thread's share of the rows are expanded by all threads together. */
const TOGETHER_SHARE = 1;
const TOGETHER_ROWS = 32_768;

/** The slot of the root's histogram, which the renewal of the gradients has filled. */
export const rootSlotOf = ({ layout }: ThreadContext): number => layout.nThreads - 1;

/** Grows a tree from the root's histogram. */
export const growTree = (
  thread: ThreadContext,
  runJob: RunJob,
  task: TrainingTask,
): AssembledTree => {
  const { control, nodes, layout } = thread;
  const { nThreads } = layout;
  const { nRows } = task;
  nodes.state.fill(STATE.leaf);
  control[CONTROL.nNodes] = 1;
  control[CONTROL.nSlots] = nThreads;
  control[CONTROL.nTaken] = 0;
  control[CONTROL.nPublished] = 0;
  control[CONTROL.nWanted] = task.settings.nLeaves - 1;
  startRoot(thread, task);
  findSplitOfNode(thread, splitContextOf(thread, task), 0);
  publishNode(nodes, 0);
  startRanking(thread);
  const minRowsTogether =
    nThreads === 1
      ? Number.POSITIVE_INFINITY
      : Math.max(TOGETHER_ROWS, (nRows * TOGETHER_SHARE) / nThreads);
  while (!rankNodes(thread)) {
    const node = nextNode(thread, false);
    if (nodes.end[node]! - nodes.begin[node]! < minRowsTogether) {
      runJob(JOBS.expand, 0, 0);
      break;
    }
    expandTogether(thread, runJob, task, node);
  }
  if (control[CONTROL.nRanked] === 0) listAllRows(thread, nRows);
  return treeOf(thread, task);
};

const startRoot = (thread: ThreadContext, { bins, nRows }: TrainingTask): void => {
  const { nodes, layout, ints, allowed } = thread;
  const slot = rootSlotOf(thread);
  const { g, h } = sumsOf(ints, histogramOf(layout, slot) >>> 2, bins[allowed.indexOf(1)]!);
  nodes.begin[0] = 0;
  nodes.end[0] = nRows;
  nodes.depth[0] = 0;
  nodes.slot[0] = slot;
  nodes.left[0] = -1;
  nodes.g[0] = g;
  nodes.h[0] = h;
  nodes.low[0] = Number.NEGATIVE_INFINITY;
  nodes.high[0] = Number.POSITIVE_INFINITY;
};

/** A root without a split lists no rows by itself. */
const listAllRows = ({ layout, ints }: ThreadContext, nRows: number): void => {
  const first = layout.rowsAt >>> 2;
  for (let row = 0; row < nRows; row++) ints[first + row] = row;
};

/** Adds the histograms that the other threads have filled to the first thread's. */
export const sumParts = ({ control, layout, kernels }: ThreadContext): void => {
  const sumAt = histogramOf(layout, slotOf(control, 0));
  for (let index = 1; index < layout.nThreads; index++)
    kernels.add(sumAt, histogramOf(layout, slotOf(control, index)), layout.histogramBytes);
};

const expandTogether = (
  thread: ThreadContext,
  runJob: RunJob,
  task: TrainingTask,
  node: number,
): void => {
  const { control, nodes } = thread;
  control[CONTROL.node] = node;
  runJob(JOBS.partition, nodes.begin[node]!, nodes.end[node]!);
  const middle = joinParts(thread, nodes.begin[node]!, nodes.end[node]!);
  const left = addChildren(thread, splitContextOf(thread, task), {
    node,
    middle,
    /** By all threads, each in a place of its own, then summed. */
    fillHistogram: (slot, begin, end) => {
      control[CONTROL.slot] = slot;
      runJob(JOBS.histogram, begin, end);
      sumParts(thread);
    },
  });
  publishChildren(nodes, node, left);
};

/** Brings the left sides of all threads' parts together, then the right sides. @returns where these start */
const joinParts = (thread: ThreadContext, begin: number, end: number): number => {
  const { layout, kernels, middles } = thread;
  const { rowsAt, scratchAt, nThreads } = layout;
  let left = begin;
  let nRight = 0;
  for (let index = 0; index < nThreads; index++) {
    const from = partAt(begin, end, index, nThreads);
    const to = partAt(begin, end, index + 1, nThreads);
    const middle = middles[index]!;
    kernels.copy(scratchAt + 4 * nRight, rowsAt + 4 * middle, 4 * (to - middle));
    nRight += to - middle;
    if (left !== from) kernels.copy(rowsAt + 4 * left, rowsAt + 4 * from, 4 * (middle - from));
    left += middle - from;
  }
  kernels.copy(rowsAt + 4 * left, scratchAt, 4 * nRight);
  return left;
};
