/**
 * The answers of a model: P(delay >= minutes), chained, each learned and calibrated, and quantiles of minutes, which are
 * read from the distribution that these probabilities span.
 * A probability is learned twice: from the training part, to find how many trees it has and its curve on later flights
 * (in larger steps where there is much to learn, see `treeSearch`), then from all flights before the test, so that it
 * knows the newest schedule too. Once it is judged it may be learned a third time, from every flight there is.
 */
import type { Forest } from '../core/forest.ts';
import { sigmoid } from '../core/logistic.ts';
import type { Calibration, Head } from '../core/model.ts';
import {
  type Boosted,
  type BoostSettings,
  type BoostTask,
  growAll,
  type Round,
} from './boosting.ts';
import { buildCalibration } from '../core/calibrate.ts';
import { fitCalibration } from './quality/calibration.ts';
import { calibrateOverDays, hasDaysEnough } from './quality/day-calibration.ts';
import { fitDelayShape } from './quality/delay-shape.ts';
import { dayEffects } from './features/day-effect.ts';
import type { BuildLearner } from './growing/learner.ts';
import { type BoostRows, joinRows, pickRows } from './growing/training-rows.ts';
import { calibrateInTheLarge } from './quality/calibration-in-the-large.ts';
import { rateOf } from './quality/metrics.ts';
import { type Learnable, labelsOf } from './preparation.ts';
import type { ScoreRows } from './engine/parallel-scoring.ts';
import { boostSettings, type TrainOptions, type TreeSearch, treeSearch } from './settings.ts';
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
  readonly head: Head & { readonly kind: 'probability' };
  readonly boosted: Boosted;
  /** The curve as it was found on the calibration part, before it was brought to the level of all known flights. */
  readonly curve: Calibration;
  /** float64, of the flights that the head is about, by trees that were not grown on them. */
  readonly answers: Readonly<Record<'calibration' | 'test', Float64Array>>;
  readonly of: Readonly<Record<Part, BoostRows>>;
  /** Whether its trees were grown again from all flights before the test. */
  readonly isRelearned: boolean;
  /** The trees of the head that each round stands for, of those in which their number was looked for; 1 where these were kept. */
  readonly treesPerRound: number;
}

export interface LearnedHeads {
  readonly probabilities: readonly LearnedHead[];
  readonly quantiles: readonly (Head & { readonly kind: 'quantile' })[];
  /** float64, shape (test flights, probabilities): P(delay >= minutes), chained. */
  readonly survival: Float64Array;
  /** Whether learning was told to stop. */
  readonly isStopped: boolean;
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

/** Where flights are fewer, the curve is found on the calibration part alone. */
export const MIN_ROWS_OVER_DAYS = 20_000;

/** How heads are learned. */
interface HeadTraining {
  readonly buildLearner: BuildLearner;
  readonly score: ScoreRows;
  /** Gives back the memory of what ended, where rows are many. */
  readonly free: (nRows: number) => Promise<void>;
  /** Told after each round; returns false to stop early. */
  readonly onRound: OnRound;
  /** Told the trees of the first answer, as soon as they are grown. */
  readonly onFirst?: ((forest: Forest) => void) | undefined;
}

/** Learns all heads, in the order in which a model keeps them. */
export const learnHeads = async (
  prepared: Learnable,
  options: TrainOptions,
  { buildLearner, score, free, onRound, onFirst }: HeadTraining,
): Promise<LearnedHeads> => {
  const { parts, bins, features } = prepared;
  const learned: LearnedHead[] = [];
  let isStopped = false;
  /** float64: what the first head says of the flights before the test. */
  let known = new Float64Array(0);
  const watch =
    (head: string, { nRows }: BoostRows) =>
    (round: Round) => {
      if (!onRound({ ...round, head, nRows })) isStopped = true;
      return !isStopped;
    };
  const settingsOf = ({ nRows }: BoostRows): BoostSettings =>
    boostSettings(nRows, features, options, learned.length > 0);
  const probabilitiesOf = async (boosted: Boosted, rows: BoostRows): Promise<Float64Array> =>
    (await score(boosted, rows)).map(sigmoid);
  const searchOf = (train: BoostRows, nRows: number): TreeSearch => {
    const settings = settingsOf(train);
    if (learned.length > 0) return { settings, treesPerTree: 1 };
    return treeSearch(settings, features, { nRows, nSearched: train.nRows });
  };
  /** Trees from all flights before the test, in the number that was found; the first ones where there is no time for that. */
  const learnAgain = async (
    { first, nTrees }: { readonly first: Boosted; readonly nTrees: number },
    rows: BoostRows,
    name: string,
  ): Promise<Relearned> => {
    if (!isStopped) {
      const settings = settingsOf(rows);
      const again = await regrow(first, rows, {
        buildLearner,
        settings: { ...settings, nTrees: Math.min(nTrees, settings.nTrees) },
        onRound: watch(`${name}, all flights`, rows),
      });
      if (!isStopped) return again;
    }
    return { boosted: first, probabilities: await probabilitiesOf(first, rows) };
  };
  /** The curve beside the days, where days and flights are many; the trees of `first` know neither part. */
  const curveOverDays = async (
    first: Boosted,
    { train, validation, calibration }: Readonly<Record<Part, BoostRows>>,
    raw: Float64Array,
    known: BoostRows & { readonly probabilities: Float64Array },
  ): Promise<Calibration | undefined> => {
    if (train.nRows < MIN_ROWS_OVER_DAYS || !validation.days || !calibration.days || !known.days)
      return undefined;
    const later = {
      probabilities: joined(Float64Array, await probabilitiesOf(first, validation), raw),
      labels: joined(Uint8Array, validation.labels, calibration.labels),
      days: joined(Int32Array, validation.days, calibration.days),
    };
    const all = { probabilities: known.probabilities, labels: known.labels, days: known.days };
    return hasDaysEnough(later, all) ? calibrateOverDays(later, all) : undefined;
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
    const name = `late ${minutes}`;
    const nKnown = of.train.nRows + of.validation.nRows + of.calibration.nRows;
    const search = searchOf(of.train, nKnown);
    const first = await boostWithEarlyStopping({
      buildLearner,
      train: of.train,
      validation: of.validation,
      settings: search.settings,
      onRound: watch(name, of.train),
    });
    const nTrees = Math.round(first.trees.length * search.treesPerTree);
    const rows = knownOf(of);
    const { boosted, probabilities } = await learnAgain({ first, nTrees }, rows, name);
    const forest = forestOf(boosted.trees, bins, boosted.base);
    if (previous === null) onFirst?.(forest);
    // What the trees were grown in is not needed for their curve.
    await free(rows.nRows);
    const raw = await probabilitiesOf(first, of.calibration);
    const curve =
      (previous === null && (await curveOverDays(first, of, raw, { ...rows, probabilities }))) ||
      fitCalibration(raw, of.calibration.labels);
    const calibration = calibrateInTheLarge(curve, { ...rows, probabilities }, horizonOf(of.test));
    if (previous === null) known = probabilities.map(buildCalibration(calibration));
    learned.push({
      boosted,
      of,
      curve,
      isRelearned: boosted !== first,
      treesPerRound: boosted === first ? 1 : search.treesPerTree,
      answers: {
        calibration: raw.map(buildCalibration(calibration)),
        test: (await probabilitiesOf(boosted, of.test)).map(buildCalibration(calibration)),
      },
      head: headOf({ minutes, calibration, forest, isFirst: previous === null }),
    });
    previous = minutes;
    await free(rows.nRows);
  }
  const minutes = joined(
    Float32Array,
    joined(Float32Array, parts.train.minutes, parts.validation.minutes),
    parts.calibration.minutes,
  );
  return {
    probabilities: learned,
    quantiles: options.quantiles ? quantilesOf(learned, known, minutes) : [],
    survival: await survivalOf(learned, parts.test, score),
    isStopped,
  };
};

/** What heads are learned once more by. */
export interface RelearnableHeads {
  readonly heads: readonly Pick<LearnedHead, 'head' | 'boosted' | 'curve'>[];
  /** How many days the answers reach past the flights known. */
  readonly horizonDays: number;
}

/** Without the flights that the heads were learned from. */
export const relearnableOf = ({ probabilities }: LearnedHeads): RelearnableHeads => ({
  heads: probabilities.map(({ head, boosted, curve }) => ({ head, boosted, curve })),
  horizonDays: horizonOf(probabilities[0]!.of.test),
});

/**
 * The heads learned once more, from every flight of `prepared`, all of which are in its train part: as many trees, the
 * same curves, brought to the level of all flights. Null where learning was told to stop.
 */
export const learnOnAll = async (
  { parts: { train }, bins, features }: Learnable,
  { heads: judged, horizonDays }: RelearnableHeads,
  options: TrainOptions,
  { buildLearner, free, onRound }: Omit<HeadTraining, 'score' | 'onFirst'>,
): Promise<readonly Head[] | null> => {
  const heads: LearnedHead['head'][] = [];
  let isStopped = false;
  let known = new Float64Array(0);
  let previous: number | null = null;
  for (const { head, boosted: first, curve } of judged) {
    const { minutes } = head;
    const rows = previous === null ? train : lateRows(train, previous, minutes);
    const name = `late ${minutes}, every day`;
    const { boosted, probabilities } = await regrow(first, rows, {
      buildLearner,
      settings: {
        ...boostSettings(rows.nRows, features, options, previous !== null),
        nTrees: first.trees.length,
      },
      onRound: (round) => {
        if (!onRound({ ...round, head: name, nRows: rows.nRows })) isStopped = true;
        return !isStopped;
      },
    });
    if (isStopped) return null;
    await free(rows.nRows);
    const calibration = calibrateInTheLarge(curve, { ...rows, probabilities }, horizonDays);
    if (previous === null) known = probabilities.map(buildCalibration(calibration));
    const forest = forestOf(boosted.trees, bins, boosted.base);
    heads.push(headOf({ minutes, calibration, forest, isFirst: previous === null }));
    previous = minutes;
  }
  const probabilities = heads.map((head) => ({ head }));
  return [...heads, ...(options.quantiles ? quantilesOf(probabilities, known, train.minutes) : [])];
};

const joined = <T extends Float64Array | Float32Array | Int32Array | Uint8Array>(
  kind: { new (length: number): T },
  first: T,
  second: T,
): T => {
  const both = new kind(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
};

/** Trees again, from other rows; there are as many as the settings say. */
const regrow = async (
  first: Boosted,
  rows: BoostRows,
  { buildLearner, settings, onRound }: Pick<BoostTask, 'buildLearner' | 'settings' | 'onRound'>,
): Promise<Relearned> => {
  const { trees, base, scores } = await growAll({
    buildLearner,
    train: rows,
    validation: null,
    settings,
    ...(onRound && { onRound }),
  });
  return {
    boosted: { trees, base, rounds: first.rounds },
    probabilities: probabilitiesBeside(scores, rows.effects),
  };
};

interface HeadParts {
  readonly minutes: number;
  readonly calibration: Calibration;
  readonly forest: Forest;
  readonly isFirst: boolean;
}

const headOf = ({ minutes, calibration, forest, isFirst }: HeadParts): LearnedHead['head'] => ({
  kind: 'probability',
  minutes,
  link: 'logistic',
  calibration,
  given: isFirst ? 'nothing' : 'previous',
  score: { kind: 'forest', forest },
});

/** @param known float64: what the first head says of the flights whose delays are `minutes` */
const quantilesOf = (
  learned: readonly Pick<LearnedHead, 'head'>[],
  known: Float64Array,
  minutes: Float32Array,
): LearnedHeads['quantiles'] => {
  const steps = learned.map(({ head }) => head.minutes);
  const shape = fitDelayShape({ probabilities: known, minutes, steps });
  return QUANTILES.map((level) => ({
    kind: 'quantile',
    level,
    score: { kind: 'distribution', shape },
  }));
};

const survivalOf = async (
  learned: readonly LearnedHead[],
  rows: BoostRows,
  score: ScoreRows,
): Promise<Float64Array> => {
  const n = learned.length;
  const survival = new Float64Array(rows.nRows * n);
  for (const [h, { head, boosted, answers }] of learned.entries()) {
    const curve = buildCalibration(head.calibration);
    const own =
      h === 0 ? answers.test : (await score(boosted, rows)).map((raw) => curve(sigmoid(raw)));
    for (let row = 0; row < rows.nRows; row++)
      survival[row * n + h] = h === 0 ? own[row]! : own[row]! * survival[row * n + h - 1]!;
  }
  return survival;
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

/** What the trees alone say, where the scores hold the effects of the days too. */
const probabilitiesBeside = (
  scores: Float64Array,
  effects: Float64Array | undefined,
): Float64Array => scores.map((score, row) => sigmoid(effects ? score - effects[row]! : score));
