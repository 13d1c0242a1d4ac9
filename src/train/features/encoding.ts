/**
 * Table to inputs, whole columns, as numbers that the one encoder reads which serving uses too.
 */

import { buildCompletion } from '../../core/around/completion.ts';
import { fieldOf } from '../../core/flight.ts';
import { buildColumnReader, type Input } from '../../core/inputs.ts';
import type { Table } from '../../core/table.ts';
import { type FlightColumns, type InputColumn, narrowCodes } from '../flight-columns.ts';
import { sharedFloats, sharedSingles } from '../shared-array.ts';

/**
 * What a model asks for: the table's columns, category values as seen in `known` rows only,
 * so that what appears later counts as unseen, as it will when the model serves.
 */
export const inputsOfTable = (
  table: Table,
  names: readonly string[],
  known: readonly Int32Array[],
): readonly Input[] =>
  names.map((name): Input => {
    const column = table.columns[name as keyof Table['columns']];
    const field = fieldOf(name);
    const input: Input = {
      name,
      kind: column?.kind ?? field?.kind ?? 'number',
      required: REQUIRED.has(name),
      description: field?.description ?? `Column ${name} of the files that were learned from`,
      ...(field?.unit === undefined ? {} : { unit: field.unit }),
    };
    if (column?.kind !== 'category') return input;
    const seen = new Uint8Array(column.values.length);
    for (const rows of known)
      for (let i = 0; i < rows.length; i++) {
        const code = column.codes[rows[i]!]!;
        if (code >= 0) seen[code] = 1;
      }
    return { ...input, values: column.values.filter((_, code) => seen[code] === 1) };
  });

const REQUIRED: ReadonlySet<string> = new Set([
  'airline',
  'origin',
  'destination',
  'scheduledDeparture',
]);

/** Rows that are read and completed together: they stay in the nearest cache. */
const BLOCK_ROWS = 256;

/** float64, shape (nRows, nInputs), row-major, shared: the columns, completed by what is known around the flights. */
export const rawOf = (table: Table, inputs: readonly Input[]): Float64Array => {
  const { nRows } = table;
  const nInputs = inputs.length;
  const raw = sharedFloats(nRows * nInputs);
  const readInto = buildBlockReader(table, inputs);
  for (let first = 0; first < nRows; first += BLOCK_ROWS)
    readInto(raw, first * nInputs, first, Math.min(BLOCK_ROWS, nRows - first));
  return raw;
};

/** The same, input by input: what training works on. */
export const flightColumnsOf = (table: Table, inputs: readonly Input[]): FlightColumns => {
  const { nRows } = table;
  // Minutes since 1970 have more digits than four bytes hold.
  const columns = inputs.map(
    ({ kind }): InputColumn => (kind === 'time' ? sharedFloats(nRows) : sharedSingles(nRows)),
  );
  const readInto = buildBlockReader(table, inputs);
  const nInputs = inputs.length;
  const block = new Float64Array(BLOCK_ROWS * nInputs);
  const own = new Float64Array(BLOCK_ROWS);
  for (let first = 0; first < nRows; first += BLOCK_ROWS) {
    const n = Math.min(BLOCK_ROWS, nRows - first);
    readInto(block, 0, first, n);
    for (let at = 0; at < nInputs; at++) {
      for (let i = 0; i < n; i++) own[i] = block[i * nInputs + at]!;
      const values = own.subarray(0, n);
      if (!holdsAll(columns[at]!, values)) columns[at] = wideCopy(columns[at]!);
      columns[at]!.set(values, first);
    }
  }
  return { inputs, columns };
};

/** Whether a column holds these values to the bit. */
const holdsAll = (column: InputColumn, values: Float64Array): boolean => {
  if (column instanceof Float64Array) return true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Math.fround(value) !== value && !Number.isNaN(value)) return false;
  }
  return true;
};

const wideCopy = (column: InputColumn): Float64Array => {
  const wide = sharedFloats(column.length);
  wide.set(column);
  return wide;
};

const copyOf = (column: InputColumn): InputColumn => {
  const copy = emptyLike(column);
  copy.set(column);
  return copy;
};

const emptyLike = (column: InputColumn): InputColumn =>
  column instanceof Float64Array ? sharedFloats(column.length) : sharedSingles(column.length);

/**
 * The same, from the columns of inputs that know more values of their categories. What the others are the same in is shared;
 * a flight with a value that is not known here is read anew: what is known around it may hang on that value.
 */
export const narrowFlightColumns = (
  table: Table,
  wide: FlightColumns,
  inputs: readonly Input[],
): FlightColumns => {
  const { nRows } = table;
  const isLost = new Uint8Array(nRows);
  const columns = wide.columns.map((column, at) => {
    const { name, values } = inputs[at]!;
    if (values === undefined || values.length === wide.inputs[at]!.values?.length) return column;
    const codes = narrowCodes(wide.inputs, inputs, name);
    const narrow = emptyLike(column);
    for (let row = 0; row < nRows; row++) {
      const code = column[row]!;
      narrow[row] = Number.isNaN(code) ? code : codes[code]!;
      if (Number.isNaN(narrow[row]!) && !Number.isNaN(code)) isLost[row] = 1;
    }
    return narrow;
  });
  const readInto = buildBlockReader(table, inputs);
  const flight = new Float64Array(inputs.length);
  for (let row = isLost.indexOf(1); row >= 0; row = isLost.indexOf(1, row + 1)) {
    readInto(flight, 0, row, 1);
    flight.forEach((value, at) => {
      if (Object.is(value, columns[at]![row])) return;
      if (columns[at] === wide.columns[at]) columns[at] = copyOf(columns[at]!);
      if (!holdsAll(columns[at]!, Float64Array.of(value))) columns[at] = wideCopy(columns[at]!);
      columns[at]![row] = value;
    });
  }
  return { inputs, columns };
};

/** Fills `into[at ...]` with the inputs of `nRows` flights from `first` on. */
type BlockReader = (into: Float64Array, at: number, first: number, nRows: number) => void;

const buildBlockReader = (table: Table, inputs: readonly Input[]): BlockReader => {
  const readers = inputs.map((input) =>
    buildColumnReader(input, table.columns[input.name as keyof Table['columns']]),
  );
  const stride = inputs.length;
  const complete = table.surroundings && buildCompletion(inputs, table.surroundings);
  return (into, at, first, nRows) => {
    for (const [i, read] of readers.entries()) read({ into, at: at + i, stride, first, nRows });
    complete?.(into, at, nRows);
  };
};
