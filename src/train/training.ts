/**
 * Table to Model: split, features, heads, calibration, and an honest account of how good it is.
 * The room's front door.
 */
import type { Forest } from '../core/forest.ts';
import type { Model } from '../core/model.ts';
import { departuresOf, type Table } from '../core/table.ts';
import { wholeProcessors } from '../host/processors.ts';
import { freeColumns, MANY_ROWS } from './ended-memory.ts';
import { buildParallelLearner } from './engine/parallel-learner.ts';
import { buildTrainingPool, type TrainingPool } from './engine/training-pool.ts';
import { recordDays } from './features/time-split.ts';
import { takeSamples } from './flight-samples.ts';
import type { BuildLearner } from './growing/learner.ts';
import { learnHeads } from './heads/head-training.ts';
import type { OnRound } from './heads/learned-heads.ts';
import { learnOnAll, type RelearnableHeads, relearnableOf } from './heads/relearning.ts';
import { judge, type Learned, NO_SELF_TEST, type ReadyToLearn } from './judgement.ts';
import {
  learnableOf,
  type Prepared,
  prepare,
  prepareEveryDay,
  prepareTwice,
} from './preparation.ts';
import { rateOf } from './quality/metrics.ts';
import type { TrainOptions } from './settings.ts';
import type { TrainReport } from './train-report.ts';

export interface Trained {
  /** The model that the report judges: it knows no day of the test. */
  readonly judged: Learned;
  /** The same, learned again from every flight; null where it was not. */
  readonly refit: Learned | null;
  readonly report: TrainReport;
  /** float64, shape (n, nInputs of the judged model): test flights, evenly spaced, to explain the model by. */
  readonly sampleRaw: Float64Array;
}

/** The first answer of the model that will be judged, before its curve, and test flights to explain it by. */
interface FirstAnswer extends Pick<Model, 'inputs' | 'features'> {
  readonly forest: Forest;
  /** As in `Trained`. */
  readonly sampleRaw: Float64Array;
}

/**
 * Learns a model, judges it, and learns it again from every flight.
 * @param onRound returns false to stop early, keeping the best round
 * @param onFirst told as soon as the first answer's trees are grown, so that they can be explained beside the rest
 * @throws AppError data-too-small, data-unfit, data-leak
 */
export const trainModel = async (
  table: Table,
  options: TrainOptions,
  onRound: OnRound = () => true,
  onFirst?: (first: FirstAnswer) => void,
): Promise<Trained> => {
  const pool = buildTrainingPool(options.nThreads ?? wholeProcessors());
  const mostRows = table.nRows > MANY_ROWS ? 0 : table.nRows;
  const buildLearner = buildParallelLearner(pool, mostRows);
  const task = { table, options, pool, buildLearner, onRound, onFirst };
  try {
    const { judged, report, sampleRaw, relearnable, everyDay } = await learnJudged(task);
    if (relearnable === null)
      return { judged, refit: null, sampleRaw, report: { ...report, refit: null } };
    const startMs = performance.now();
    await pool.free(table.nRows);
    const refit = await learnEveryDay(
      task,
      everyDay ?? (await readyEveryDay(table, options, pool)),
      { relearnable, model: judged.model },
    );
    const { known } = refit?.model.provenance.trainedOn ?? {};
    const seconds = (performance.now() - startMs) / 1000;
    return {
      judged,
      refit,
      sampleRaw,
      report: { ...report, refit: known ? { ...known, seconds } : null },
    };
  } finally {
    pool.dismiss();
  }
};

interface TrainingTask {
  readonly table: Table;
  readonly options: TrainOptions;
  readonly pool: TrainingPool;
  readonly buildLearner: BuildLearner;
  readonly onRound: OnRound;
  readonly onFirst: ((first: FirstAnswer) => void) | undefined;
}

interface JudgedLearning {
  readonly judged: Learned;
  readonly report: Omit<TrainReport, 'refit'>;
  readonly sampleRaw: Float64Array;
  /** What is learned again from every day; null where nothing is. */
  readonly relearnable: RelearnableHeads | null;
  /** Every day, where it was prepared beside the others. */
  readonly everyDay: ReadyToLearn | undefined;
}

/** Nothing that comes of it holds the flights that were learned from: they go before every day is prepared. */
const learnJudged = async ({
  table,
  options,
  pool,
  buildLearner,
  onRound,
  onFirst,
}: TrainingTask): Promise<JudgedLearning> => {
  const [ready, everyDay] = await prepareToLearn(table, options, pool);
  const { inputs, features } = ready.learnable;
  const learned = await learnHeads(ready.learnable, options, {
    buildLearner,
    score: pool.score,
    free: pool.free,
    onRound,
    onFirst: (forest) => onFirst?.({ inputs, features, forest, sampleRaw: ready.samples.testRaw }),
  });
  const isLast = !isRefit(options) || learned.isStopped;
  freeColumns(table.nRows);
  return {
    ...judge(table, ready, learned, options),
    everyDay,
    relearnable: isLast ? null : relearnableOf(learned),
  };
};

const isRefit = ({ refit, split }: TrainOptions): boolean => refit && split === 'time';

const readyOf = async (
  prepared: Prepared,
  options: TrainOptions,
  pool: TrainingPool,
): Promise<ReadyToLearn> => ({
  learnable: learnableOf(prepared),
  samples: await takeSamples(prepared, options, pool),
});

const readyEveryDay = async (
  table: Table,
  options: TrainOptions,
  pool: TrainingPool,
): Promise<ReadyToLearn> => readyOf(await prepareEveryDay(table, options, pool), options, pool);

/**
 * For the model that is judged, and for that of every day where it is asked for. Many flights are prepared for one after
 * the other: for both at once they take too much memory.
 */
const prepareToLearn = async (
  table: Table,
  options: TrainOptions,
  pool: TrainingPool,
): Promise<readonly [ReadyToLearn, ReadyToLearn?]> => {
  if (!isRefit(options) || table.nRows > MANY_ROWS)
    return [await readyOf(await prepare(table, options, pool), options, pool)];
  const { judged, everyDay } = await prepareTwice(table, options, pool);
  return [await readyOf(judged, options, pool), await readyOf(everyDay, options, pool)];
};

/** The judged model learned again from every flight; null where learning was told to stop. */
const learnEveryDay = async (
  { table, options, pool, buildLearner, onRound }: TrainingTask,
  { learnable, samples }: ReadyToLearn,
  judged: { readonly relearnable: RelearnableHeads; readonly model: Model },
): Promise<Learned | null> => {
  const departures = departuresOf(table);
  const { inputs, features, known } = learnable;
  const heads = await learnOnAll(learnable, judged.relearnable, options, {
    buildLearner,
    free: pool.free,
    onRound,
  });
  if (heads === null) return null;
  const { provenance, name, threshold } = judged.model;
  const trainedOn = provenance.trainedOn!;
  return {
    model: {
      name,
      threshold,
      inputs,
      features,
      heads,
      provenance: {
        ...provenance,
        trainedOn: {
          ...trainedOn,
          known: {
            ...recordDays(departures, known),
            rows: known.length,
            baseRate: rateOf(learnable.parts.train.labels),
          },
          settings: { ...trainedOn.settings, refit: true },
        },
      },
      shares: samples.shares,
      selfTest: NO_SELF_TEST,
    },
    baselines: samples.baselines,
    selfTestRaw: samples.selfTestRaw,
  };
};
