/**
 * The answers of a model, each learned and calibrated: P(delay >= minutes) chained, and quantiles of minutes.
 * Stands between boosting and the model.
 */
import type { Calibration, Head } from '../core/model.ts';
import { addToScores, type Boosted, type Round } from './boosting.ts';
import { buildCurve, fitCalibration } from './calibration.ts';
import { type BoostRows, type BuildLearner, pickRows } from './learner.ts';
import { anchorLevel } from './level.ts';
import type { Loss } from './loss.ts';
import { rateOf } from './metrics.ts';
import { labelsOf, type Prepared } from './preparation.ts';
import { boostSettings, type TrainOptions } from './settings.ts';
import { boostStopped } from './stopping.ts';
import { PARTS, type Part } from './time-split.ts';
import { forestOf } from './tree.ts';

export interface TrainProgress extends Round {
  /** Which head is being learned, `late 15`. */
  readonly head: string;
  /** Training rows of a round. */
  readonly nRows: number;
}

export type OnRound = (progress: TrainProgress) => boolean;

export interface LearnedHead {
  readonly head: Head;
  readonly boosted: Boosted;
  /** float64, per part of the rows that the head is about. */
  readonly answers: Readonly<Record<Part, Float64Array>>;
  readonly of: Readonly<Record<Part, BoostRows>>;
}

const PROBABILITY_MINUTES = [30, 60] as const;
const QUANTILES = [0.5, 0.8, 0.9] as const;
/** A conditional head is learned from at least so many flights. */
const MIN_ROWS = { train: 200, validation: 20 } as const;

/** Learns all heads, in the order in which a model keeps them. */
export const learnHeads = async (
  prepared: Prepared,
  options: TrainOptions,
  buildLearner: BuildLearner,
  onRound: OnRound,
): Promise<readonly LearnedHead[]> => {
  const { parts, bins, features } = prepared;
  const learned: LearnedHead[] = [];
  const learn = (train: BoostRows, validation: BoostRows, loss: Loss, name: string) => {
    const settings = boostSettings(train.nRows, features, options, learned.length > 0);
    return boostStopped(buildLearner, train, validation, loss, settings, (round) =>
      onRound({ ...round, head: name, nRows: train.nRows }),
    );
  };
  const later = PROBABILITY_MINUTES.filter((minutes) => minutes > options.lateMinutes);
  let previous: number | null = null;
  for (const minutes of [options.lateMinutes, ...later]) {
    const of = previous === null ? parts : lateParts(parts, previous, minutes);
    const isThin =
      of.train.nRows < MIN_ROWS.train ||
      of.validation.nRows < MIN_ROWS.validation ||
      PARTS.slice(0, 2).some((part) => [0, 1].includes(rateOf(of[part].labels)));
    if (previous !== null && isThin) break;
    const boosted = await learn(of.train, of.validation, { kind: 'logistic' }, `late ${minutes}`);
    const calibration = calibrationOf(boosted, of);
    learned.push({
      boosted,
      of,
      answers: answersOf((rows) => probabilitiesOf(boosted, rows, calibration), of),
      head: {
        kind: 'probability',
        minutes,
        link: 'logistic',
        calibration,
        given: previous === null ? 'nothing' : 'previous',
        score: { kind: 'forest', forest: forestOf(boosted.trees, bins, boosted.base) },
      },
    });
    previous = minutes;
  }
  const some = options.quantiles
    ? { train: thinned(parts.train), validation: thinned(parts.validation) }
    : parts;
  for (const level of options.quantiles ? QUANTILES : []) {
    const loss: Loss = { kind: 'quantile', level };
    const boosted = await learn(some.train, some.validation, loss, `P${level * 100}`);
    learned.push({
      boosted,
      of: parts,
      answers: answersOf((rows) => scoresOf(boosted, rows), parts),
      head: {
        kind: 'quantile',
        level,
        score: { kind: 'forest', forest: forestOf(boosted.trees, bins, boosted.base) },
      },
    });
  }
  return learned;
};

const answersOf = (
  answer: (rows: BoostRows) => Float64Array,
  of: Readonly<Record<Part, BoostRows>>,
): Record<Part, Float64Array> => ({
  train: new Float64Array(0),
  validation: new Float64Array(0),
  calibration: answer(of.calibration),
  test: answer(of.test),
});

/** The flights of each part at least `previous` minutes late, labelled by `minutes`. */
const lateParts = (
  parts: Readonly<Record<Part, BoostRows>>,
  previous: number,
  minutes: number,
): Record<Part, BoostRows> =>
  Object.fromEntries(
    PARTS.map((part) => [part, lateRows(parts[part], previous, minutes)]),
  ) as Record<Part, BoostRows>;

const lateRows = (rows: BoostRows, previous: number, minutes: number): BoostRows => {
  const kept: number[] = [];
  for (let row = 0; row < rows.nRows; row++) if (rows.minutes[row]! >= previous) kept.push(row);
  const late = pickRows(rows, kept);
  return { ...late, labels: labelsOf(late.minutes, minutes), effects: undefined };
};

/** Quantiles need no more flights than this, evenly spaced. */
const QUANTILE_ROWS = 100_000;

const thinned = (rows: BoostRows): BoostRows => {
  const n = Math.min(QUANTILE_ROWS, rows.nRows);
  return n === rows.nRows
    ? rows
    : pickRows(
        rows,
        Array.from({ length: n }, (_, i) => Math.floor((i * rows.nRows) / n)),
      );
};

const scoresOf = (boosted: Boosted, rows: BoostRows): Float64Array => {
  const scores = new Float64Array(rows.nRows).fill(boosted.base);
  for (const tree of boosted.trees) addToScores(tree, rows, scores);
  return scores;
};

const probabilitiesOf = (
  boosted: Boosted,
  rows: BoostRows,
  calibration: Calibration = { kind: 'none' },
): Float64Array => {
  const calibrate = buildCurve(calibration);
  return scoresOf(boosted, rows).map((score) => calibrate(1 / (1 + Math.exp(-score))));
};

/** The calibration's shape from its own flights, its level from all the flights known. */
const calibrationOf = (boosted: Boosted, of: Readonly<Record<Part, BoostRows>>): Calibration => {
  const { train, validation, calibration, test } = of;
  const own = probabilitiesOf(boosted, calibration);
  const shape = fitCalibration(own, calibration.labels);
  const known = [train, validation, calibration].map((rows) => ({
    probabilities: rows === calibration ? own : probabilitiesOf(boosted, rows),
    labels: rows.labels,
    days: rows.days,
  }));
  return anchorLevel(shape, known, test.days ? test.days.at(-1)! - test.days[0]! + 1 : 0);
};
