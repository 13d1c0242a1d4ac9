/**
 * What all jobs of one boosting run have in common; every thread has a copy.
 */
import type { Bins } from '../binning/binning.ts';
import type { Scales } from '../growing/leaf-value.ts';
import type { LearnerSettings } from '../growing/learner.ts';
import type { Quanta } from '../growing/loss.ts';
import type { SplitContext } from '../growing/split-search.ts';
import type { ThreadContext } from './thread-context.ts';

export interface TrainingTask {
  readonly nRows: number;
  readonly bins: readonly Bins[];
  readonly settings: LearnerSettings;
  readonly quanta: Quanta;
}

/** What the leaves of the tree that grows now have in common. */
export const splitContextOf = (
  { offsets, allowed, searchFree }: ThreadContext,
  { bins, settings, quanta }: TrainingTask,
): SplitContext => ({
  bins,
  offsets,
  settings,
  scales: scalesOf(quanta),
  allowed,
  searchFree,
});

/** Real size of a quantum. */
export const scalesOf = ({ gScale, hScale }: Quanta): Scales => ({ g: 1 / gScale, h: 1 / hScale });
