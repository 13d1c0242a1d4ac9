/**
 * Columns to bins by all threads: each takes the next column, finds its bins and fills in every part's rows.
 * A column's bins depend on nothing but the column, so they are the same whoever takes it.
 */
import type { Feature } from '../../core/features.ts';
import { type FlightColumns, featureOfRows } from '../flight-columns.ts';
import { type Bins, binInto, buildCategoryBins, buildQuantityBins } from './binning.ts';

/** Where one part of a column comes from, as plain data that a thread can be given. */
export type ColumnSource =
  | { readonly kind: 'values'; readonly values: Float64Array }
  /** A feature of some of the flights. */
  | {
      readonly kind: 'feature';
      readonly feature: Feature;
      readonly flights: FlightColumns;
      readonly rows: Int32Array;
    }
  /** `values[places[row]]` of each of `rows`. */
  | {
      readonly kind: 'placed';
      readonly values: Float64Array;
      readonly places: Int32Array;
      readonly rows: Int32Array;
    };

export interface ColumnTask {
  readonly isCategory: boolean;
  /** The first part decides the bins. */
  readonly parts: readonly ColumnSource[];
}

/** All columns of all parts; the arrays in it are shared. */
export interface BinningTask {
  readonly columns: readonly ColumnTask[];
  /** uint8 per part, shape (nColumns, nRows), feature by feature: where the bins go. */
  readonly into: readonly Uint8Array[];
  /** int32, shape (1): the next column that nobody has taken. */
  readonly next: Int32Array;
}

/** Takes columns until none is left. @returns the bins of those taken, null for the others */
export const binColumns = ({ columns, into, next }: BinningTask): (Bins | null)[] => {
  const found: (Bins | null)[] = columns.map(() => null);
  for (;;) {
    const f = Atomics.add(next, 0, 1);
    if (f >= columns.length) return found;
    const { isCategory, parts } = columns[f]!;
    let bins: Bins | null = null;
    parts.forEach((source, part) => {
      const values = valuesOf(source);
      bins ??= isCategory
        ? buildCategoryBins(values, values.length)
        : buildQuantityBins(values, values.length);
      const n = values.length;
      binInto(bins, values, into[part]!.subarray(f * n, (f + 1) * n));
    });
    found[f] = bins;
  }
};

/** float64: the column's numbers of one part. */
export const valuesOf = (source: ColumnSource): Float64Array => {
  if (source.kind === 'values') return source.values;
  const { rows } = source;
  if (source.kind === 'feature') return featureOfRows(source.feature, source.flights, rows);
  const values = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) values[i] = source.values[source.places[rows[i]!]!]!;
  return values;
};
