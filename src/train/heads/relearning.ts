/**
 * Heads learned once more, from more flights: as many trees as were found, by the same curves.
 */
import { buildCalibration } from '../../core/calibrate.ts';
import type { Head } from '../../core/model.ts';
import { type Boosted, type BoostTask, growAll } from '../boosting.ts';
import type { BoostRows } from '../growing/training-rows.ts';
import { forestOf } from '../growing/tree.ts';
import type { Learnable } from '../preparation.ts';
import {
  calibrateByShares,
  type FlightShares,
  flightShares,
} from '../quality/calibration-in-the-large.ts';
import type { DaysAhead } from '../quality/day-levels.ts';
import { mainFeaturesOf } from '../quality/main-effects.ts';
import { boostSettings, type TrainOptions } from '../settings.ts';
import { headOf, quantilesOf, weigh } from './answering.ts';
import { daysAhead, lateRows } from './head-rows.ts';
import type { HeadTraining, LearnedHead, LearnedHeads } from './learned-heads.ts';

export interface Relearned {
  readonly boosted: Boosted;
  /** float64: what the trees say of the known flights, in log-odds. */
  readonly scores: Float64Array;
}

/** Trees again, from other rows; there are as many as the settings say. */
export const regrow = async (
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

/** What the trees alone say, where the scores hold the effects of the days too. */
const scoresBeside = (scores: Float64Array, effects: Float64Array | undefined): Float64Array =>
  effects ? scores.map((score, row) => score - effects[row]!) : scores;

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
