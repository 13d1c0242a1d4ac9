/**
 * What was learned, measured on the test flights: a model of it, and how good that is.
 */
import { ruleOf } from '../core/around/weather.ts';
import { dayOf } from '../core/calendar.ts';
import { buildDelayQuantile } from '../core/delay-distribution.ts';
import type { Model } from '../core/model.ts';
import { departuresOf, type Table } from '../core/table.ts';
import { recordDays } from './features/time-split.ts';
import type { FlightSamples } from './flight-samples.ts';
import type { BoostRows } from './growing/training-rows.ts';
import type { LearnedHead, LearnedHeads } from './heads/learned-heads.ts';
import type { Learnable } from './preparation.ts';
import { type DayResampling, resampleDays } from './quality/day-resampling.ts';
import { baselineOf, evaluate } from './quality/evaluation.ts';
import { type HeadQuality, probabilityQuality, quantileQuality } from './quality/head-quality.ts';
import { rateOf } from './quality/metrics.ts';
import { sampleQuantile } from './quality/quantile.ts';
import { boostSettings, type TrainOptions } from './settings.ts';
import type { TrainReport } from './train-report.ts';

/** A model, and what it needs to be stored. */
export interface Learned {
  /** Without self-test: whoever holds a predictor answers `selfTestRaw`. */
  readonly model: Model;
  /** float64, shape (n, nInputs): flights for the self-test. */
  readonly selfTestRaw: Float64Array;
  /** Climatology and logistic regression of the same flights, for later evaluations. */
  readonly baselines: Model;
}

/** Flights as bins, and what is kept of their inputs: the matrix of these is let go before trees are grown. */
export interface ReadyToLearn {
  readonly learnable: Learnable;
  readonly samples: FlightSamples;
}

/** Measures the heads on the test flights and makes a model of them. */
export const judge = (
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
          ...recordDays(departures, known),
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

/** Until a predictor has answered it. */
export const NO_SELF_TEST = { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) };

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
