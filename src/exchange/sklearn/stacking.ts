/**
 * scikit-learn's StackingClassifier: a line over the answers of several models, and over the columns where they pass
 * through.
 * @source sklearn/ensemble/_stacking.py (transform, _concatenate_predictions)
 */
import type { PlainScore, StackMember } from '../../core/model.ts';
import { type DesignMatrix, startDesignMatrix } from '../design-matrix.ts';
import {
  attributeOf,
  broken,
  isTrue,
  needAttribute,
  needItems,
  needObject,
  type PyObject,
  type PyValue,
  unsupported,
} from '../pickle/python-values.ts';
import { lineOver } from './calibration.ts';
import { type FittedModel, readTwoClasses, shortName } from './estimator.ts';
import { shareColumns } from './shared-columns.ts';

/** Reads a fitted object over a matrix. */
type Read = (object: PyObject, matrix: DesignMatrix) => FittedModel;

export const readStacking = (object: PyObject, matrix: DesignMatrix, read: Read): FittedModel => {
  const classes = readTwoClasses(object);
  const members = needItems(needAttribute(object, 'estimators_'), 'its estimators').map((member) =>
    needObject(member, 'an estimator'),
  );
  const methods = needItems(needAttribute(object, 'stack_method_'), 'its methods');
  if (methods.length !== members.length)
    throw broken(`it has ${methods.length} methods for ${members.length} estimators`);
  const inner = members.map((member, m) => asked(member, methods[m], read(member, matrix)));
  const passed = isTrue(attributeOf(object, 'passthrough')) ? matrix.derivedColumns.length : 0;
  const line = readLine(needObject(needAttribute(object, 'final_estimator_'), 'its last'), {
    nColumns: members.length + passed,
    read,
  });
  const through: readonly FittedModel[] =
    passed === 0 ? [] : [columnsAsModel(matrix, line.weights.subarray(members.length), inner[0]!)];
  const all = [...inner, ...through];
  const { columns, derivedColumns, scores } = shareColumns(all);
  return {
    columns,
    derivedColumns,
    members: [],
    stack: {
      kind: 'stack',
      intercept: line.intercept,
      members: all.flatMap((answer, a) =>
        answer.members.map(
          (member, m): StackMember => ({
            ...member,
            link: isRaw(methods[a]) || a >= members.length ? 'none' : member.link,
            weight: (a < members.length ? line.weights[a]! : 1) * member.weight,
            score: scores[a]![m]!,
          }),
        ),
      ),
    },
    classes,
    acceptsMissing: passed === 0 && inner.every(({ acceptsMissing }) => acceptsMissing),
    notes: [...new Set(inner.flatMap(({ notes = [] }) => notes))],
  };
};

const isRaw = (method: PyValue | undefined): boolean => method === 'decision_function';

/** A member by the method that it is asked with. */
const asked = (member: PyObject, method: PyValue | undefined, answer: FittedModel): FittedModel => {
  const name = shortName(member.name);
  if (answer.stack)
    throw unsupported('a StackingClassifier of a StackingClassifier is not supported');
  if (method === 'predict_proba' && !answer.isOnlyDecision) return answer;
  const [only] = answer.members;
  if (!isRaw(method) || !only || answer.members.length > 1 || !answer.decision)
    throw unsupported(
      `a StackingClassifier that asks a ${name} for ${String(method).slice(0, 40)} is not supported; stack_method='predict_proba' is`,
    );
  return { ...answer, members: [{ ...only, score: lineOver(only.score, answer.decision) }] };
};

/** The columns that pass through, as one more line. */
const columnsAsModel = (
  { columns, derivedColumns }: DesignMatrix,
  weights: Float64Array,
  like: FittedModel,
): FittedModel => {
  const score: PlainScore = { kind: 'linear', weights, intercept: 0 };
  return {
    ...like,
    columns,
    derivedColumns,
    members: [{ weight: 1, score, link: 'identity', calibration: { kind: 'none' } }],
  };
};

/** The last estimator, as a line over what it is given. */
const readLine = (
  last: PyObject,
  { nColumns, read }: { readonly nColumns: number; readonly read: Read },
): { readonly weights: Float64Array; readonly intercept: number } => {
  const { members, derivedColumns, isOnlyDecision } = read(
    last,
    startDesignMatrix(nColumns, undefined),
  );
  const [only] = members;
  const kind = shortName(last.name);
  if (
    !only ||
    members.length > 1 ||
    only.score.kind !== 'linear' ||
    only.link !== 'logistic' ||
    only.calibration.kind !== 'none' ||
    isOnlyDecision
  )
    throw unsupported(
      `a StackingClassifier whose final_estimator is a ${kind} is not supported; a LogisticRegression is`,
    );
  const weights = new Float64Array(nColumns);
  let { intercept } = only.score;
  derivedColumns.forEach((derived, i) => {
    const weight = (only.score as PlainScore & { kind: 'linear' }).weights[i]!;
    if (derived.of !== 'number' || derived.missing !== undefined)
      throw unsupported(
        `a StackingClassifier that changes its estimators' answers before the ${kind} is not supported; scaling is`,
      );
    const { shift, scale, line = { factor: 1 / scale, offset: -shift / scale } } = derived;
    weights[derived.column]! += weight * line.factor;
    intercept += weight * line.offset;
  });
  return { weights, intercept };
};
