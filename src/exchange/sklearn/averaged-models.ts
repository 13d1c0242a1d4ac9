/**
 * Several models become the members of one mean, over the columns that any of them asks.
 * Forests whose leaves hold shares become one forest, which is faster and means the same.
 */
import type { Member, PlainScore } from '../../core/model.ts';
import { type DerivedColumn, withValues } from '../design-matrix.ts';
import type { ForeignColumn } from '../foreign-model.ts';
import { joinForests, withFeatures } from '../joined-forest.ts';
import { broken, unsupported } from '../pickle/python-values.ts';
import type { FittedModel } from './estimator.ts';

const MEMBERS_LIMIT = 1000;
/** Members times columns: each member has a weight per column. */
const WEIGHTS_LIMIT = 4_000_000;

interface WeightedModel {
  readonly weight: number;
  readonly answer: FittedModel;
}

export const averageModels = (shares: readonly WeightedModel[]): FittedModel => {
  const first = shares[0]?.answer;
  if (!first) throw broken('it has no estimators');
  if (shares.some(({ answer }) => answer.isOnlyDecision))
    throw unsupported('one of its estimators has no probabilities');
  const nMembers = shares.reduce((sum, { answer }) => sum + answer.members.length, 0);
  if (nMembers > MEMBERS_LIMIT) throw unsupported(`it joins ${nMembers} models`);
  const derivedColumns: DerivedColumn[] = [];
  const positions = new Map<string, number>();
  const positionsOf = shares.map(({ answer }) =>
    Int32Array.from(answer.derivedColumns, (derived) => {
      const key = keyOf(derived);
      const place = positions.get(key) ?? derivedColumns.push(derived) - 1;
      positions.set(key, place);
      return place;
    }),
  );
  if (nMembers * derivedColumns.length > WEIGHTS_LIMIT)
    throw unsupported(`it joins ${nMembers} models over ${derivedColumns.length} columns`);
  const members = shares.flatMap(({ weight, answer }, s) =>
    answer.members.map(
      (member): Member => ({
        ...member,
        weight: weight * member.weight,
        score: scoreOverAll(member.score, positionsOf[s]!, derivedColumns.length),
      }),
    ),
  );
  return {
    columns: columnsOf(shares.map(({ answer }) => answer.columns)),
    derivedColumns,
    members: joinIfForests(members),
    classes: first.classes,
    acceptsMissing: shares.every(({ answer }) => answer.acceptsMissing),
    notes: [...new Set(shares.flatMap(({ answer }) => answer.notes ?? []))],
  };
};

const keyOf = (derived: DerivedColumn): string =>
  JSON.stringify(derived, (_, value: unknown) => (value instanceof Map ? [...value] : value));

/** Values that any of the models knows. */
const columnsOf = (all: readonly (readonly ForeignColumn[])[]): readonly ForeignColumn[] => {
  let [columns] = all as [readonly ForeignColumn[]];
  for (const own of all.slice(1))
    own.forEach((column, c) => {
      if (column.values && column.values !== columns[c]!.values)
        columns = withValues(columns, c, column);
    });
  return columns;
};

/** The score over the columns of all. */
const scoreOverAll = (score: PlainScore, positions: Int32Array, nDerived: number): PlainScore => {
  if (score.kind === 'forest')
    return { kind: 'forest', forest: withFeatures(score.forest, positions, nDerived) };
  const weights = new Float64Array(nDerived);
  score.weights.forEach((weight, i) => {
    weights[positions[i]!]! += weight;
  });
  return { kind: 'linear', weights, intercept: score.intercept };
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
