/**
 * The columns of files as they are, used or not, as they stream by: missing and different values, the most frequent
 * ones, quantiles. Exact up to a number of different values; past it a column is only said to have more.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { buildDictionary, type Dictionary } from '../reading/dictionary.ts';
import { CHUNK_ROWS, textsOf } from '../reading/vectors.ts';

export interface SourceColumn {
  readonly name: string;
  readonly rows: number;
  readonly missing: number;
  /** How many different values; where `isDistinctFloor` at least so many. */
  readonly distinct: number;
  readonly isDistinctFloor: boolean;
  readonly kind: 'number' | 'text';
  /** Smallest and largest value; null when every value is missing, and of the first ones where there are too many. */
  readonly least: string | number | null;
  readonly most: string | number | null;
  /** Of a number, at 5, 25, 50, 75 and 95 %; empty for a text. */
  readonly quantiles: readonly number[];
  readonly top: readonly { readonly value: string; readonly rows: number }[];
  /** Rows in ten bins of equal width from the smallest to the largest number; empty for a text. */
  readonly histogram: readonly number[];
}

/** Different values of a column that are counted. */
const MAX_DISTINCT = 50_000;
const N_TOP = 5;
const N_BINS = 10;
const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95] as const;
const N_SAMPLES = 5;

interface Counted {
  readonly name: string;
  dictionary: Dictionary | undefined;
  counts: Float64Array;
  nRows: number;
  nMissing: number;
  /** Kept when the dictionary is given up. */
  texts: readonly string[];
}

interface ColumnCounter {
  /** Takes the texts of a chunk from this column on; `names` in their order. */
  readonly append: (chunk: DuckDBDataChunk, from: number, names: readonly string[]) => void;
  readonly columns: (nRows: number) => readonly SourceColumn[];
  /** The first rows. */
  readonly samples: () => readonly Readonly<Record<string, string>>[];
}

export const startColumns = (): ColumnCounter => {
  const known = new Map<string, Counted>();
  const codes = new Int32Array(CHUNK_ROWS);
  const samples: Record<string, string>[] = [];

  const columnOf = (name: string): Counted => {
    const key = name.toLowerCase();
    let column = known.get(key);
    if (!column) {
      column = {
        name,
        dictionary: buildDictionary(),
        counts: new Float64Array(256),
        nRows: 0,
        nMissing: 0,
        texts: [],
      };
      known.set(key, column);
    }
    return column;
  };

  const takeSamples = (chunk: DuckDBDataChunk, from: number, names: readonly string[]): void => {
    for (let row = 0; row < Math.min(chunk.rowCount, N_SAMPLES - samples.length); row++)
      samples.push(
        Object.fromEntries(
          names.map((name, c) => [
            name,
            textsOf(chunk.getColumnVector(from + c)).getItem(row) ?? '',
          ]),
        ),
      );
  };

  const append = (chunk: DuckDBDataChunk, from: number, names: readonly string[]): void => {
    const nRows = chunk.rowCount;
    if (samples.length < N_SAMPLES) takeSamples(chunk, from, names);
    names.forEach((name, c) => {
      const column = columnOf(name);
      const vector = textsOf(chunk.getColumnVector(from + c));
      column.nRows += nRows;
      const { dictionary } = column;
      if (!dictionary) {
        const view = vector['dataView'];
        const words = new Uint32Array(view.buffer, view.byteOffset, nRows * 4);
        for (let i = 0; i < nRows; i++) if (words[4 * i] === 0) column.nMissing++;
        return;
      }
      dictionary.encodeInto(vector, codes, 0);
      if (dictionary.texts.length > column.counts.length) {
        const wider = new Float64Array(2 * dictionary.texts.length);
        wider.set(column.counts);
        column.counts = wider;
      }
      const { counts } = column;
      for (let i = 0; i < nRows; i++) {
        const code = codes[i]!;
        if (code < 0) column.nMissing++;
        else counts[code]!++;
      }
      if (dictionary.texts.length > MAX_DISTINCT) {
        column.texts = dictionary.texts;
        column.dictionary = undefined;
      }
    });
  };

  return {
    append,
    columns: (nRows) => [...known.values()].map((column) => describe(column, nRows)),
    samples: () => samples,
  };
};

const describe = (column: Counted, nRows: number): SourceColumn => {
  const isDistinctFloor = column.dictionary === undefined;
  const texts = column.dictionary?.texts ?? column.texts;
  const numbers = Float64Array.from(texts, (text) =>
    text.trim() === '' ? Number.NaN : Number(text),
  );
  const isNumber = texts.length > 0 && numbers.every(Number.isFinite);
  const order = texts.map((_, code) => code);
  order.sort(
    isNumber ? (a, b) => numbers[a]! - numbers[b]! : (a, b) => (texts[a]! < texts[b]! ? -1 : 1),
  );
  const cellOf = (code: number | undefined): string | number | null =>
    code === undefined ? null : isNumber ? numbers[code]! : texts[code]!;
  const frequent = isDistinctFloor
    ? []
    : texts
        .map((value, code) => ({ value, rows: column.counts[code]! }))
        .sort((a, b) => b.rows - a.rows || (a.value < b.value ? -1 : 1))
        .slice(0, N_TOP);
  return {
    name: column.name,
    rows: nRows,
    missing: column.nMissing + nRows - column.nRows,
    distinct: texts.length,
    isDistinctFloor,
    kind: isNumber ? 'number' : 'text',
    least: cellOf(order[0]),
    most: cellOf(order.at(-1)),
    quantiles: isNumber && !isDistinctFloor ? quantilesOf(order, numbers, column.counts) : [],
    top: frequent,
    histogram: isNumber && !isDistinctFloor ? binsOf(numbers, column.counts) : [],
  };
};

const quantilesOf = (
  order: readonly number[],
  numbers: Float64Array,
  counts: Float64Array,
): readonly number[] => {
  const n = order.reduce((sum, code) => sum + counts[code]!, 0);
  let place = 0;
  let nBelow = 0;
  return LEVELS.map((level) => {
    while (place < order.length - 1 && nBelow + counts[order[place]!]! <= level * n) {
      nBelow += counts[order[place]!]!;
      place++;
    }
    return numbers[order[place]!]!;
  });
};

const binsOf = (numbers: Float64Array, counts: Float64Array): readonly number[] => {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const number of numbers) {
    least = Math.min(least, number);
    most = Math.max(most, number);
  }
  const bins = new Array<number>(N_BINS).fill(0);
  const width = (most - least) / N_BINS || 1;
  numbers.forEach((number, code) => {
    bins[Math.min(N_BINS - 1, Math.floor((number - least) / width))]! += counts[code]!;
  });
  return bins;
};
