/**
 * The answers of a model: P(delay >= minutes), chained, each learned and calibrated, and quantiles of minutes, which are
 * read from the distribution that these probabilities span.
 * A probability is learned twice: from the training part, to find how many trees it has and, on later flights, its curve
 * and how far its main effects hold (in larger steps where there is much to learn, see `treeSearch`), then from all flights
 * before the test, so that it knows the newest schedule too. Once it is judged it may be learned a third time, from every
 * flight there is.
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
import { calibrateOverDays, hasDaysEnough, weightsBesideDays } from './quality/day-calibration.ts';
import type { DaysAhead } from './quality/day-levels.ts';
import { fitDelayShape } from './quality/delay-shape.ts';
import { dayEffects } from './features/day-effect.ts';
import type { BuildLearner } from './growing/learner.ts';
import { type BoostRows, joinRows, pickRows } from './growing/training-rows.ts';
import {
  calibrateByShares,
  type FlightShares,
  flightShares,
} from './quality/calibration-in-the-large.ts';
import {
  type EffectWeights,
  effectColumns,
  mainEffectsOf,
  mainFeaturesOf,
  weighScores,
  weighTrees,
  weightsOfKnowing,
} from './quality/main-effects.ts';
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
  /** Its trees as they were grown, without those of their effects. */
  readonly boosted: Boosted;
  /** The curve before it was brought to the level of the known flights. */
  readonly curve: Calibration;
  /** How far its main effects hold; null where they stand as they were learned. */
  readonly weights: EffectWeights | null;
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
  /** float64: what the trees say of the known flights, in log-odds. */
  readonly scores: Float64Array;
}

/** Trees that answer, and what they say of the known flights. */
interface Answering {
  readonly boosted: Boosted;
  readonly probabilities: Float64Array;
}

const PROBABILITY_MINUTES = [30, 60] as const;
const QUANTILES = [0.5, 0.8, 0.9] as const;
/** A conditional head is learned from so many flights or more. */
const MIN_ROWS = { train: 200, validation: 20 } as const;

/** Where flights are fewer, the curve is found on the calibration part alone, and effects stand as they are. */
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
  const mainFeatures = mainFeaturesOf(features);
  const learned: LearnedHead[] = [];
  let isStopped = false;
  /** float64: what the first head says of the flights before the test. */
  let known = new Float64Array(0);
  /** What these say of the level ahead. */
  let shares: FlightShares = null;
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
    return { boosted: first, scores: await score(first, rows) };
  };
  /** The weights of the main effects on flights after those that `first` was learned from; null where days are few. */
  const weightsOf = async (
    first: Boosted,
    { train, validation, calibration }: Readonly<Record<Part, BoostRows>>,
    { days, nRows }: BoostRows,
  ): Promise<EffectWeights | null> => {
    if (train.nRows < MIN_ROWS_OVER_DAYS || !days) return null;
    const later = joinRows([validation, calibration]);
    if (!later.days || !hasDaysEnough(later.days, days)) return null;
    const scored = { ...later, scores: await score(first, later) };
    const columns = effectColumns(scored, mainEffectsOf(scored, mainFeatures));
    const { labels } = later;
    return weightsOfKnowing(
      weightsBesideDays(columns, { labels, days: later.days }),
      later.nRows / nRows,
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
    const { boosted, scores } = await learnAgain({ first, nTrees }, rows, name);
    // What the trees were grown in is not needed for their curve.
    await free(rows.nRows);
    const weights = previous === null ? await weightsOf(first, of, rows) : null;
    const { boosted: answering, probabilities } = weigh(
      boosted,
      { ...rows, scores },
      mainFeatures,
      weights,
    );
    const forest = forestOf(answering.trees, bins, answering.base);
    if (previous === null) onFirst?.(forest);
    const ofCalibration = { ...of.calibration, scores: await score(first, of.calibration) };
    const raw = weigh(first, ofCalibration, mainFeatures, weights).probabilities;
    const curve = weights
      ? calibrateOverDays(probabilities, { labels: rows.labels, days: rows.days! })
      : fitCalibration(raw, of.calibration.labels);
    const outcomes = { ...rows, probabilities };
    if (previous === null) shares = flightShares(curve, outcomes, daysAhead(rows, of.test));
    const calibration = calibrateByShares(curve, outcomes, shares);
    if (previous === null) known = probabilities.map(buildCalibration(calibration));
    learned.push({
      boosted,
      of,
      curve,
      weights,
      isRelearned: boosted !== first,
      treesPerRound: boosted === first ? 1 : search.treesPerTree,
      answers: {
        calibration: raw.map(buildCalibration(calibration)),
        test: (await probabilitiesOf(answering, of.test)).map(buildCalibration(calibration)),
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
  readonly heads: readonly Pick<LearnedHead, 'head' | 'boosted' | 'curve' | 'weights'>[];
  /** How far the answers reach past the flights known. */
  readonly ahead: DaysAhead;
}

/** Without the flights that the heads were learned from. */
export const relearnableOf = ({ probabilities }: LearnedHeads): RelearnableHeads => ({
  heads: probabilities.map(({ head, boosted, curve, weights }) => ({
    ...{ head, boosted, curve, weights },
  })),
  ahead: daysAhead(probabilities[0]!.of.calibration, probabilities[0]!.of.test),
});

/**
 * The heads learned once more, from every flight of `prepared`, all of which are in its train part: as many trees, the
 * same curves, brought to the level of all flights. Null where learning was told to stop.
 */
export const learnOnAll = async (
  { parts: { train }, bins, features }: Learnable,
  { heads: judged, ahead }: RelearnableHeads,
  options: TrainOptions,
  { buildLearner, free, onRound }: Omit<HeadTraining, 'score' | 'onFirst'>,
): Promise<readonly Head[] | null> => {
  const heads: LearnedHead['head'][] = [];
  let isStopped = false;
  let known = new Float64Array(0);
  let shares: FlightShares = null;
  let previous: number | null = null;
  for (const { head, boosted: first, curve, weights } of judged) {
    const { minutes } = head;
    const rows = previous === null ? train : lateRows(train, previous, minutes);
    const name = `late ${minutes}, every day`;
    const { boosted: grown, scores } = await regrow(first, rows, {
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
    const { boosted, probabilities } = weigh(
      grown,
      { ...rows, scores },
      mainFeaturesOf(features),
      weights,
    );
    const outcomes = { ...rows, probabilities };
    if (previous === null) shares = flightShares(curve, outcomes, ahead);
    const calibration = calibrateByShares(curve, outcomes, shares);
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
    scores: scoresBeside(scores, rows.effects),
  };
};

/** Trees with their main effects weighed, and what these say of the rows whose scores are known. */
const weigh = (
  boosted: Boosted,
  rows: BoostRows & { readonly scores: Float64Array },
  features: readonly number[],
  weights: EffectWeights | null,
): Answering => {
  if (weights === null) return { boosted, probabilities: rows.scores.map(sigmoid) };
  const effects = mainEffectsOf(rows, features);
  return {
    boosted: weighTrees(boosted, effects, weights),
    probabilities: weighScores(rows, effects, weights).map(sigmoid),
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
  // Only the first head's effects are weighed, and its answers are there.
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

/** How far the test part lies past the flights before it. */
const daysAhead = (known: BoostRows, test: BoostRows): DaysAhead => {
  const last = known.days?.at(-1);
  if (last === undefined || !test.days || test.days.length === 0) return { first: 1, last: 1 };
  return { first: test.days[0]! - last, last: test.days.at(-1)! - last };
};

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
const scoresBeside = (scores: Float64Array, effects: Float64Array | undefined): Float64Array =>
  effects ? scores.map((score, row) => score - effects[row]!) : scores;
