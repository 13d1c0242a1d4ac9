/**
 * Several models become the members of one mean, over the columns that any of them asks.
 * Forests whose leaves hold shares become one forest, which is faster and means the same.
 */
import type { Member } from '../../core/model.ts';
import { joinForests } from '../joined-forest.ts';
import { broken, unsupported } from '../pickle/python-values.ts';
import type { FittedModel } from './estimator.ts';
import { shareColumns } from './shared-columns.ts';

interface WeightedModel {
  readonly weight: number;
  readonly answer: FittedModel;
}

export const averageModels = (shares: readonly WeightedModel[]): FittedModel => {
  const first = shares[0]?.answer;
  if (!first) throw broken('it has no estimators');
  if (shares.some(({ answer }) => answer.isOnlyDecision))
    throw unsupported('one of its estimators has no probabilities');
  if (shares.some(({ answer }) => answer.stack))
    throw unsupported('a mean over a StackingClassifier is not supported; dump that one alone');
  const { columns, derivedColumns, scores } = shareColumns(shares.map(({ answer }) => answer));
  const members = shares.flatMap(({ weight, answer }, s) =>
    answer.members.map(
      (member, m): Member => ({ ...member, weight: weight * member.weight, score: scores[s]![m]! }),
    ),
  );
  return {
    columns,
    derivedColumns,
    members: joinIfForests(members),
    classes: first.classes,
    acceptsMissing: shares.every(({ answer }) => answer.acceptsMissing),
    acceptsAnyNumber: shares.every(({ answer }) => answer.acceptsAnyNumber === true),
    notes: [...new Set(shares.flatMap(({ answer }) => answer.notes ?? []))],
  };
};

/** One forest, where all are forests whose sums are probabilities as they are. */
const joinIfForests = (members: readonly Member[]): readonly Member[] => {
  const forests = members.flatMap(({ weight, score, link, calibration }) =>
    score.kind === 'forest' && link === 'identity' && calibration.kind === 'none'
      ? [{ weight, forest: score.forest }]
      : [],
  );
  if (members.length === 1 || forests.length < members.length) return members;
  const forest = joinForests(forests);
  if (!forest) return members;
  return [{ ...members[0]!, weight: 1, score: { kind: 'forest', forest } }];
};
