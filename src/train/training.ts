/**
 * Table to Model: split, features, heads, calibration, and an honest account of how good it is.
 * The room's front door.
 */
import { sigmoid } from '../core/logistic.ts';
import { wholeProcessors } from '../host/processors.ts';
import { buildEncoder } from '../core/features.ts';
import type { Input } from '../core/inputs.ts';
import type { Model } from '../core/model.ts';
import { departuresOf, type Table } from '../core/table.ts';
import { buildBaselines } from './quality/baseline-model.ts';
import { buildParallelLearner } from './engine/parallel-learner.ts';
import { type Baseline, baselineOf, evaluate, type Evaluation } from './quality/evaluation.ts';
import { type LearnedHead, learnHeads, type OnRound } from './head-training.ts';
import { pinballOfScores } from './growing/loss.ts';
import { logLoss, rateOf } from './quality/metrics.ts';
import { type Prepared, prepare } from './preparation.ts';
import { boostSettings, type TrainOptions } from './settings.ts';
import { sampleQuantile } from './growing/quantile.ts';
import { distributionsOf } from './quality/input-distribution.ts';
import { buildTrainingPool, type TrainingPool } from './engine/training-pool.ts';
import { datesOf, type Part } from './features/time-split.ts';
import { walkForest } from './growing/tree.ts';

interface HeadQuality {
  readonly name: string;
  readonly loss: number;
  /** Of the same answer for every flight. */
  readonly baselineLoss: number;
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
  readonly baselines: { readonly climatology: Baseline; readonly logistic: Baseline };
  readonly threshold: number;
  readonly rounds: readonly { readonly train: number; readonly validation: number }[];
  /** How many trees the first answer has. */
  readonly trees: number;
  /** Whether they were grown again from all flights before the test; not when training was stopped. */
  readonly isRelearned: boolean;
  readonly heads: readonly HeadQuality[];
}

export interface Trained {
  /** Without self-test: whoever holds a predictor answers `selfTestRaw`. */
  readonly model: Model;
  readonly report: TrainReport;
  /** float64, shape (n, nInputs): flights for the self-test. */
  readonly selfTestRaw: Float64Array;
  /** float64, shape (n, nInputs): test flights, evenly spaced, to explain the model by. */
  readonly sampleRaw: Float64Array;
  /** Climatology and logistic regression, for later evaluations. */
  readonly baselines: Model;
}

const SELF_TEST_ROWS = 64;

/**
 * Learns a model.
 * @param onRound returns false to stop early, keeping the best round
 * @throws AppError data-too-small, data-unfit, data-leak
 */
export const trainModel = async (
  table: Table,
  options: TrainOptions,
  onRound: OnRound = () => true,
): Promise<Trained> => {
  const pool = buildTrainingPool(options.nThreads ?? wholeProcessors());
  const { prepared, learned } = await learn(table, options, pool, onRound).finally(pool.dismiss);
  const { inputs, features, raw, parts, split } = prepared;
  const first = learned[0]!;
  const settings = boostSettings(parts.train.nRows, features, options);
  const baselineModel = buildBaselines(prepared, options);
  const answers = baselineAnswers(baselineModel, prepared);
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
  const rejected = Object.values(table.source.rejected).reduce((sum, n) => sum + n, 0);
  const rows = { read: table.source.nRowsRead, rejected, used: table.nRows };
  const model: Model = {
    name: options.name,
    inputs,
    features,
    heads: learned.map(({ head }) => head),
    threshold,
    provenance: {
      madeBy: 'puntual',
      trainedOn: {
        dialect: table.source.dialect,
        target: table.source.target,
        rows,
        split: split.dates,
        known: { days: datesOf(departuresOf(table), prepared.known), rows: prepared.known.length },
        settings: {
          lateMinutes: options.lateMinutes,
          seed: options.seed,
          split: options.split,
          trees: first.boosted.trees.length,
          leaves: settings.nLeaves,
          learningRate: settings.learningRate,
        },
      },
      test: evaluation.test,
      baselines,
    },
    shares: distributionsOf(inputs, raw, split.rows.train),
    selfTest: { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) },
  };
  return {
    model,
    report: {
      rows,
      rejected: table.source.rejected,
      splitKind: split.kind,
      split: split.dates,
      ...evaluation,
      baselines,
      threshold,
      files: table.source.files,
      dialect: table.source.dialect,
      target: table.source.target,
      lateMinutes: options.lateMinutes,
      rounds: first.boosted.rounds,
      trees: first.boosted.trees.length,
      isRelearned: first.isRelearned,
      heads: learned.slice(1).map(headQuality),
    },
    baselines: baselineModel,
    sampleRaw: sampleOf(raw, inputs.length, split.rows.test),
    selfTestRaw: awkwardRows(inputs, raw, table.nRows),
  };
};

const learn = async (table: Table, options: TrainOptions, pool: TrainingPool, onRound: OnRound) => {
  const prepared = await prepare(table, options, pool);
  const learned = await learnHeads(prepared, options, {
    buildLearner: buildParallelLearner(pool),
    score: pool.score,
    onRound,
  });
  return { prepared, learned };
};

/** Loss of a later head on its test flights, beside that of a constant answer from the training flights. */
const headQuality = ({ head, answers, of }: LearnedHead): HeadQuality => {
  const { test, train } = of;
  if (head.kind === 'quantile') {
    const constant = sampleQuantile(Float64Array.from(train.minutes), head.level);
    return {
      name: `P${Math.round(head.level * 100)} of minutes (pinball loss)`,
      loss: pinballOfScores(answers.test, test.minutes, head.level),
      baselineLoss: pinballOfScores(
        new Float64Array(test.nRows).fill(constant),
        test.minutes,
        head.level,
      ),
    };
  }
  return {
    name: `at least ${head.minutes} min, given the step before (log loss)`,
    loss: logLoss(answers.test, test.labels),
    baselineLoss: logLoss(new Float64Array(test.nRows).fill(rateOf(train.labels)), test.labels),
  };
};

/** Enough that the order of the features does not hang on the draw. */
const SAMPLE_ROWS = 5000;

const sampleOf = (raw: Float64Array, nInputs: number, rows: Int32Array): Float64Array => {
  const n = Math.min(SAMPLE_ROWS, rows.length);
  const sample = new Float64Array(n * nInputs);
  for (let i = 0; i < n; i++) {
    const from = rows[Math.floor((i * rows.length) / n)]! * nInputs;
    sample.set(raw.subarray(from, from + nInputs), i * nInputs);
  }
  return sample;
};

/** What the baselines say of the test flights. */
const baselineAnswers = (
  baselines: Model,
  { raw, split }: Prepared,
): Readonly<Record<'climatology' | 'logistic', Float64Array>> => {
  const rows = split.rows.test;
  const ask = (answer: (features: Float64Array) => number): Float64Array => {
    const encode = buildEncoder(baselines.inputs, baselines.features);
    const features = new Float64Array(baselines.features.length);
    return Float64Array.from(rows, (row) => {
      encode(raw, row * baselines.inputs.length, features, 0);
      return sigmoid(answer(features));
    });
  };
  const { score } = baselines.heads[1]!;
  const forest = (score as typeof score & { kind: 'forest' }).forest;
  return {
    climatology: ask((features) => features.at(-1)!),
    logistic: ask((features) => walkForest(forest, features)),
  };
};

/** The probability above which a flight is called delayed: the one that calls as many delayed as are. */
const thresholdOf = (probabilities: Float64Array, labels: Uint8Array): number => {
  const sorted = Float64Array.from(probabilities).sort();
  let late = 0;
  for (const label of labels) late += label;
  return sorted[Math.max(0, sorted.length - Math.max(1, late))]!;
};

/** Real flights, and a few with a missing, unseen or extreme value in each input in turn. */
const awkwardRows = (inputs: readonly Input[], raw: Float64Array, nRows: number): Float64Array => {
  const n = Math.min(SELF_TEST_ROWS, nRows);
  const rows = new Float64Array(n * inputs.length);
  for (let i = 0; i < n; i++) {
    const from = Math.floor((i * nRows) / n) * inputs.length;
    rows.set(raw.subarray(from, from + inputs.length), i * inputs.length);
    if (i % 2 === 1) {
      const input = (i >> 1) % inputs.length;
      rows[i * inputs.length + input] =
        inputs[input]!.kind === 'number' && i % 4 === 3 ? 1e9 : Number.NaN;
    }
  }
  return rows;
};
