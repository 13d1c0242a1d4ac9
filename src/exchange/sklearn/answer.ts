/**
 * What a fitted object of scikit-learn answers: one model, or the mean of several, over cells of a matrix.
 */
import type { Member } from '../../core/model.ts';
import type { ForeignColumn, ForeignModel } from '../foreign.ts';
import type { Estimator } from './estimator.ts';
import type { Cell } from '../matrix.ts';

export interface Answer extends Pick<ForeignModel, 'classes' | 'acceptsMissing'> {
  readonly columns: readonly ForeignColumn[];
  /** What the members ask, in this order. */
  readonly cells: readonly Cell[];
  /** One where a model answers alone. */
  readonly members: readonly Member[];
  readonly decision?: NonNullable<Estimator['decision']>;
  readonly isOnlyDecision?: boolean;
}
