/**
 * Several models over one set of columns: those that any of them asks, each once.
 */
import type { PlainScore } from '../../core/model.ts';
import { type DerivedColumn, withValues } from '../design-matrix.ts';
import type { ForeignColumn } from '../foreign-model.ts';
import { withFeatures } from '../joined-forest.ts';
import { unsupported } from '../pickle/python-values.ts';
import type { FittedModel } from './estimator.ts';

const MEMBERS_LIMIT = 1000;
/** Members times columns: each member has a weight per column. */
const WEIGHTS_LIMIT = 4_000_000;

interface SharedColumns {
  readonly columns: readonly ForeignColumn[];
  readonly derivedColumns: readonly DerivedColumn[];
  /** By model, then by its members: each score over all columns. */
  readonly scores: readonly (readonly PlainScore[])[];
}

/** @throws AppError model-unsupported for more models or weights than a service can use */
export const shareColumns = (
  answers: readonly Pick<FittedModel, 'columns' | 'derivedColumns' | 'members'>[],
): SharedColumns => {
  const nMembers = answers.reduce((sum, { members }) => sum + members.length, 0);
  if (nMembers > MEMBERS_LIMIT) throw unsupported(`it joins ${nMembers} models`);
  const derivedColumns: DerivedColumn[] = [];
  const positions = new Map<string, number>();
  const positionsOf = answers.map((answer) =>
    Int32Array.from(answer.derivedColumns, (derived) => {
      const key = keyOf(derived);
      const place = positions.get(key) ?? derivedColumns.push(derived) - 1;
      positions.set(key, place);
      return place;
    }),
  );
  if (nMembers * derivedColumns.length > WEIGHTS_LIMIT)
    throw unsupported(`it joins ${nMembers} models over ${derivedColumns.length} columns`);
  return {
    columns: columnsOf(answers.map(({ columns }) => columns)),
    derivedColumns,
    scores: answers.map(({ members }, a) =>
      members.map(({ score }) => scoreOverAll(score, positionsOf[a]!, derivedColumns.length)),
    ),
  };
};

const keyOf = (derived: DerivedColumn): string =>
  JSON.stringify(derived, (_, value: unknown) => (value instanceof Map ? [...value] : value));

/** Values that any of the models knows; where one refuses all others, those that each knows. */
const columnsOf = (all: readonly (readonly ForeignColumn[])[]): readonly ForeignColumn[] => {
  let [columns] = all as [readonly ForeignColumn[]];
  for (const own of all.slice(1))
    own.forEach((column, c) => {
      if (column.isRequired && !columns[c]!.isRequired)
        columns = columns.with(c, { ...columns[c]!, isRequired: true });
      const before = columns[c]!;
      if (
        (column.isClosed || before.isClosed) &&
        column.values &&
        before.values &&
        !isSameSet(column.values, before.values)
      )
        throw unsupported(
          `the encoders of its estimators refuse different values of column ${column.name ?? c}; handle_unknown='ignore' takes all`,
        );
      if (column.values && column.values !== columns[c]!.values)
        columns = withValues(columns, c, column);
    });
  return columns;
};

const isSameSet = (a: readonly string[], b: readonly string[]): boolean => {
  const known = new Set(a);
  return a.length === b.length && b.every((value) => known.has(value));
};

/** The score over the columns of all. */
const scoreOverAll = (score: PlainScore, positions: Int32Array, nDerived: number): PlainScore => {
  if (score.kind === 'forest')
    return { kind: 'forest', forest: withFeatures(score.forest, positions, nDerived) };
  const weights = new Float64Array(nDerived);
  score.weights.forEach((weight, i) => {
    weights[positions[i]!]! += weight;
  });
  return { ...score, weights };
};
