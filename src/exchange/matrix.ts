/**
 * The matrix between two steps of a pipeline: which first column each of its columns is made of, and how.
 */
import type { Feature } from '../core/features.ts';
import type { ForeignColumn } from './foreign.ts';
import { COLUMNS_LIMIT } from './build-forest.ts';
import { broken, unsupported } from './pickle/python-values.ts';

/** One column of the matrix, as it is made of one first column. */
export type Cell = { readonly column: number } & (
  | {
      readonly of: 'number';
      /** (x - shift) / scale */
      readonly shift: number;
      readonly scale: number;
      /** Instead of these: x * factor + offset, which rounds in another way. */
      readonly line?: { readonly factor: number; readonly offset: number };
      /** What a missing x counts as; text where the column turns out to be a category. */
      readonly missing?: number | string;
    }
  /** (1 - shift) / scale for this value, (0 - shift) / scale for any other. */
  | {
      readonly of: 'equals';
      readonly value: string;
      readonly shift: number;
      readonly scale: number;
    }
  /** The place of the value in this list; missing for any other. */
  | { readonly of: 'code'; readonly values: readonly string[] }
  /** A number per value. */
  | {
      readonly of: 'table';
      readonly numbers: ReadonlyMap<string, number>;
      readonly otherwise: number;
    }
);

export interface Matrix {
  /** The model's own columns; encoders find out their values. */
  readonly columns: readonly ForeignColumn[];
  readonly cells: readonly Cell[];
  /** Whether it leaves zeros out, which some models then take for missing. */
  readonly isSparse: boolean;
}

const plainCell = (column: number): Cell => ({ column, of: 'number', shift: 0, scale: 1 });

/** The columns that a model is given, as they are. @throws AppError model-broken for no sensible number of them */
export const startMatrix = (count: number, names: readonly string[] | undefined): Matrix => {
  const nColumns = names?.length ?? count;
  if (!Number.isInteger(nColumns) || nColumns < 1 || nColumns > COLUMNS_LIMIT)
    throw broken(`it has ${nColumns} columns`);
  return {
    columns: Array.from({ length: nColumns }, (_, c) => (names ? { name: names[c]! } : {})),
    cells: Array.from({ length: nColumns }, (_, c) => plainCell(c)),
    isSparse: false,
  };
};

/** Whether a cell holds what the first column holds. */
export const isUnscaled = (cell: Cell & { readonly of: 'number' }): boolean =>
  cell.shift === 0 && cell.scale === 1 && !cell.line;

/** The cell after x * factor + offset. */
export const lineCell = (cell: Cell, factor: number, offset: number): Cell =>
  cell.of === 'number' && isUnscaled(cell)
    ? { ...cell, line: { factor, offset } }
    : scaleCell(cell, -offset / factor, 1 / factor);

/** The cell after (x - shift) / scale. */
export const scaleCell = (cell: Cell, shift: number, scale: number): Cell => {
  const moved = (x: number): number => (x - shift) / scale;
  switch (cell.of) {
    case 'number':
      if (cell.line) {
        const { line, ...rest } = cell;
        const before = { shift: -line.offset / line.factor, scale: 1 / line.factor };
        return scaleCell({ ...rest, ...before }, shift, scale);
      }
      if (cell.shift === 0 && cell.scale === 1) return { ...cell, shift, scale };
      return { ...cell, shift: cell.shift + shift * cell.scale, scale: cell.scale * scale };
    case 'equals':
      if (cell.shift === 0 && cell.scale === 1) return { ...cell, shift, scale };
      return { ...cell, shift: cell.shift + shift * cell.scale, scale: cell.scale * scale };
    case 'code':
      return {
        column: cell.column,
        of: 'table',
        numbers: new Map(cell.values.map((value, code) => [value, moved(code)])),
        otherwise: Number.NaN,
      };
    case 'table':
      return {
        ...cell,
        numbers: new Map([...cell.numbers].map(([value, x]) => [value, moved(x)])),
        otherwise: moved(cell.otherwise),
      };
  }
};

/** Records what an encoder, or a model, knows of a column's values. */
export const withValues = (
  columns: readonly ForeignColumn[],
  column: number,
  known: ForeignColumn,
): ForeignColumn[] => {
  const list = [...columns];
  const before = list[column]!;
  const values = [...new Set([...(before.values ?? []), ...(known.values ?? [])])];
  list[column] = { ...before, ...known, ...(before.name && { name: before.name }), values };
  return list;
};

/** Whether the matrix is the model's own columns, as they are. */
const isPlain = ({ columns, cells }: Matrix): boolean =>
  cells.length === columns.length &&
  cells.every((cell, c) => {
    if (cell.column !== c) return false;
    if (cell.of === 'code') return isSame(cell.values, columns[c]!.values);
    return (
      cell.of === 'number' && isUnscaled(cell) && cell.missing === undefined && !columns[c]!.values
    );
  });

const isSame = (own: readonly string[], all: readonly string[] | undefined): boolean =>
  own === all || (own.length === all?.length && own.every((value, v) => value === all[v]));

/** Features over the columns' numbers; undefined where they are the columns as they are. */
export const featuresOf = (matrix: Matrix): readonly Feature[] | undefined =>
  isPlain(matrix) ? undefined : matrix.cells.map((cell) => featureOf(cell, matrix.columns));

const featureOf = (cell: Cell, columns: readonly ForeignColumn[]): Feature => {
  const { values } = columns[cell.column]!;
  const input = `${cell.column}`;
  switch (cell.of) {
    case 'number': {
      if (values)
        throw unsupported(
          `column ${columns[cell.column]!.name ?? input} is a category in one step and a number in another`,
        );
      const { shift, scale, line, missing } = cell;
      if (typeof missing === 'string')
        throw unsupported(`a missing number is filled with the text '${missing.slice(0, 40)}'`);
      if (isUnscaled(cell) && missing === undefined) return { name: '', step: 'number', input };
      const filled = missing === undefined ? {} : { missing };
      if (line) return { name: ' scaled', step: 'line', input, ...line, ...filled };
      const name = shift === 0 && scale === 1 ? ' filled' : ' scaled';
      return { name, step: 'scale', input, shift, scale, ...filled };
    }
    case 'equals': {
      const { value, shift, scale } = cell;
      if (shift === 0 && scale === 1) return { name: `=${value}`, step: 'equals', input, value };
      return tableOf(input, new Map([[value, (1 - shift) / scale]]), -shift / scale, values!);
    }
    case 'code':
      if (isSame(cell.values, values)) return { name: '', step: 'code', input };
      return tableOf(
        input,
        new Map(cell.values.map((value, code) => [value, code])),
        Number.NaN,
        values!,
      );
    case 'table':
      return tableOf(input, cell.numbers, cell.otherwise, values!);
  }
};

const tableOf = (
  input: string,
  numbers: ReadonlyMap<string, number>,
  otherwise: number,
  values: readonly string[],
): Feature => {
  const known = values.flatMap((value, code) => {
    const number = numbers.get(value);
    return number === undefined ? [] : [{ code, number }];
  });
  return {
    name: ' as a number',
    step: 'lookup',
    parts: [{ of: 'code', input, radix: values.length }],
    keys: Float64Array.from(known, ({ code }) => code),
    numbers: Float64Array.from(known, ({ number }) => number),
    otherwise,
  };
};

/** Columns of which a missing value is filled in wherever it is asked. */
export const markOptional = (
  columns: readonly ForeignColumn[],
  cells: readonly Cell[],
): readonly ForeignColumn[] => {
  const [isAsked, isFilled] = [new Set<number>(), new Set(columns.keys())];
  for (const cell of cells) {
    isAsked.add(cell.column);
    if (cell.of !== 'number' || cell.missing === undefined) isFilled.delete(cell.column);
  }
  return columns.map((column, c) =>
    isAsked.has(c) && isFilled.has(c) ? { ...column, isOptional: true } : column,
  );
};
