/**
 * Many flights as columns of typed arrays, with where they came from and what was left out.
 */
import type { FieldName } from './flight.ts';
import type { Surroundings } from './around/surroundings.ts';

interface CategoryColumn {
  readonly kind: 'category';
  /** int32, shape (nRows): index into `values`, -1 where missing. */
  readonly codes: Int32Array;
  /** Distinct values, sorted by code unit. */
  readonly values: readonly string[];
}

interface NumberColumn {
  readonly kind: 'number';
  /** float64, shape (nRows): NaN where missing. */
  readonly numbers: Float64Array;
}

interface TimeColumn {
  readonly kind: 'time';
  /** float64, shape (nRows): local minutes since 1970-01-01T00:00, NaN where missing. */
  readonly minutes: Float64Array;
}

export type Column = CategoryColumn | NumberColumn | TimeColumn;

/** A row that was left out, to look at. */
export interface RejectExample {
  readonly file: string;
  /** Its line in the text, from 1; of a file without lines, or far into a long one, there is none. */
  readonly line?: number;
  /** Its place among the rows that could be taken apart, from 1; unknown for a damaged line. */
  readonly row?: number;
  /** What it holds where the reason lies: `CRS_DEP_TIME 2561`. */
  readonly value: string;
}

interface TableSource {
  readonly files: readonly string[];
  readonly dialect: string;
  /** What `delayMinutes` measures. */
  readonly target: 'arrival' | 'departure';
  readonly nRowsRead: number;
  /** Rows left out, counted by reason ("cancelled", "no scheduled departure", ...). */
  readonly rejected: Readonly<Record<string, number>>;
  /** Up to three of each reason. */
  readonly examples?: Readonly<Record<string, readonly RejectExample[]>>;
  /** Rows that are used although something about them is odd, counted by what. */
  readonly remarks?: Readonly<Record<string, number>>;
  /** Columns of the files that fill no field and no delay. */
  readonly unused?: readonly string[];
  /** How the files were read where it could have been otherwise, a sentence each. */
  readonly notes?: readonly string[];
}

export interface Table {
  readonly nRows: number;
  /**
   * The fields that the source has, and what a model asked for by the names of the files' own columns; rows in the order
   * of the files. `scheduledDeparture` is always there.
   */
  readonly columns: Readonly<Partial<Record<FieldName, Column>>>;
  /** float32, shape (nRows): minutes behind schedule (negative: early). Never NaN in a used row. */
  readonly delayMinutes: Float32Array;
  readonly source: TableSource;
  /** What is known around the flights: a plan that counts those left out too, and weather. */
  readonly surroundings?: Surroundings;
}

/** float64, shape (nRows): scheduled departures in local minutes. */
export const departuresOf = (table: Table): Float64Array => {
  const column = table.columns.scheduledDeparture;
  if (column?.kind !== 'time') throw new TypeError('a table always has scheduledDeparture');
  return column.minutes;
};

/** The rows that are kept, in their order; each is asked once. */
export const pickTableRows = (table: Table, isKept: (row: number) => boolean): Table => {
  const places = new Int32Array(table.nRows);
  let nRows = 0;
  for (let row = 0; row < table.nRows; row++) if (isKept(row)) places[nRows++] = row;
  const rows = places.subarray(0, nRows);
  const columns = Object.fromEntries(
    Object.entries(table.columns).map(([name, column]) => [name, picked(column, rows)]),
  );
  const delayMinutes = Float32Array.from(rows, (row) => table.delayMinutes[row]!);
  return { ...table, nRows, columns, delayMinutes };
};

const picked = (column: Column, rows: Int32Array): Column => {
  switch (column.kind) {
    case 'category':
      return { ...column, codes: rows.map((row) => column.codes[row]!) };
    case 'number':
      return { ...column, numbers: Float64Array.from(rows, (row) => column.numbers[row]!) };
    case 'time':
      return { ...column, minutes: Float64Array.from(rows, (row) => column.minutes[row]!) };
  }
};
