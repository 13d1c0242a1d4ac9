/**
 * The parallel learner: the algorithm of `growing/learner`, on all threads, in emitted WebAssembly. Read this folder from here.
 *
 * The idea. Sums are whole numbers, so that any order of addition gives the same bits, and a leaf's best split depends
 * on its own rows only. So threads may fill one histogram together, or expand different leaves at the same time, ahead
 * of what best-first growth has decided: a leaf that was expanded needlessly is left out of the tree (`ranking`,
 * `assembly`). The tree is the same for any number of threads, and the same as the plain learner's.
 *
 * Memory. One WebAssembly.Memory, shared by all threads; `layout` says where everything lies:
 *   control cells, node table, ranking     what threads tell each other (`node-table`, `ranking`)
 *   tables, blocks, marks, cursors         each thread's own scratch
 *   records                                per row: packed gradient (int32), then one bin per feature of the tree: for
 *                                          histograms
 *   columns                                the bins of all features, feature by feature: for partitions, and to fill records from
 *   scores, labels, minutes                per row
 *   rows, scratch                          row numbers, each leaf's side by side
 *   histograms                             slots: first one per thread (the last of these is the root's), then one per
 *                                          expanded leaf
 *
 * A round.
 *   1. renew    every thread, on its part of the rows: moves scores by the last tree, renews gradients in the
 *               records, puts the bins of the next tree's features beside them, adds all to its histogram; the sum of these is the root's (`renewal`)
 *   2. grow     while the next leaf is large: all threads partition it and fill its histogram together
 *               (`parallel-grower`); then each thread takes leaves of its own from the queue (`queue`, `expansion`)
 *   3. assemble the tree of the nodes that best-first growth wants (`assembly`)
 *
 * The caller's thread is one of them: it starts each job by raising a counter that the others wait for, does its own
 * part, and waits for theirs (`jobs`). `training-pool` starts the threads, once per training; they also fill in bins
 * and score rows.
 */
import { type Allowed, type BuildLearner, startScoresInto } from '../growing/learner.ts';
import { quantaOf } from '../growing/loss.ts';
import type { BoostRows } from '../growing/training-rows.ts';
import { wordsOf } from '../kernels/kernel-shape.ts';
import { emitKernels } from '../kernels/kernels.ts';
import type { AssembledTree } from './assembly.ts';
import { freeEnded } from '../ended-memory.ts';
import { awaitChange, doPart, JOBS } from './jobs.ts';
import { type Layout, layoutOf } from './layout.ts';
import { CONTROL } from './node-table.ts';
import { growTree, rootSlotOf, type RunJob, sumParts } from './parallel-grower.ts';
import { buildThreadContext, type ThreadContext } from './thread-context.ts';
import { buildTrainingPool, type TrainingPool } from './training-pool.ts';
import type { TrainingTask } from './training-task.ts';

/** Fewer rows than this are not worth waking other threads. */
const ALONE_ROWS = 10_000;
const ALONE = buildTrainingPool(1);

/**
 * A builder of learners that share the threads of a pool.
 * @param mostRows what its learners have at most, if that is known: with room for so many, all have the same kernels, which
 * the engine then compiles, and finds worth compiling well, only once
 */
export const buildParallelLearner = (sharedPool: TrainingPool, mostRows = 0): BuildLearner => {
  const moduleOf = buildModules();
  return async (data, base, settings, allowed) => {
    const { bins, nRows } = data;
    const nPerTree = allowed?.reduce((n, isAllowed) => n + isAllowed, 0) ?? bins.length;
    const pool = nRows < ALONE_ROWS ? ALONE : sharedPool;
    const { nLeaves } = settings;
    const layout = layoutOf({
      ...{ bins, nPerTree, nLeaves },
      mostRows: Math.max(mostRows, nRows),
      nThreads: pool.nThreads,
    });
    freeEnded(layout.nPages);
    const memory = new WebAssembly.Memory({
      initial: layout.nPages,
      maximum: layout.nPages,
      shared: true,
    });
    const module = moduleOf(layout);
    const thread = buildThreadContext(memory, module, layout, 0);
    const task: TrainingTask = { nRows, bins, settings, quanta: quantaOf(nRows) };
    await pool.assign({ memory, module, layout, task });
    const runJob = jobRunner(thread, task);
    fillMemory(thread, data);
    const scores = new Float64Array(thread.ints.buffer, layout.scoresAt, nRows);
    startScoresInto(scores, data, base);
    allow(thread, allowed);
    // Where every tree has all features, their bins are in the records from here on.
    if (nPerTree === bins.length) runJob(JOBS.records, 0, nRows);
    renew(thread, runJob, null, { nRows, round: 0 });
    let last: AssembledTree | null = null;
    return {
      scores,
      rows: new Int32Array(thread.ints.buffer, layout.rowsAt, nRows),
      grow: () => {
        last = growTree(thread, runJob, task);
        return last;
      },
      advance: (nextRound, next) => {
        allow(thread, next);
        renew(thread, runJob, last, { nRows, round: nextRound });
      },
      finish: () => runJob(JOBS.stop, 0, 0),
    };
  };
};

/** The kernels of a layout: the last ones, where it is the same. */
const buildModules = (): ((layout: Layout) => WebAssembly.Module) => {
  let last: { readonly layout: string; readonly module: WebAssembly.Module } | undefined;
  return (layout) => {
    const key = JSON.stringify(layout);
    if (last?.layout !== key)
      last = {
        layout: key,
        module: new WebAssembly.Module(emitKernels(layout, layout.nPages)),
      };
    return last.module;
  };
};

/** Gives the features of the next tree their places in records and histograms. */
const allow = ({ layout, ints, allowed, offsets }: ThreadContext, features: Allowed): void => {
  const { nFeatures, nPerTree, columnsAt, columnBytes, placeOffsets, placeColumnsAt } = layout;
  allowed.fill(1);
  if (features) allowed.set(features);
  const columns = ints.subarray(
    placeColumnsAt >>> 2,
    (placeColumnsAt >>> 2) + 4 * wordsOf(nPerTree),
  );
  columns.fill(columnsAt);
  let place = 0;
  for (let f = 0; f < nFeatures; f++) {
    if (allowed[f] === 0) continue;
    columns[place] = columnsAt + f * columnBytes;
    offsets[f] = placeOffsets[place]!;
    place++;
  }
  if (place !== nPerTree) throw new RangeError('every tree has as many features as the first');
};

/** Copies in what is learned from; the threads make records of it. */
const fillMemory = ({ layout, bytes }: ThreadContext, data: BoostRows): void => {
  const { nFeatures, columnsAt, columnBytes } = layout;
  const { nRows } = data;
  for (let f = 0; f < nFeatures; f++)
    bytes.set(data.data.subarray(f * nRows, (f + 1) * nRows), columnsAt + f * columnBytes);
  bytes.set(data.labels, layout.labelsAt);
};

/** Gives a job to all threads, does the own part, waits for the others. */
const jobRunner =
  (thread: ThreadContext, task: TrainingTask): RunJob =>
  (job, begin, end) => {
    const { control, layout } = thread;
    control[CONTROL.job] = job;
    control[CONTROL.begin] = begin;
    control[CONTROL.end] = end;
    Atomics.store(control, CONTROL.done, 0);
    Atomics.add(control, CONTROL.sequence, 1);
    Atomics.notify(control, CONTROL.sequence);
    if (job !== JOBS.stop) doPart(thread, task);
    for (let done = Atomics.load(control, CONTROL.done); done < layout.nThreads - 1; )
      done = awaitChange(control, CONTROL.done, done);
  };

/** Moves the scores by a tree, renews the gradients and sums them for the next root. */
const renew = (
  thread: ThreadContext,
  runJob: RunJob,
  grown: AssembledTree | null,
  { nRows, round }: { readonly nRows: number; readonly round: number },
): void => {
  const { control, runValues, runBounds } = thread;
  const runs = grown?.runs ?? [];
  runValues[0] = 0;
  runs.forEach(({ node, begin, end }, i) => {
    runValues[i] = grown!.tree.value[node]!;
    runBounds[2 * i] = begin;
    runBounds[2 * i + 1] = end;
  });
  control[CONTROL.nRuns] = runs.length;
  control[CONTROL.round] = round;
  control[CONTROL.slot] = rootSlotOf(thread);
  runJob(JOBS.renew, 0, nRows);
  sumParts(thread);
};
