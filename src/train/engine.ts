/**
 * The fast learner: emitted kernels, all threads on one shared memory.
 * The tree is the same for any number of threads: sums are whole numbers, and which leaves it has is decided
 * afterwards, best first, from splits that depend on nothing but their own rows.
 */
import type { Bins } from './binning.ts';
import { addChildren, buildWorkshop, expand, judge, publish, type Workshop } from './expansion.ts';
import { buildNodes, type GrownTree, trim } from './grower.ts';
import { awaitChange, doJob, JOBS, jobOf, partAt, slotOf } from './jobs.ts';
import { emitKernels, RECORD_HEAD_BYTES } from './kernels.ts';
import { layoutOf } from './layout.ts';
import { type BoostRows, type BuildLearner, type LearnerSettings, startScores } from './learner.ts';
import { type Loss, packQuantile, quantaOf } from './loss.ts';
import { CONTROL, STATE } from './node-table.ts';
import { leafValue } from './splitting.ts';
import { buildTeam, type Team } from './team.ts';
import { WORDS_PER_SET } from './tree.ts';

/** Leaves with at least this share of the rows are expanded by all threads together. */
const TOGETHER_SHARE = 1 / 8;
const TOGETHER_ROWS = 32_768;

/** Fewer rows than this are not worth the meeting of threads. */
const ALONE_ROWS = 10_000;
const ALONE = buildTeam(1);

/** A builder of fast learners that share a team of threads. */
export const buildEngine =
  (whole: Team): BuildLearner =>
  async (data, loss, base, settings) => {
    const team = data.nRows < ALONE_ROWS ? ALONE : whole;
    const layout = layoutOf(data.bins, data.nRows, settings.nLeaves, team.nThreads);
    const memory = new WebAssembly.Memory({
      initial: layout.nPages,
      maximum: layout.nPages,
      shared: true,
    });
    const module = new WebAssembly.Module(emitKernels(layout, layout.nPages));
    const shop = buildWorkshop(memory, module, layout, 0);
    fillRecords(shop, data);
    await team.assign({ memory, module, layout, bins: data.bins, settings });
    const run = buildRunner(shop, data.bins, settings);
    const scores = new Float64Array(shop.ints.buffer, layout.scoresAt, data.nRows);
    const rows = new Int32Array(shop.ints.buffer, layout.rowsAt, data.nRows);
    scores.set(startScores(data, loss, base));
    const quanta = quantaOf(loss, data.nRows);
    shop.context.doubles.set([
      1 / quanta.gScale,
      1 / quanta.hScale,
      quanta.gScale,
      quanta.hScale,
      settings.rowShare,
    ]);
    const renew = (grown: GrownTree | null, round: number): void =>
      loss.kind === 'logistic'
        ? renewTogether(shop, run, grown, round)
        : renewQuantile(shop, data, loss, scores, rows, grown, round);
    run(JOBS.orderRows, 0, data.nRows);
    renew(null, 0);
    return {
      scores,
      rows,
      grow: (allowed) => {
        shop.context.allowed.fill(1);
        if (allowed) shop.context.allowed.set(allowed);
        return growTree(shop, run, data.bins, settings);
      },
      advance: (grown, nextRound) => renew(grown, nextRound),
      finish: () => run(JOBS.stop, 0, 0),
    };
  };

const fillRecords = (shop: Workshop, data: BoostRows): void => {
  const { layout, bytes } = shop;
  const { nRows, nFeatures, recordBytes, recordsAt, columnsAt, columnBytes } = layout;
  for (let f = 0; f < nFeatures; f++) {
    const column = data.data.subarray(f * nRows, (f + 1) * nRows);
    bytes.set(column, columnsAt + f * columnBytes);
    const to = recordsAt + RECORD_HEAD_BYTES + f;
    for (let row = 0; row < nRows; row++) bytes[to + row * recordBytes] = column[row]!;
  }
  bytes.set(data.labels, layout.labelsAt);
};

type Run = (job: number, begin: number, end: number) => void;

/** Gives a job to all threads, does the own part, waits for the others. */
const buildRunner =
  (shop: Workshop, bins: readonly Bins[], settings: LearnerSettings): Run =>
  (job, begin, end) => {
    const { control, layout } = shop;
    control[CONTROL.job] = job;
    control[CONTROL.begin] = begin;
    control[CONTROL.end] = end;
    Atomics.store(control, CONTROL.done, 0);
    Atomics.add(control, CONTROL.sequence, 1);
    Atomics.notify(control, CONTROL.sequence);
    if (job !== JOBS.stop) doJob(shop, bins, settings);
    for (let done = Atomics.load(control, CONTROL.done); done < layout.nThreads - 1; )
      done = awaitChange(control, CONTROL.done, done);
  };

const growTree = (
  shop: Workshop,
  run: Run,
  bins: readonly Bins[],
  settings: LearnerSettings,
): GrownTree => {
  const { control, nodes, layout } = shop;
  const { nRows, nThreads } = layout;
  const job = jobOf(shop, bins, settings);
  nodes.state.fill(STATE.leaf);
  control[CONTROL.nNodes] = 1;
  control[CONTROL.nSlots] = nThreads;
  control[CONTROL.nExpanded] = 0;
  control[CONTROL.nActive] = 0;
  control[CONTROL.mostExpanded] = settings.nLeaves - 1;
  run(JOBS.orderRows, 0, nRows);
  fillTogether(shop, run, nThreads - 1, 0, nRows);
  startRoot(shop, bins);
  judge(shop, job, 0);
  nodes.state[0] = nodes.feature[0]! >= 0 ? STATE.candidate : STATE.leaf;
  const leastTogether =
    nThreads === 1 ? nRows + 1 : Math.max(TOGETHER_ROWS, nRows * TOGETHER_SHARE);
  const order = assemble(shop, settings.nLeaves, (node) => {
    if (nodes.end[node]! - nodes.begin[node]! < leastTogether) return false;
    expandTogether(shop, run, job, node);
    return true;
  });
  if (order.isComplete) return treeOf(shop, settings, order.expanded);
  run(JOBS.expand, 0, 0);
  const whole = assemble(shop, settings.nLeaves, (node) => {
    publish(nodes, node, expand(shop, job, node));
    return true;
  });
  return treeOf(shop, settings, whole.expanded);
};

const startRoot = (shop: Workshop, bins: readonly Bins[]): void => {
  const { nodes, layout, ints } = shop;
  const slot = layout.nThreads - 1;
  const at = (layout.histogramsAt + slot * layout.histogramBytes) >>> 2;
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

/** Histogram of rows by all threads, each in a place of its own, then summed. */
const fillTogether = (shop: Workshop, run: Run, slot: number, begin: number, end: number): void => {
  const { control, layout, kernels } = shop;
  const at = (of: number): number => layout.histogramsAt + of * layout.histogramBytes;
  control[CONTROL.slot] = slot;
  run(JOBS.histogram, begin, end);
  for (let thread = 1; thread < layout.nThreads; thread++)
    kernels.add(at(slot), at(slotOf(control, thread)), layout.histogramBytes);
};

const expandTogether = (
  shop: Workshop,
  run: Run,
  job: ReturnType<typeof jobOf>,
  node: number,
): void => {
  const { control, nodes } = shop;
  control[CONTROL.node] = node;
  control[CONTROL.nExpanded]! += 1;
  run(JOBS.partition, nodes.begin[node]!, nodes.end[node]!);
  const middle = joinParts(shop, nodes.begin[node]!, nodes.end[node]!);
  const left = addChildren(shop, job, node, middle, (slot, begin, end) =>
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

/**
 * The nodes that best-first growth expands, in its order; `open` may expand a node that nobody has yet.
 * Stops where it may not.
 */
const assemble = (
  shop: Workshop,
  nLeaves: number,
  open: (node: number) => boolean,
): { expanded: readonly number[]; isComplete: boolean } => {
  const { nodes } = shop;
  const frontier = [0];
  const expanded: number[] = [];
  while (expanded.length < nLeaves - 1) {
    let best = -1;
    for (let i = 0; i < frontier.length; i++) {
      const node = frontier[i]!;
      if (nodes.state[node] === STATE.leaf) continue;
      const other = best < 0 ? -1 : frontier[best]!;
      if (
        best < 0 ||
        nodes.gain[node]! > nodes.gain[other]! ||
        (nodes.gain[node] === nodes.gain[other] && nodes.begin[node]! < nodes.begin[other]!)
      )
        best = i;
    }
    if (best < 0) break;
    const node = frontier[best]!;
    if (nodes.state[node] === STATE.candidate && !open(node))
      return { expanded, isComplete: false };
    expanded.push(node);
    frontier[best] = nodes.left[node]!;
    frontier.push(nodes.left[node]! + 1);
  }
  return { expanded, isComplete: true };
};

/** The tree of the chosen expansions, numbered in their order, and the rows of its leaves. */
const treeOf = (
  shop: Workshop,
  settings: LearnerSettings,
  expanded: readonly number[],
): GrownTree => {
  const { nodes, context } = shop;
  const tree = buildNodes(2 * expanded.length + 1);
  const numbers = new Map<number, number>([[0, 0]]);
  let nNodes = 1;
  for (const node of expanded) {
    const to = numbers.get(node)!;
    numbers.delete(node);
    tree.feature[to] = nodes.feature[node]!;
    tree.bin[to] = nodes.isSet[node] === 1 ? 0 : nodes.bin[node]!;
    tree.isSet[to] = nodes.isSet[node]!;
    tree.missingLeft[to] = nodes.missingLeft[node]!;
    if (nodes.isSet[node] === 1)
      tree.sets.set(
        nodes.sets.subarray(node * WORDS_PER_SET, (node + 1) * WORDS_PER_SET),
        to * WORDS_PER_SET,
      );
    tree.gain[to] = nodes.gain[node]!;
    tree.cover[to] = nodes.end[node]! - nodes.begin[node]!;
    tree.left[to] = nNodes;
    tree.right[to] = nNodes + 1;
    numbers.set(nodes.left[node]!, nNodes);
    numbers.set(nodes.left[node]! + 1, nNodes + 1);
    nNodes += 2;
  }
  const ranges = [...numbers].map(([node, to]) => {
    tree.value[to] =
      settings.learningRate *
      leafValue(
        nodes.g[node]! * context.doubles[0]!,
        nodes.h[node]! * context.doubles[1]!,
        settings.l2,
        nodes.low[node]!,
        nodes.high[node]!,
      );
    tree.cover[to] = nodes.end[node]! - nodes.begin[node]!;
    return { node: to, begin: nodes.begin[node]!, end: nodes.end[node]! };
  });
  return { tree: trim(tree, nNodes), ranges };
};

const renewTogether = (shop: Workshop, run: Run, grown: GrownTree | null, round: number): void => {
  const { control, layout, rangeValues, rangeBounds } = shop;
  const ranges = grown?.ranges ?? [{ node: -1, begin: 0, end: layout.nRows }];
  ranges.forEach(({ node, begin, end }, i) => {
    rangeValues[i] = node < 0 ? 0 : grown!.tree.value[node]!;
    rangeBounds[2 * i] = begin;
    rangeBounds[2 * i + 1] = end;
  });
  control[CONTROL.nRanges] = ranges.length;
  control[CONTROL.round] = round;
  run(JOBS.mark, 0, layout.nRows);
  run(JOBS.renew, 0, layout.nRows);
};

const renewQuantile = (
  shop: Workshop,
  data: BoostRows,
  loss: Loss & { kind: 'quantile' },
  scores: Float64Array,
  rows: Int32Array,
  grown: GrownTree | null,
  round: number,
): void => {
  const { layout, ints, context } = shop;
  const [gScale, rowShare] = [context.doubles[2]!, context.doubles[4]!];
  for (const { node, begin, end } of grown?.ranges ?? []) {
    const value = grown!.tree.value[node]!;
    for (let i = begin; i < end; i++) scores[rows[i]!]! += value;
  }
  const first = layout.recordsAt >>> 2;
  const step = layout.recordBytes >> 2;
  for (let row = 0; row < layout.nRows; row++)
    ints[first + row * step] = packQuantile(
      scores[row]!,
      data.minutes[row]!,
      loss.level,
      row,
      round,
      rowShare,
      gScale,
    );
};
