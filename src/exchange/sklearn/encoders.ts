/**
 * scikit-learn's encoders of categories: one column per value, or one number per value. Steps of a pipeline.
 * @source sklearn/preprocessing/_encoders.py, _target_encoder.py
 */
import type { ForeignColumn } from '../foreign.ts';
import { COLUMNS_LIMIT, VALUES_LIMIT } from '../build-forest.ts';
import { numbersOf, textsOf } from '../pickle/numpy.ts';
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
import { type Cell, isUnscaled, type Matrix, withValues } from '../matrix.ts';

export const applyOneHot = (matrix: Matrix, step: PyObject): Matrix => {
  const { columns, lists } = encode(matrix, step);
  const dropped = attributeOf(step, 'drop_idx_') ?? null;
  const drops = dropped === null ? [] : dropsOf(dropped);
  const nCells = lists.reduce((sum, values) => sum + values.length, 0);
  if (nCells > COLUMNS_LIMIT) throw unsupported(`a OneHotEncoder makes ${nCells} columns`);
  const cells = lists.flatMap((values, i): Cell[] => {
    const { column } = matrix.cells[i]!;
    const all = values.map((value): Cell => ({ column, of: 'equals', value, shift: 0, scale: 1 }));
    const drop = drops[i];
    return drop === undefined ? all : all.filter((_, v) => v !== drop);
  });
  // `sparse` up to version 1.1.
  const isSparse = attributeOf(step, 'sparse_output') ?? attributeOf(step, 'sparse');
  return { columns, cells, isSparse: isTrue(isSparse) };
};

/** Per column the position of the category that is left out, if one is. */
const dropsOf = (value: PyValue): readonly (number | undefined)[] => {
  if (isKind(value, 'array') && value.dtype.code !== 'O')
    return [...numbersOf(value, 'dropped categories')];
  return needItems(value, 'dropped categories').map((drop) =>
    drop === null ? undefined : needNumber(drop, 'a dropped category'),
  );
};

export const applyOrdinal = (matrix: Matrix, step: PyObject): Matrix => {
  const { columns, lists } = encode(matrix, step);
  const unknown = attributeOf(step, 'unknown_value') ?? null;
  const otherwise = unknown === null ? Number.NaN : needNumber(unknown, 'its unknown value');
  return {
    columns,
    isSparse: false,
    cells: matrix.cells.map(({ column }, i): Cell => {
      const values = lists[i]!;
      if (Number.isNaN(otherwise)) return { column, of: 'code', values };
      const numbers = new Map(values.map((value, code) => [value, code]));
      return { column, of: 'table', numbers, otherwise };
    }),
  };
};

/** The target's mean, shrunk, per value; the mean of all for any other. */
export const applyTarget = (matrix: Matrix, step: PyObject): Matrix => {
  if (attributeOf(step, 'target_type_') === 'multiclass')
    throw unsupported('a TargetEncoder of more than two classes is not supported');
  const { columns, lists } = encode(matrix, step);
  const encodings = needItems(needAttribute(step, 'encodings_'), 'its encodings');
  const otherwise = needNumber(needAttribute(step, 'target_mean_'), 'its mean');
  return {
    columns,
    isSparse: false,
    cells: matrix.cells.map(({ column }, i): Cell => {
      const own = numbersOf(encodings[i], 'its encodings');
      const values = lists[i]!;
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

/** The categories of each cell of an encoder, recorded with the columns. */
const encode = (
  matrix: Matrix,
  step: PyObject,
): { columns: readonly ForeignColumn[]; lists: readonly (readonly string[])[] } => {
  if (isTrue(attributeOf(step, '_infrequent_enabled')))
    throw unsupported(`a ${shortName(step.name)} that groups rare categories is not supported`);
  const categories = needItems(needAttribute(step, 'categories_'), 'its categories');
  if (categories.length !== matrix.cells.length)
    throw broken(`an encoder knows ${categories.length} of ${matrix.cells.length} columns`);
  let { columns } = matrix;
  const lists = categories.map((list, i) => {
    const values = textsOf(list, 'its categories');
    const cell = matrix.cells[i]!;
    if (cell.of !== 'number') throw unsupported('a column that is encoded twice');
    if (!isUnscaled(cell)) throw unsupported('a column that is scaled, then encoded');
    if (values.some((value) => value === 'nan' || value === 'NaN'))
      throw unsupported('an encoder for which a missing value is a category is not supported');
    if (values.length > VALUES_LIMIT) throw unsupported(`a column has ${values.length} values`);
    columns = withValues(columns, cell.column, { values });
    return values;
  });
  return { columns, lists };
};
