/**
 * Grown trees as answers: their main effects weighed, a probability of the model, quantiles of minutes.
 */
import type { Forest } from '../../core/forest.ts';
import { sigmoid } from '../../core/logistic.ts';
import type { Calibration } from '../../core/model.ts';
import type { Boosted } from '../boosting.ts';
import type { BoostRows } from '../growing/training-rows.ts';
import { fitDelayShape } from '../quality/delay-shape.ts';
import {
  type EffectWeights,
  mainEffectsOf,
  weighScores,
  weighTrees,
} from '../quality/main-effects.ts';
import type { LearnedHead, LearnedHeads } from './learned-heads.ts';

/** Trees that answer, and what they say of the known flights. */
interface Answering {
  readonly boosted: Boosted;
  readonly probabilities: Float64Array;
}

const QUANTILES = [0.5, 0.8, 0.9] as const;

/** Trees with their main effects weighed, and what these say of the rows whose scores are known. */
export const weigh = (
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

export const headOf = ({
  minutes,
  calibration,
  forest,
  isFirst,
}: HeadParts): LearnedHead['head'] => ({
  kind: 'probability',
  minutes,
  link: 'logistic',
  calibration,
  given: isFirst ? 'nothing' : 'previous',
  score: { kind: 'forest', forest },
});

/** @param known float64: what the first head says of the flights whose delays are `minutes` */
export const quantilesOf = (
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
