/**
 * Columns to bins by all threads: each takes the next column, finds its bins and fills in every part's rows.
 * A column's bins depend on nothing but the column, so they are the same whoever takes it.
 */
import type { Feature } from '../../core/features.ts';
import { type FlightColumns, featureInto } from '../flight-columns.ts';
import { type OrderedStatistic, orderedNumbers } from '../ordered-statistic.ts';
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
  /** What `rows` may know of a statistic; `places` says where each row of the table is among those that it knows. */
  | {
      readonly kind: 'statistic';
      readonly statistic: OrderedStatistic;
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
  const readOf = buildSourceReader();
  for (;;) {
    const f = Atomics.add(next, 0, 1);
    if (f >= columns.length) return found;
    const { isCategory, parts } = columns[f]!;
    let bins: Bins | null = null;
    parts.forEach((source, part) => {
      const values = readOf(source);
      bins ??= isCategory
        ? buildCategoryBins(values, values.length)
        : buildQuantityBins(values, values.length);
      const n = values.length;
      binInto(bins, values, into[part]!.subarray(f * n, (f + 1) * n));
    });
    found[f] = bins;
  }
};

/** Reads one part of a column after the other, float64, into the same memory; a statistic's numbers are found once. */
const buildSourceReader = (): ((source: ColumnSource) => Float64Array) => {
  let room = new Float64Array(0);
  let last: { readonly statistic: OrderedStatistic; readonly numbers: Float64Array } | undefined;
  return (source) => {
    if (source.kind === 'values') return source.values;
    const { rows } = source;
    if (room.length < rows.length) room = new Float64Array(rows.length);
    const values = room.subarray(0, rows.length);
    if (source.kind === 'feature') {
      featureInto(source.feature, source.flights, rows, values);
      return values;
    }
    const { statistic, places } = source;
    if (last?.statistic !== statistic) {
      last = { statistic, numbers: orderedNumbers(statistic, last?.numbers) };
    }
    const { numbers } = last;
    for (let i = 0; i < rows.length; i++) values[i] = numbers[places[rows[i]!]!]!;
    return values;
  };
};

/** float64: the column's numbers of one part. */
export const valuesOf = (source: ColumnSource): Float64Array => buildSourceReader()(source);
