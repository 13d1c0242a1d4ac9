/**
 * The fast learner: emitted kernels, all threads on one shared memory.
 * The tree is the same for any number of threads: sums are whole numbers, and which leaves it has is decided
 * best first (see `ranking`), from splits that depend on nothing but their own rows.
 */
import type { AssembledTree } from './assembly.ts';
import { freeEnded } from './ended-memory.ts';
import { growTree, rootSlotOf, type Run, sumParts } from './parallel-grower.ts';
import { awaitChange, doJob, JOBS, type Order } from './jobs.ts';
import { emitKernels } from '../kernels/kernels.ts';
import { layoutOf } from './layout.ts';
import { type BoostRows, type BuildLearner, startScoresInto } from '../growing/learner.ts';
import { quantaOf } from '../growing/loss.ts';
import { CONTROL } from './node-table.ts';
import { buildTeam, type Team } from './thread-pool.ts';
import { buildWorkshop, type Workshop } from './thread-context.ts';

/** Fewer rows than this are not worth the meeting of threads. */
const ALONE_ROWS = 10_000;
const ALONE = buildTeam(1);

/** A builder of fast learners that share a team of threads. */
export const buildEngine =
  (whole: Team): BuildLearner =>
  async (data, loss, base, settings) => {
    const team = data.nRows < ALONE_ROWS ? ALONE : whole;
    const layout = layoutOf(data.bins, data.nRows, settings.nLeaves, team.nThreads, loss);
    freeEnded(layout.nPages);
    const memory = new WebAssembly.Memory({
      initial: layout.nPages,
      maximum: layout.nPages,
      shared: true,
    });
    const module = new WebAssembly.Module(emitKernels(layout, layout.nPages));
    const shop = buildWorkshop(memory, module, layout, 0);
    const order: Order = { bins: data.bins, settings, loss };
    await team.assign({ memory, module, layout, order });
    const run = buildRunner(shop, order);
    const { scores } = shop;
    fillShop(shop, data);
    run(JOBS.records, 0, data.nRows);
    startScoresInto(scores, data, loss, base);
    const quanta = quantaOf(loss, data.nRows);
    shop.context.doubles.set([
      1 / quanta.gScale,
      1 / quanta.hScale,
      quanta.gScale,
      quanta.hScale,
      settings.rowShare,
    ]);
    renew(shop, run, null, 0);
    let last: AssembledTree | null = null;
    return {
      scores,
      rows: new Int32Array(shop.ints.buffer, layout.rowsAt, data.nRows),
      grow: (allowed) => {
        shop.context.allowed.fill(1);
        if (allowed) shop.context.allowed.set(allowed);
        last = growTree(shop, run, order);
        return last;
      },
      advance: (_, nextRound) => renew(shop, run, last, nextRound),
      finish: () => run(JOBS.stop, 0, 0),
    };
  };

/** Copies in what is learned from; the threads make records of it. */
const fillShop = ({ layout, bytes, minutes }: Workshop, data: BoostRows): void => {
  const { nRows, nFeatures, columnsAt, columnBytes } = layout;
  for (let f = 0; f < nFeatures; f++)
    bytes.set(data.data.subarray(f * nRows, (f + 1) * nRows), columnsAt + f * columnBytes);
  bytes.set(data.labels, layout.labelsAt);
  if (minutes.length > 0) minutes.set(data.minutes);
};

/** Gives a job to all threads, does the own part, waits for the others. */
const buildRunner =
  (shop: Workshop, order: Order): Run =>
  (job, begin, end) => {
    const { control, layout } = shop;
    control[CONTROL.job] = job;
    control[CONTROL.begin] = begin;
    control[CONTROL.end] = end;
    Atomics.store(control, CONTROL.done, 0);
    Atomics.add(control, CONTROL.sequence, 1);
    Atomics.notify(control, CONTROL.sequence);
    if (job !== JOBS.stop) doJob(shop, order);
    for (let done = Atomics.load(control, CONTROL.done); done < layout.nThreads - 1; )
      done = awaitChange(control, CONTROL.done, done);
  };

/** Moves the scores by a tree, renews the gradients and sums them for the next root. */
const renew = (shop: Workshop, run: Run, grown: AssembledTree | null, round: number): void => {
  const { control, layout, rangeValues, rangeBounds } = shop;
  const runs = grown?.runs ?? [];
  rangeValues[0] = 0;
  runs.forEach(({ node, begin, end }, i) => {
    rangeValues[i] = grown!.tree.value[node]!;
    rangeBounds[2 * i] = begin;
    rangeBounds[2 * i + 1] = end;
  });
  control[CONTROL.nRanges] = runs.length;
  control[CONTROL.round] = round;
  control[CONTROL.slot] = rootSlotOf(shop);
  run(JOBS.renew, 0, layout.nRows);
  sumParts(shop);
};
