/**
 * scikit-learn's encoders of categories: one column per value, or one number per value. Steps of a pipeline.
 * @source sklearn/preprocessing/_encoders.py, _target_encoder.py
 */

import { COLUMNS_LIMIT, VALUES_LIMIT } from '../build-forest.ts';
import { type DerivedColumn, type DesignMatrix, isUnscaled, withValues } from '../design-matrix.ts';
import type { ForeignColumn } from '../foreign-model.ts';
import { arrayNumbers, arrayTexts } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  isTrue,
  needAttribute,
  needItems,
  needNumber,
  type PyObject,
  type PyValue,
  unsupported,
} from '../pickle/python-values.ts';
import { shortName } from './estimator.ts';
import { isSingleType } from './single-precision.ts';

export const applyOneHot = (matrix: DesignMatrix, step: PyObject): DesignMatrix => {
  const { columns, lists } = encode(matrix, step);
  const dropped = attributeOf(step, 'drop_idx_') ?? null;
  const drops = dropped === null ? [] : dropsOf(dropped);
  const nDerived = lists.reduce((sum, { values }) => sum + values.length, 0);
  if (nDerived > COLUMNS_LIMIT) throw unsupported(`a OneHotEncoder makes ${nDerived} columns`);
  const derivedColumns = lists.flatMap(({ column, values }, i): DerivedColumn[] => {
    const all = values.map(
      (value): DerivedColumn => ({ column, of: 'equals', value, shift: 0, scale: 1 }),
    );
    const drop = drops[i];
    return drop === undefined ? all : all.filter((_, v) => v !== drop);
  });
  // `sparse` up to version 1.1.
  const isSparse = attributeOf(step, 'sparse_output') ?? attributeOf(step, 'sparse');
  const isSingle = isSingleType(attributeOf(step, 'dtype'));
  return { columns, derivedColumns, isSparse: isTrue(isSparse), isSingle };
};

/** Per column the position of the category that is left out, if one is. */
const dropsOf = (value: PyValue): readonly (number | undefined)[] => {
  if (isKind(value, 'array') && value.dtype.code !== 'O')
    return [...arrayNumbers(value, 'dropped categories')];
  return needItems(value, 'dropped categories').map((drop) =>
    drop === null ? undefined : needNumber(drop, 'a dropped category'),
  );
};

export const applyOrdinal = (matrix: DesignMatrix, step: PyObject): DesignMatrix => {
  const { columns, lists } = encode(matrix, step);
  const unknown = attributeOf(step, 'unknown_value') ?? null;
  const otherwise = unknown === null ? Number.NaN : needNumber(unknown, 'its unknown value');
  return {
    columns,
    isSparse: false,
    derivedColumns: lists.map(({ column, values }): DerivedColumn => {
      if (Number.isNaN(otherwise)) return { column, of: 'code', values };
      const numbers = new Map(values.map((value, code) => [value, code]));
      return { column, of: 'table', numbers, otherwise };
    }),
  };
};

/** The target's mean, shrunk, per value; the mean of all for any other. */
export const applyTarget = (matrix: DesignMatrix, step: PyObject): DesignMatrix => {
  if (attributeOf(step, 'target_type_') === 'multiclass')
    throw unsupported('a TargetEncoder of more than two classes is not supported');
  const { columns, lists } = encode(matrix, step);
  const encodings = needItems(needAttribute(step, 'encodings_'), 'its encodings');
  const otherwise = needNumber(needAttribute(step, 'target_mean_'), 'its mean');
  return {
    columns,
    isSparse: false,
    derivedColumns: lists.map(({ column, values }, i): DerivedColumn => {
      const own = arrayNumbers(encodings[i], 'its encodings');
      if (own.length !== values.length)
        throw broken(`an encoder has ${own.length} numbers for ${values.length} categories`);
      return {
        column,
        of: 'table',
        numbers: new Map(values.map((value, v) => [value, own[v]!])),
        otherwise,
      };
    }),
  };
};

/** A column of an encoder, and the categories that it knows of it. */
interface Known {
  readonly column: number;
  readonly values: readonly string[];
}

/** The categories of each column of an encoder, recorded with the columns. */
const encode = (
  matrix: DesignMatrix,
  step: PyObject,
): { readonly columns: readonly ForeignColumn[]; readonly lists: readonly Known[] } => {
  if (isTrue(attributeOf(step, '_infrequent_enabled')))
    throw unsupported(`a ${shortName(step.name)} that groups rare categories is not supported`);
  const categories = needItems(needAttribute(step, 'categories_'), 'its categories');
  if (categories.length !== matrix.derivedColumns.length)
    throw broken(
      `an encoder knows ${categories.length} of ${matrix.derivedColumns.length} columns`,
    );
  // Encoders of numbers per value (TargetEncoder) have no such setting: they know a number for the rest.
  const isClosed = attributeOf(step, 'handle_unknown') === 'error';
  let { columns } = matrix;
  const lists = categories.map((list, i) => {
    const values = arrayTexts(list, 'its categories');
    const derived = matrix.derivedColumns[i]!;
    if (derived.of !== 'number') throw unsupported('a column that is encoded twice');
    if (!isUnscaled(derived)) throw unsupported('a column that is scaled, then encoded');
    if (values.some((value) => value === 'nan' || value === 'NaN'))
      throw unsupported('an encoder for which a missing value is a category is not supported');
    if (values.length > VALUES_LIMIT) throw unsupported(`a column has ${values.length} values`);
    const before = columns[derived.column]!;
    if (before.values && (isClosed || before.isClosed) && !isSameSet(before.values, values))
      throw unsupported('a column of which two encoders refuse different values');
    columns = withValues(columns, derived.column, {
      values,
      ...(isClosed && { isClosed }),
      // What was filled in for a missing text is not told apart from an unknown one any more: it has to be sent.
      ...(derived.missing !== undefined && { isRequired: true }),
    });
    return { column: derived.column, values };
  });
  return { columns, lists };
};

const isSameSet = (a: readonly string[], b: readonly string[]): boolean => {
  const known = new Set(a);
  return a.length === b.length && b.every((value) => known.has(value));
};
