/**
 * A pipeline's encoders and scalers as features over its first columns.
 * Stands beside the readers of estimators; `sklearn` runs it step by step.
 */
import type { Feature } from '../core/features.ts';
import type { Score } from '../core/model.ts';
import type { ForeignColumn } from './foreign.ts';
import { COLUMNS_LIMIT } from './grow.ts';
import { numbersOf, textsOf } from './numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  needAttribute,
  needItems,
  needNumber,
  type PyObject,
  type PyValue,
  unsupported,
} from './py.ts';
import { shortName } from './sklearn-estimator.ts';

/** One column of the matrix between two steps: a number out of one first column, then moved and scaled. */
interface Cell {
  readonly column: number;
  readonly of: 'number' | 'code' | 'equals';
  readonly value?: string;
  readonly shift: number;
  readonly scale: number;
}

export interface Matrix {
  /** The pipeline's own columns; encoders find out their values. */
  readonly columns: readonly ForeignColumn[];
  readonly cells: readonly Cell[];
}

export const startMatrix = (
  first: PyObject,
  names: readonly string[] | undefined,
  nAsked: number,
): Matrix => {
  const count = attributeOf(first, 'n_features_in_');
  const nColumns = names?.length ?? (count === undefined ? nAsked : needNumber(count, 'columns'));
  if (!Number.isInteger(nColumns) || nColumns < 1 || nColumns > COLUMNS_LIMIT)
    throw broken(`it has ${nColumns} columns`);
  return {
    columns: Array.from({ length: nColumns }, (_, c) => (names ? { name: names[c]! } : {})),
    cells: Array.from({ length: nColumns }, (_, column) => ({
      column,
      of: 'number' as const,
      shift: 0,
      scale: 1,
    })),
  };
};

/** @throws AppError model-unsupported for a step that is not an encoder or a scaler */
export const applyStep = (matrix: Matrix, step: PyValue): Matrix => {
  if (step === null || step === 'passthrough') return matrix;
  if (!isKind(step, 'object')) throw unsupported('a step of the pipeline is no known step');
  switch (shortName(step.name)) {
    case 'StandardScaler':
      return scale(matrix, step);
    case 'OneHotEncoder':
      return oneHot(matrix, step);
    case 'OrdinalEncoder':
      return ordinal(matrix, step);
    case 'ColumnTransformer':
      return byColumns(matrix, step);
    case 'FunctionTransformer':
      if ((attributeOf(step, 'func') ?? null) === null) return matrix;
      throw unsupported('a FunctionTransformer runs a function, which is not supported');
    case 'Pipeline':
      return needItems(needAttribute(step, 'steps'), 'steps').reduce<Matrix>(
        (inner, entry) => applyStep(inner, needItems(entry, 'a step')[1] ?? null),
        matrix,
      );
    default:
      throw unsupported(
        `a Pipeline with a ${shortName(step.name)} is not supported; StandardScaler, OneHotEncoder, OrdinalEncoder and ColumnTransformer are`,
      );
  }
};

const scale = (matrix: Matrix, step: PyObject): Matrix => {
  const statistic = (name: string, otherwise: number): ((i: number) => number) => {
    const value = attributeOf(step, name);
    if (!isKind(value, 'array')) return () => otherwise;
    const numbers = numbersOf(value, name);
    return (i) => numbers[i] ?? Number.NaN;
  };
  const mean = statistic('mean_', 0);
  const deviation = statistic('scale_', 1);
  return {
    ...matrix,
    cells: matrix.cells.map((cell, i) => {
      const [shift, size] = [mean(i), deviation(i)];
      if (!(Number.isFinite(shift) && size > 0)) throw broken('a scaler has no statistics');
      if (cell.shift !== 0 || cell.scale !== 1) throw unsupported('a column that is scaled twice');
      return { ...cell, shift, scale: size };
    }),
  };
};

/** The categories of each cell of an encoder, recorded with the columns. */
const encode = (
  matrix: Matrix,
  step: PyObject,
): { columns: readonly ForeignColumn[]; lists: readonly (readonly string[])[] } => {
  if (attributeOf(step, '_infrequent_enabled') === true)
    throw unsupported(`a ${shortName(step.name)} that groups rare categories is not supported`);
  const categories = needItems(needAttribute(step, 'categories_'), 'its categories');
  if (categories.length !== matrix.cells.length)
    throw broken(`an encoder knows ${categories.length} of ${matrix.cells.length} columns`);
  const columns = [...matrix.columns];
  const lists = categories.map((list, i) => {
    const values = textsOf(list, 'its categories');
    const { column, of } = matrix.cells[i]!;
    if (of !== 'number') throw unsupported('a column that is encoded twice');
    if (values.some((value) => value === 'nan' || value === 'NaN'))
      throw unsupported('an encoder for which a missing value is a category is not supported');
    columns[column] = { ...columns[column]!, values };
    return values;
  });
  return { columns, lists };
};

const oneHot = (matrix: Matrix, step: PyObject): Matrix => {
  const { columns, lists } = encode(matrix, step);
  const dropped = attributeOf(step, 'drop_idx_') ?? null;
  const drops = dropped === null ? [] : dropsOf(dropped);
  const cells = lists.flatMap((values, i): Cell[] => {
    const { column } = matrix.cells[i]!;
    const all = values.map((value): Cell => ({ column, of: 'equals', value, shift: 0, scale: 1 }));
    const drop = drops[i];
    return drop === undefined ? all : all.filter((_, v) => v !== drop);
  });
  return { columns, cells };
};

/** Per column the position of the category that is left out, if one is. */
const dropsOf = (value: PyValue): readonly (number | undefined)[] => {
  if (isKind(value, 'array') && value.dtype.code !== 'O')
    return [...numbersOf(value, 'dropped categories')];
  return needItems(value, 'dropped categories').map((drop) =>
    drop === null ? undefined : needNumber(drop, 'a dropped category'),
  );
};

const ordinal = (matrix: Matrix, step: PyObject): Matrix => {
  const { columns } = encode(matrix, step);
  const unknown = attributeOf(step, 'unknown_value') ?? null;
  if (typeof unknown === 'number' && !Number.isNaN(unknown))
    throw unsupported(
      `an OrdinalEncoder that gives ${unknown} to unknown values is not supported; NaN, or an error, is`,
    );
  return { columns, cells: matrix.cells.map((cell) => ({ ...cell, of: 'code' })) };
};

const byColumns = (matrix: Matrix, step: PyObject): Matrix => {
  let columns = matrix.columns;
  const cells: Cell[] = [];
  for (const entry of needItems(needAttribute(step, 'transformers_'), 'its transformers')) {
    const [, transformer, chosen] = needItems(entry, 'a transformer');
    if (transformer === 'drop') continue;
    const part = choose(matrix, chosen ?? null);
    if (part.length === 0) continue;
    const done = applyStep({ columns, cells: part }, transformer ?? null);
    columns = done.columns;
    for (const cell of done.cells) cells.push(cell);
  }
  return { columns, cells };
};

/** The cells that a transformer is for: by name, number, mask or slice. */
const choose = ({ columns, cells }: Matrix, chosen: PyValue): readonly Cell[] => {
  if (isKind(chosen, 'object') && chosen.name === 'builtins.slice') {
    const [from, to, step] = chosen.args.map((arg) =>
      arg === null ? undefined : needNumber(arg, 'a slice'),
    );
    if (step !== undefined && step !== 1) throw unsupported('a slice with steps');
    return cells.slice(from, to);
  }
  if (isKind(chosen, 'object') && isKind(chosen.state, 'dict'))
    return choose({ columns, cells }, attributeOf(chosen, 'data') ?? null);
  const items: readonly PyValue[] =
    typeof chosen === 'string' || typeof chosen === 'number'
      ? [chosen]
      : isKind(chosen, 'array')
        ? chosen.dtype.code === 'b' || chosen.dtype.code === 'i' || chosen.dtype.code === 'u'
          ? [...numbersOf(chosen, 'columns')].map((n) => (chosen.dtype.code === 'b' ? n !== 0 : n))
          : textsOf(chosen, 'columns')
        : needItems(chosen, 'the columns of a transformer');
  if (items.length > 0 && items.every((item) => typeof item === 'boolean'))
    return cells.filter((_, c) => items[c] === true);
  return items.map((item) => {
    const c =
      typeof item === 'string'
        ? columns.findIndex(({ name }) => name === item)
        : needNumber(item, 'a column');
    const cell = cells[c < 0 ? cells.length + c : c];
    if (!cell || (typeof item === 'string' && c < 0))
      throw broken(`a transformer asks for the column ${String(item)}, which is not there`);
    return cell;
  });
};

/** Features of the finished matrix; the scale of a one-hot column moves into the weights. */
export const finishFeatures = (
  { columns, cells }: Matrix,
  score: Score,
): { columns: readonly ForeignColumn[]; features: readonly Feature[]; score: Score } => {
  const scaled = score.kind === 'linear' ? { ...score, weights: score.weights.slice() } : score;
  const features = cells.map((cell, i): Feature => {
    const input = `${cell.column}`;
    const isScaled = cell.shift !== 0 || cell.scale !== 1;
    if (cell.of === 'number') {
      if (!isScaled) return { name: '', step: 'number', input };
      return { name: ' scaled', step: 'scale', input, shift: cell.shift, scale: cell.scale };
    }
    if (isScaled) {
      if (scaled.kind === 'forest' || cell.of === 'code')
        throw unsupported('a tree, or a code, over scaled categories is not supported');
      const weight = scaled.weights[i]! / cell.scale;
      scaled.weights[i] = weight;
      (scaled as { intercept: number }).intercept -= weight * cell.shift;
    }
    if (cell.of === 'code') return { name: '', step: 'code', input };
    return { name: `=${cell.value}`, step: 'equals', input, value: cell.value! };
  });
  return { columns, features, score: scaled };
};
