/**
 * scikit-learn's ColumnTransformer: which columns go to which step. A step of a pipeline.
 * @source sklearn/compose/_column_transformer.py
 */

import type { DerivedColumn, DesignMatrix } from '../design-matrix.ts';
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
import { countColumns, type VisitedObjects } from './visited-objects.ts';

type Apply = (part: DesignMatrix, step: PyValue) => DesignMatrix;

export const applyColumns = (
  matrix: DesignMatrix,
  step: PyObject,
  visited: VisitedObjects,
  apply: Apply,
): DesignMatrix => {
  if ((attributeOf(step, 'transformer_weights') ?? null) !== null)
    throw unsupported('a ColumnTransformer with transformer_weights is not supported');
  const positions = positionsByName(matrix);
  let { columns } = matrix;
  const derivedColumns: DerivedColumn[] = [];
  let isSingle = true;
  for (const entry of needItems(needAttribute(step, 'transformers_'), 'its transformers')) {
    const [, transformer, chosen] = needItems(entry, 'a transformer');
    if (transformer === 'drop') continue;
    const part = choose(matrix.derivedColumns, positions, chosen ?? null);
    // A mask costs its length, whatever it chooses.
    countColumns(visited, matrix.derivedColumns.length);
    if (part.length === 0) continue;
    const done = apply({ columns, derivedColumns: part, isSparse: false }, transformer ?? null);
    columns = done.columns;
    isSingle &&= done.isSingle === true;
    for (const derived of done.derivedColumns) derivedColumns.push(derived);
  }
  return {
    columns,
    derivedColumns,
    isSparse: isTrue(attributeOf(step, 'sparse_output_')),
    isSingle,
  };
};

/** Positions of the columns that still have their own names; -1 for a name that two have. */
const positionsByName = ({
  columns,
  derivedColumns,
}: DesignMatrix): ReadonlyMap<string, number> => {
  const positions = new Map<string, number>();
  derivedColumns.forEach((derived, c) => {
    if (derived.of !== 'number') return;
    const { name } = columns[derived.column]!;
    if (name !== undefined) positions.set(name, positions.has(name) ? -1 : c);
  });
  return positions;
};

/** The columns that a transformer is for: by name, number, mask or slice. */
const choose = (
  derivedColumns: readonly DerivedColumn[],
  positions: ReadonlyMap<string, number>,
  chosen: PyValue,
): readonly DerivedColumn[] => {
  if (isKind(chosen, 'object') && chosen.name === 'builtins.slice')
    return slice(derivedColumns, positions, chosen);
  if (isKind(chosen, 'object') && isKind(chosen.state, 'dict')) {
    const data = attributeOf(chosen, 'data') ?? null;
    if (isKind(data, 'object')) throw broken('the columns of a transformer are no list');
    return choose(derivedColumns, positions, data);
  }
  const items = itemsOf(chosen);
  if (items.length > 0 && items.every((item) => typeof item === 'boolean'))
    return derivedColumns.filter((_, c) => items[c] === true);
  return items.map((item) => {
    const derived = derivedColumns[positionOf(item, derivedColumns, positions)];
    if (!derived)
      throw broken(`a transformer asks for the column ${String(item)}, which is not there`);
    return derived;
  });
};

const itemsOf = (chosen: PyValue): readonly PyValue[] => {
  if (typeof chosen === 'string' || typeof chosen === 'number') return [chosen];
  if (!isKind(chosen, 'array')) return needItems(chosen, 'the columns of a transformer');
  const { code } = chosen.dtype;
  if (code !== 'b' && code !== 'i' && code !== 'u') return arrayTexts(chosen, 'columns');
  return [...arrayNumbers(chosen, 'columns')].map((n) => (code === 'b' ? n !== 0 : n));
};

const positionOf = (
  item: PyValue,
  derivedColumns: readonly DerivedColumn[],
  positions: ReadonlyMap<string, number>,
): number => {
  if (typeof item === 'string') {
    const place = positions.get(item);
    if (place === -1) throw unsupported(`two columns are called '${item.slice(0, 80)}'`);
    return place ?? -1;
  }
  const place = needNumber(item, 'a column');
  return place < 0 ? derivedColumns.length + place : place;
};

/** `slice(1, 3)`, or by names, where the last one belongs to it. */
const slice = (
  derivedColumns: readonly DerivedColumn[],
  positions: ReadonlyMap<string, number>,
  { args }: PyObject,
): readonly DerivedColumn[] => {
  const [from, to, step] = args;
  if ((step ?? null) !== null && step !== 1) throw unsupported('a slice of columns with steps');
  const edge = (value: PyValue | undefined, otherwise: number, past: number): number => {
    if (value === undefined || value === null) return otherwise;
    const place = positionOf(value, derivedColumns, positions);
    if (typeof value === 'string' && place < 0)
      throw broken(`a slice begins or ends at the column ${value}, which is not there`);
    return typeof value === 'string' ? place + past : place;
  };
  return derivedColumns.slice(edge(from, 0, 0), edge(to, derivedColumns.length, 1));
};
