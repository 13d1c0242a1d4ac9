/**
 * The answers of a model, each learned and calibrated: P(delay >= minutes) chained, and quantiles of minutes.
 * A probability is learned twice: from the training part, to find its rounds and its curve on later flights,
 * then as many rounds from all flights before the test, so that it knows the newest schedule too.
 */
import { sigmoid } from '../core/logistic.ts';
import type { Head } from '../core/model.ts';
import { type Boosted, type BoostSettings, growAll, type Round } from './boosting.ts';
import { buildCalibration } from '../core/calibrate.ts';
import { fitCalibration } from './quality/calibration.ts';
import { dayEffects } from './features/day-effect.ts';
import type { BuildLearner } from './growing/learner.ts';
import { type BoostRows, joinRows, pickRows } from './growing/training-rows.ts';
import { calibrateInTheLarge } from './quality/calibration-in-the-large.ts';
import type { Loss } from './growing/loss.ts';
import { rateOf } from './quality/metrics.ts';
import { labelsOf, type Prepared } from './preparation.ts';
import type { ScoreRows } from './engine/parallel-scoring.ts';
import { boostSettings, type TrainOptions } from './settings.ts';
import { boostWithEarlyStopping } from './early-stopping.ts';
import { PARTS, type Part } from './features/time-split.ts';
import { forestOf } from './growing/tree.ts';

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
  /** float64, of the flights that the head is about, by trees that were not grown on them. */
  readonly answers: Readonly<Record<'calibration' | 'test', Float64Array>>;
  readonly of: Readonly<Record<Part, BoostRows>>;
  /** Whether its trees were grown again from all flights before the test. */
  readonly isRelearned: boolean;
}

interface Relearned {
  readonly boosted: Boosted;
  /** float64: what the trees say of the known flights. */
  readonly probabilities: Float64Array;
}

const PROBABILITY_MINUTES = [30, 60] as const;
const QUANTILES = [0.5, 0.8, 0.9] as const;
/** A conditional head is learned from so many flights or more. */
const MIN_ROWS = { train: 200, validation: 20 } as const;

/** How heads are learned. */
interface HeadTraining {
  readonly buildLearner: BuildLearner;
  readonly score: ScoreRows;
  /** Told after each round; returns false to stop early. */
  readonly onRound: OnRound;
}

/** Learns all heads, in the order in which a model keeps them. */
export const learnHeads = async (
  prepared: Prepared,
  options: TrainOptions,
  { buildLearner, score, onRound }: HeadTraining,
): Promise<readonly LearnedHead[]> => {
  const { parts, bins, features } = prepared;
  const learned: LearnedHead[] = [];
  let isStopped = false;
  const watch =
    (head: string, { nRows }: BoostRows) =>
    (round: Round) => {
      if (!onRound({ ...round, head, nRows })) isStopped = true;
      return !isStopped;
    };
  const settingsOf = ({ nRows }: BoostRows): BoostSettings =>
    boostSettings(nRows, features, options, learned.length > 0);
  const learn = (train: BoostRows, validation: BoostRows, loss: Loss, name: string) =>
    boostWithEarlyStopping({
      buildLearner,
      train,
      validation,
      loss,
      settings: settingsOf(train),
      onRound: watch(name, train),
    });
  const probabilitiesOf = async (boosted: Boosted, rows: BoostRows): Promise<Float64Array> =>
    (await score(boosted, rows)).map(sigmoid);
  /** As many rounds again, from all flights before the test; the first result where there is no time for that. */
  const learnAgain = async (
    first: Boosted,
    known: BoostRows,
    loss: Loss,
    name: string,
  ): Promise<Relearned> => {
    if (!isStopped) {
      const settings = { ...settingsOf(known), nTrees: first.trees.length };
      const again = await growAll({
        buildLearner,
        train: known,
        validation: null,
        loss,
        settings,
        onRound: watch(name, known),
      });
      if (!isStopped) {
        const { trees, base, scores } = again;
        const boosted = { trees, base, rounds: first.rounds };
        return { boosted, probabilities: probabilitiesBeside(scores, known.effects) };
      }
    }
    return { boosted: first, probabilities: await probabilitiesOf(first, known) };
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
    const loss: Loss = { kind: 'logistic' };
    const name = `late ${minutes}`;
    const first = await learn(of.train, of.validation, loss, name);
    const known = knownOf(of);
    const { boosted, probabilities } = await learnAgain(first, known, loss, `${name}, all flights`);
    const raw = await probabilitiesOf(first, of.calibration);
    const calibration = calibrateInTheLarge(
      fitCalibration(raw, of.calibration.labels),
      { ...known, probabilities },
      horizonOf(of.test),
    );
    learned.push({
      boosted,
      of,
      isRelearned: boosted !== first,
      answers: {
        calibration: raw.map(buildCalibration(calibration)),
        test: (await probabilitiesOf(boosted, of.test)).map(buildCalibration(calibration)),
      },
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
  for (const level of options.quantiles ? QUANTILES : []) {
    const loss: Loss = { kind: 'quantile', level };
    const [train, validation] = [thinned(parts.train), thinned(parts.validation)];
    const boosted = await learn(train, validation, loss, `P${level * 100}`);
    learned.push({
      boosted,
      of: parts,
      isRelearned: false,
      answers: {
        calibration: await score(boosted, parts.calibration),
        test: await score(boosted, parts.test),
      },
      head: {
        kind: 'quantile',
        level,
        score: { kind: 'forest', forest: forestOf(boosted.trees, bins, boosted.base) },
      },
    });
  }
  return learned;
};

/** All flights before the test, beside the effects of their days where the parts have them. */
const knownOf = ({ train, validation, calibration }: Readonly<Record<Part, BoostRows>>) => {
  const known = joinRows([train, validation, calibration]);
  return { ...known, effects: train.effects && dayEffects(known.days!, known.labels) };
};

/** How many days the test part reaches past the flights before it. */
const horizonOf = ({ days }: BoostRows): number =>
  days && days.length > 0 ? days.at(-1)! - days[0]! + 1 : 0;

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
  const kept = new Int32Array(rows.nRows);
  let nKept = 0;
  for (let row = 0; row < rows.nRows; row++)
    if (rows.minutes[row]! >= previous) kept[nKept++] = row;
  const late = pickRows(rows, kept.subarray(0, nKept));
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

/** What the trees alone say, where the scores hold the effects of the days too. */
const probabilitiesBeside = (
  scores: Float64Array,
  effects: Float64Array | undefined,
): Float64Array => scores.map((score, row) => sigmoid(effects ? score - effects[row]! : score));
