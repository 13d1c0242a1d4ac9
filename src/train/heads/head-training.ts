/**
 * The answers of a model: P(delay >= minutes), chained, each learned and calibrated, and quantiles of minutes, which are
 * read from the distribution that these probabilities span.
 * A probability is learned twice: from the training part, to find how many trees it has and, on later flights, its curve
 * and how far its main effects hold (in larger steps where there is much to learn, see `treeSearch`), then from all flights
 * before the test, so that it knows the newest schedule too. Once it is judged it may be learned a third time, from every
 * flight there is.
 */
import { buildCalibration } from '../../core/calibrate.ts';
import { sigmoid } from '../../core/logistic.ts';
import type { Boosted, BoostSettings, Round } from '../boosting.ts';
import { boostWithEarlyStopping } from '../early-stopping.ts';
import type { ScoreRows } from '../engine/parallel-scoring.ts';
import { PARTS, type Part } from '../features/time-split.ts';
import { type BoostRows, joinRows } from '../growing/training-rows.ts';
import { forestOf } from '../growing/tree.ts';
import type { Learnable } from '../preparation.ts';
import { fitCalibration } from '../quality/calibration.ts';
import {
  calibrateByShares,
  type FlightShares,
  flightShares,
} from '../quality/calibration-in-the-large.ts';
import { calibrateOverDays, hasDaysEnough, weightsBesideDays } from '../quality/day-calibration.ts';
import {
  type EffectWeights,
  effectColumns,
  mainEffectsOf,
  mainFeaturesOf,
  weightsOfKnowing,
} from '../quality/main-effects.ts';
import { rateOf } from '../quality/metrics.ts';
import { boostSettings, type TrainOptions, type TreeSearch, treeSearch } from '../settings.ts';
import { headOf, quantilesOf, weigh } from './answering.ts';
import { daysAhead, knownMinutes, knownOf, lateParts } from './head-rows.ts';
import type { HeadTraining, LearnedHead, LearnedHeads } from './learned-heads.ts';
import { type Relearned, regrow } from './relearning.ts';

const PROBABILITY_MINUTES = [30, 60] as const;
/** A conditional head is learned from so many flights or more. */
const MIN_ROWS = { train: 200, validation: 20 } as const;

/** Where flights are fewer, the curve is found on the calibration part alone, and effects stand as they are. */
export const MIN_ROWS_OVER_DAYS = 20_000;

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
  return {
    probabilities: learned,
    quantiles: options.quantiles ? quantilesOf(learned, known, knownMinutes(parts)) : [],
    survival: await survivalOf(learned, parts.test, score),
    isStopped,
  };
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
