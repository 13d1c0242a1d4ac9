/**
 * What a new model has to do to be made current: gain on climatology on the test days, by its log loss as measured. Whether
 * chance could have made the difference is said with it, by the interval that the verdict of the report is made from.
 */
import { standingAgainst } from '../../report/training/verdict.ts';
import type { Evaluation } from '../../train/quality/evaluation.ts';

/** Why the model is not to be made current, in the words of the report; undefined where it gains. */
export const refusalBy = ({ comparisons }: Pick<Evaluation, 'comparisons'>): string | undefined => {
  const climatology = comparisons.find(({ against }) => against === 'climatology');
  if (climatology === undefined || climatology.logLoss.value > 0) return undefined;
  return `on the test days ${standingAgainst(climatology)}`;
};
