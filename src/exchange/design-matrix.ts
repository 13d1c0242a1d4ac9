/**
 * The matrix between two steps of a pipeline (the statistician's design matrix): each of its columns says which
 * column of the model's input it is derived from, and how. Steps turn one into the next; the last gives the features.
 */
import type { Feature } from '../core/features.ts';
import type { PlainScore } from '../core/model.ts';
import { buildOperations, type Operation } from '../core/steps/operation.ts';
import { COLUMNS_LIMIT } from './build-forest.ts';
import type { ForeignColumn } from './foreign-model.ts';
import { broken, unsupported } from './pickle/python-values.ts';

/** One column of the matrix, as it is made of one first column, or of several as their product. */
export type DerivedColumn =
  | SingleColumn
  | {
      readonly of: 'product';
      /** In the order of their columns, of which the last two are multiplied first. */
      readonly factors: readonly SingleColumn[];
      readonly operations: readonly Operation[];
    };

export type SingleColumn = { readonly column: number } & (
  | {
      readonly of: 'number';
      /** (x - shift) / scale */
      readonly shift: number;
      readonly scale: number;
      /** Instead of these: x * factor + offset, which rounds in another way. */
      readonly line?: { readonly factor: number; readonly offset: number };
      /** What a missing x counts as; text where the column turns out to be a category. */
      readonly missing?: number | string;
      /** The number that stands for a missing one. */
      readonly missingNumber?: number;
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
  /** Another column after operations, one after the other. */
  | {
      readonly of: 'chain';
      readonly from: SingleColumn & { readonly of: 'number' | 'equals' };
      readonly operations: readonly Operation[];
    }
);

export interface DesignMatrix {
  /** The model's own columns; encoders find out their values. */
  readonly columns: readonly ForeignColumn[];
  readonly derivedColumns: readonly DerivedColumn[];
  /** Whether it leaves zeros out, which some models then take for missing. */
  readonly isSparse: boolean;
  /** Whether its numbers are float32, which a linear model then sums as such. */
  readonly isSingle?: boolean;
}

const unchangedColumn = (column: number): SingleColumn => ({
  column,
  of: 'number',
  shift: 0,
  scale: 1,
});

/** The columns that a model is given, as they are. @throws AppError model-broken for no sensible number of them */
export const startDesignMatrix = (
  count: number,
  names: readonly string[] | undefined,
): DesignMatrix => {
  const nColumns = names?.length ?? count;
  if (!Number.isInteger(nColumns) || nColumns < 1 || nColumns > COLUMNS_LIMIT)
    throw broken(`it has ${nColumns} columns`);
  return {
    columns: Array.from({ length: nColumns }, (_, c) => (names ? { name: names[c]! } : {})),
    derivedColumns: Array.from({ length: nColumns }, (_, c) => unchangedColumn(c)),
    isSparse: false,
  };
};

/** Whether a column holds what the first column holds, or 0 and 1. */
export const isUnscaled = (
  derived: DerivedColumn & { readonly of: 'number' | 'equals' },
): boolean =>
  derived.shift === 0 && derived.scale === 1 && !(derived.of === 'number' && derived.line);

/** Steps over one column; pipelines in use have a handful. */
const OPERATIONS_LIMIT = 64;

/** The first columns that a column is made of. */
const columnsOf = (derived: DerivedColumn): readonly number[] =>
  derived.of === 'product' ? derived.factors.map(({ column }) => column) : [derived.column];

/**
 * The column after an operation; undefined for codes of categories, which are numbers to nothing but trees.
 */
export function operate(derived: SingleColumn, operation: Operation): SingleColumn;
export function operate(derived: DerivedColumn, operation: Operation): DerivedColumn;
export function operate(derived: DerivedColumn, operation: Operation): DerivedColumn {
  switch (derived.of) {
    case 'number':
    case 'equals':
      return { column: derived.column, of: 'chain', from: derived, operations: [operation] };
    case 'chain':
    case 'product':
      if (derived.operations.length >= OPERATIONS_LIMIT)
        throw unsupported(`more than ${OPERATIONS_LIMIT} steps change one column`);
      return { ...derived, operations: [...derived.operations, operation] };
    case 'code':
    case 'table': {
      const { numbers, otherwise } = tableBehind(derived);
      const done = buildOperations([operation]);
      return {
        column: derived.column,
        of: 'table',
        numbers: new Map([...numbers].map(([value, x]) => [value, done(x)])),
        otherwise: done(otherwise),
      };
    }
  }
}

/** A number per value. */
const tableBehind = (
  derived: SingleColumn & { readonly of: 'code' | 'table' },
): { readonly numbers: ReadonlyMap<string, number>; readonly otherwise: number } =>
  derived.of === 'table'
    ? derived
    : {
        numbers: new Map(derived.values.map((value, code) => [value, code])),
        otherwise: Number.NaN,
      };

/** The column after x * factor + offset. */
export const multiplyAdd = (
  derived: DerivedColumn,
  factor: number,
  offset: number,
): DerivedColumn => {
  if (derived.of === 'number' && isUnscaled(derived))
    return { ...derived, line: { factor, offset } };
  return derived.of === 'equals' && isUnscaled(derived)
    ? shiftAndScale(derived, -offset / factor, 1 / factor)
    : operate(derived, { do: 'line', factor, offset });
};

/** The column after (x - shift) / scale. */
export const shiftAndScale = (
  derived: DerivedColumn,
  shift: number,
  scale: number,
): DerivedColumn => {
  const isPlain = (derived.of === 'number' || derived.of === 'equals') && isUnscaled(derived);
  return isPlain ? { ...derived, shift, scale } : operate(derived, { do: 'scale', shift, scale });
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
const isPlain = ({ columns, derivedColumns }: DesignMatrix): boolean =>
  derivedColumns.length === columns.length &&
  derivedColumns.every((derived, c) => {
    if (derived.of === 'product' || derived.column !== c) return false;
    if (derived.of === 'code') return isSame(derived.values, columns[c]!.values);
    return (
      derived.of === 'number' &&
      isUnscaled(derived) &&
      derived.missing === undefined &&
      derived.missingNumber === undefined &&
      !columns[c]!.values
    );
  });

const isSame = (own: readonly string[], all: readonly string[] | undefined): boolean =>
  own === all || (own.length === all?.length && own.every((value, v) => value === all[v]));

/** Features over the columns' numbers; undefined where they are the columns as they are. */
export const featuresOf = (matrix: DesignMatrix): readonly Feature[] | undefined =>
  isPlain(matrix)
    ? undefined
    : matrix.derivedColumns.map((derived) => featureOf(derived, matrix.columns));

const featureOf = (derived: DerivedColumn, columns: readonly ForeignColumn[]): Feature => {
  if (derived.of === 'product') {
    const factors = derived.factors.map((factor) => featureOf(factor, columns));
    const product: Feature = { name: '', step: 'product', of: factors };
    return chainOf(product, derived.operations);
  }
  if (derived.of === 'chain') return chainOf(featureOf(derived.from, columns), derived.operations);
  const { values } = columns[derived.column]!;
  const input = `${derived.column}`;
  switch (derived.of) {
    case 'number': {
      if (values)
        throw unsupported(
          `column ${columns[derived.column]!.name ?? input} is a category in one step and a number in another`,
        );
      const { shift, scale, line, missing, missingNumber } = derived;
      if (missingNumber !== undefined)
        return { name: ` but ${missingNumber}`, step: 'number', input, missingNumber };
      if (typeof missing === 'string')
        throw unsupported(`a missing number is filled with the text '${missing.slice(0, 40)}'`);
      if (isUnscaled(derived) && missing === undefined) return { name: '', step: 'number', input };
      const filled = missing === undefined ? {} : { missing };
      if (line) return { name: ' scaled', step: 'line', input, ...line, ...filled };
      const name = shift === 0 && scale === 1 ? ' filled' : ' scaled';
      return { name, step: 'scale', input, shift, scale, ...filled };
    }
    case 'equals': {
      const { value, shift, scale } = derived;
      if (shift === 0 && scale === 1) return { name: `=${value}`, step: 'equals', input, value };
      return tableOf(input, new Map([[value, (1 - shift) / scale]]), -shift / scale, values!);
    }
    case 'code':
      if (isSame(derived.values, values)) return { name: '', step: 'code', input };
      return tableOf(
        input,
        new Map(derived.values.map((value, code) => [value, code])),
        Number.NaN,
        values!,
      );
    case 'table':
      return tableOf(input, derived.numbers, derived.otherwise, values!);
  }
};

const chainOf = (of: Feature, operations: readonly Operation[]): Feature =>
  operations.length === 0
    ? of
    : { name: `${of.name} ${operations.map(wordOf).join(' ')}`, step: 'chain', of, operations };

/** What an operation is called in the name of a feature. */
const wordOf = (operation: Operation): string => {
  switch (operation.do) {
    case 'scale':
    case 'line':
      return 'scaled';
    case 'lose':
      return `but ${operation.number}`;
    case 'fill':
      return 'filled';
    case 'clip':
      return 'clipped';
    case 'function':
      return operation.function;
    case 'bin':
      return 'bin';
    case 'is':
      return `= ${operation.number}`;
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

/**
 * Marks columns of which a missing value is filled in wherever it is asked, those that are never asked, and those of which
 * an unknown category becomes a missing number that the model refuses.
 */
export const markColumns = (
  columns: readonly ForeignColumn[],
  derivedColumns: readonly DerivedColumn[],
  acceptsMissing = true,
): readonly ForeignColumn[] => {
  const [isAsked, isFilled] = [new Set<number>(), new Set(columns.keys())];
  const isClosed = new Set(
    derivedColumns.flatMap((derived) => (acceptsMissing ? [] : losesUnknown(derived))),
  );
  for (const derived of derivedColumns) {
    for (const column of columnsOf(derived)) isAsked.add(column);
    for (const column of unfilledIn(derived)) isFilled.delete(column);
  }
  return columns.map((column, c) => {
    if (!isAsked.has(c)) return { ...column, isUnused: true };
    return {
      ...column,
      ...(isFilled.has(c) && { isOptional: true }),
      ...(isClosed.has(c) && { isClosed: true }),
    };
  });
};

/** The first column of a category whose unknown values make a missing number. */
const losesUnknown = (derived: DerivedColumn): readonly number[] => {
  if (derived.of === 'product') return derived.factors.flatMap(losesUnknown);
  const isLost =
    derived.of === 'code' || (derived.of === 'table' && Number.isNaN(derived.otherwise));
  return isLost ? [derived.column] : [];
};

/** The columns, of which a step refuses missing values. */
export const withRequired = ({
  columns,
  derivedColumns,
}: DesignMatrix): readonly ForeignColumn[] => {
  const refused = new Set(derivedColumns.flatMap(unfilledIn));
  return columns.map((column, c) => (refused.has(c) ? { ...column, isRequired: true } : column));
};

/** The first columns of which a missing value stays missing in a column. */
const unfilledIn = (derived: DerivedColumn): readonly number[] => {
  switch (derived.of) {
    case 'number':
      return derived.missing === undefined ? [derived.column] : [];
    case 'product':
      return derived.operations.some((operation) => operation.do === 'fill')
        ? []
        : derived.factors.flatMap(unfilledIn);
    case 'chain':
      return derived.operations.some((operation) => operation.do === 'fill')
        ? []
        : unfilledIn(derived.from);
    default:
      return [derived.column];
  }
};

/** The same answers, by columns of which a line scales none itself that are 0 or 1. */
export const foldOneHotScale = (
  score: PlainScore,
  derivedColumns: readonly DerivedColumn[],
): { readonly score: PlainScore; readonly derivedColumns: readonly DerivedColumn[] } => {
  if (score.kind !== 'linear') return { score, derivedColumns };
  const weights = score.weights.slice();
  let { intercept } = score;
  const plain = derivedColumns.map((derived, i): DerivedColumn => {
    if (derived.of !== 'equals' || (derived.shift === 0 && derived.scale === 1)) return derived;
    weights[i] = weights[i]! / derived.scale;
    intercept -= weights[i]! * derived.shift;
    return { ...derived, shift: 0, scale: 1 };
  });
  return { score: { kind: 'linear', weights, intercept }, derivedColumns: plain };
};
