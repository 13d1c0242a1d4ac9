/**
 * What is learned of each answer of a model, and what learning it takes.
 */
import type { Forest } from '../../core/forest.ts';
import type { Calibration, Head } from '../../core/model.ts';
import type { Boosted, Round } from '../boosting.ts';
import type { ScoreRows } from '../engine/parallel-scoring.ts';
import type { Part } from '../features/time-split.ts';
import type { BuildLearner } from '../growing/learner.ts';
import type { BoostRows } from '../growing/training-rows.ts';
import type { EffectWeights } from '../quality/main-effects.ts';

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

/** How heads are learned. */
export interface HeadTraining {
  readonly buildLearner: BuildLearner;
  readonly score: ScoreRows;
  /** Gives back the memory of what ended, where rows are many. */
  readonly free: (nRows: number) => Promise<void>;
  /** Told after each round; returns false to stop early. */
  readonly onRound: OnRound;
  /** Told the trees of the first answer, as soon as they are grown. */
  readonly onFirst?: ((forest: Forest) => void) | undefined;
}
