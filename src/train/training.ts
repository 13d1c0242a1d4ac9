/**
 * Table to Model: split, features, heads, calibration, and an honest account of how good it is.
 * The room's front door.
 */

import { ruleOf } from '../core/around/weather.ts';
import { dayOf } from '../core/calendar.ts';
import { buildDelayQuantile } from '../core/delay-distribution.ts';
import type { Forest } from '../core/forest.ts';
import type { Model } from '../core/model.ts';
import { departuresOf, type Table } from '../core/table.ts';
import { wholeProcessors } from '../host/processors.ts';
import { freeColumns, MANY_ROWS } from './ended-memory.ts';
import { buildParallelLearner } from './engine/parallel-learner.ts';
import { buildTrainingPool, type TrainingPool } from './engine/training-pool.ts';
import { datesOf, type Part } from './features/time-split.ts';
import { type FlightSamples, takeSamples } from './flight-samples.ts';
import type { BuildLearner } from './growing/learner.ts';
import type { BoostRows } from './growing/training-rows.ts';
import {
  type LearnedHead,
  type LearnedHeads,
  learnHeads,
  learnOnAll,
  type OnRound,
  type RelearnableHeads,
  relearnableOf,
} from './head-training.ts';
import {
  type Learnable,
  learnableOf,
  type Prepared,
  prepare,
  prepareEveryDay,
  prepareTwice,
} from './preparation.ts';
import { type DayResampling, resampleDays } from './quality/day-resampling.ts';
import { type Baseline, baselineOf, type Evaluation, evaluate } from './quality/evaluation.ts';
import { type HeadQuality, probabilityQuality, quantileQuality } from './quality/head-quality.ts';
import { rateOf } from './quality/metrics.ts';
import { sampleQuantile } from './quality/quantile.ts';
import { boostSettings, type TrainOptions } from './settings.ts';

/** The model that is stored, learned again from every flight after the one that the report judges. */
interface Refit {
  readonly days: string;
  readonly rows: number;
  readonly seconds: number;
}

export interface TrainReport extends Evaluation {
  readonly files: readonly string[];
  readonly dialect: string;
  readonly target: 'arrival' | 'departure';
  readonly lateMinutes: number;
  readonly rows: { readonly read: number; readonly rejected: number; readonly used: number };
  readonly rejected: Readonly<Record<string, number>>;
  readonly splitKind: 'time' | 'random';
  readonly split: Readonly<Record<Part, string>>;
  /** Flights of each part, and which share of them was late. */
  readonly partRates: Readonly<Record<Part, { readonly rows: number; readonly baseRate: number }>>;
  readonly baselines: { readonly climatology: Baseline; readonly logistic: Baseline };
  readonly threshold: number;
  readonly rounds: readonly { readonly train: number; readonly validation: number }[];
  /** How many trees of the first answer each of them stands for: where steps were larger, while their number was looked for. */
  readonly treesPerRound: number;
  /** How many trees the first answer has. */
  readonly trees: number;
  /** How many trees it could have had at most. */
  readonly maxTrees: number;
  /** Whether they were grown again from all flights before the test; not when training was stopped. */
  readonly isRelearned: boolean;
  readonly heads: readonly HeadQuality[];
  /** Null where the stored model is the one that was judged. */
  readonly refit: Refit | null;
}

/** A model, and what it needs to be stored. */
interface Learned {
  /** Without self-test: whoever holds a predictor answers `selfTestRaw`. */
  readonly model: Model;
  /** float64, shape (n, nInputs): flights for the self-test. */
  readonly selfTestRaw: Float64Array;
  /** Climatology and logistic regression of the same flights, for later evaluations. */
  readonly baselines: Model;
}

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

/** Flights as bins, and what is kept of their inputs: the matrix of these is let go before trees are grown. */
interface ReadyToLearn {
  readonly learnable: Learnable;
  readonly samples: FlightSamples;
}

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

/** Measures the heads on the test flights and makes a model of them. */
const judge = (
  table: Table,
  { learnable, samples }: ReadyToLearn,
  { probabilities: learned, quantiles, survival }: LearnedHeads,
  options: TrainOptions,
): { judged: Learned; report: Omit<TrainReport, 'refit'>; sampleRaw: Float64Array } => {
  const { inputs, features, parts, split, known } = learnable;
  const first = learned[0]!;
  const settings = boostSettings(parts.train.nRows, features, options);
  const { baselineAnswers: answers } = samples;
  const baselines = {
    climatology: baselineOf(answers.climatology, parts.test.labels),
    logistic: baselineOf(answers.logistic, parts.test.labels),
  };
  const threshold = thresholdOf(first.answers.calibration, parts.calibration.labels);
  const evaluation = evaluate({
    table,
    rows: split.rows.test,
    probabilities: first.answers.test,
    labels: parts.test.labels,
    baselines: answers,
    threshold,
    costs: options.costs,
  });
  const { weather } = table.surroundings ?? {};
  const rejected = Object.values(table.source.rejected).reduce((sum, n) => sum + n, 0);
  const rows = { read: table.source.nRowsRead, rejected, used: table.nRows };
  const departures = departuresOf(table);
  const daysOf = ({ days }: BoostRows, of: Int32Array): ArrayLike<number> =>
    days ?? of.map((row) => dayOf(departures[row]!));
  const model: Model = {
    name: options.name,
    inputs,
    features,
    heads: [...learned.map(({ head }) => head), ...quantiles],
    threshold,
    provenance: {
      madeBy: 'puntual',
      trainedOn: {
        dialect: table.source.dialect,
        target: table.source.target,
        rows,
        split: split.dates,
        known: {
          days: datesOf(departures, known),
          rows: known.length,
          baseRate: rateOfParts([parts.train, parts.validation, parts.calibration]),
        },
        settings: {
          lateMinutes: options.lateMinutes,
          seed: options.seed,
          split: options.split,
          trees: first.boosted.trees.length,
          leaves: settings.nLeaves,
          learningRate: settings.learningRate,
        },
        ...(weather && { weather: ruleOf(weather) }),
      },
      test: evaluation.test,
      baselines,
    },
    shares: samples.shares,
    selfTest: NO_SELF_TEST,
  };
  const testDays = resampleDays(daysOf(parts.test, split.rows.test));
  return {
    judged: {
      model,
      baselines: samples.baselines,
      selfTestRaw: samples.selfTestRaw,
    },
    report: {
      rows,
      rejected: table.source.rejected,
      splitKind: split.kind,
      split: split.dates,
      partRates: {
        train: ratesOf(parts.train),
        validation: ratesOf(parts.validation),
        calibration: ratesOf(parts.calibration),
        test: ratesOf(parts.test),
      },
      ...evaluation,
      baselines,
      threshold,
      files: table.source.files,
      dialect: table.source.dialect,
      target: table.source.target,
      lateMinutes: options.lateMinutes,
      rounds: first.boosted.rounds,
      treesPerRound: first.treesPerRound,
      trees: first.boosted.trees.length,
      maxTrees: settings.nTrees,
      isRelearned: first.isRelearned,
      heads: [
        ...learned.slice(1).map(laterQuality),
        ...quantiles.map((head) =>
          learnedQuantileQuality(head, {
            survival,
            test: parts.test,
            train: parts.train,
            days: testDays,
          }),
        ),
      ],
    },
    sampleRaw: samples.testRaw,
  };
};

const ratesOf = ({ nRows, labels }: BoostRows) => ({ rows: nRows, baseRate: rateOf(labels) });

const rateOfParts = (parts: readonly BoostRows[]): number => {
  const nRows = parts.reduce((sum, part) => sum + part.nRows, 0);
  return parts.reduce((sum, { nRows: own, labels }) => sum + (own * rateOf(labels)) / nRows, 0);
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
            days: datesOf(departures, known),
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

const NO_SELF_TEST = { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) };

/** A later probability on the flights that it is about, beside the training flights' rate. */
const laterQuality = ({ head, answers, of: { test, train } }: LearnedHead): HeadQuality =>
  probabilityQuality(
    {
      name: `at least ${head.minutes} min, given the step before`,
      answers: answers.test,
      constant: rateOf(train.labels),
      days: resampleDays(test.days ?? new Int32Array(test.nRows)),
    },
    test.labels,
  );

interface QuantileFlights {
  /** float64, shape (test flights, probabilities). */
  readonly survival: Float64Array;
  readonly test: BoostRows;
  readonly train: BoostRows;
  readonly days: DayResampling;
}

/** A quantile of the test flights beside the training flights' own. */
const learnedQuantileQuality = (
  { level, score }: LearnedHeads['quantiles'][number],
  { survival, test, train, days }: QuantileFlights,
): HeadQuality => {
  if (score.kind !== 'distribution') throw new TypeError('a learned quantile has a distribution');
  const quantile = buildDelayQuantile(score.shape, level);
  const nSteps = survival.length / test.nRows;
  return quantileQuality(
    {
      answers: Float64Array.from({ length: test.nRows }, (_, i) => quantile(survival, i * nSteps)),
      constant: sampleQuantile(new Float64Array(train.minutes), level),
      days,
    },
    level,
    test.minutes,
  );
};

/** The probability above which a flight is called delayed: the one that calls as many delayed as are. */
export const thresholdOf = (probabilities: Float64Array, labels: Uint8Array): number => {
  const sorted = Float64Array.from(probabilities).sort();
  let late = 0;
  for (let i = 0; i < labels.length; i++) late += labels[i]!;
  return sorted[Math.max(0, sorted.length - Math.max(1, late))]!;
};
