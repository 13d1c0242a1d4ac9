/**
 * The columns of files as they are, used or not: missing and different values, the most frequent ones, quantiles; exact,
 * however many different values there are.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { literal, readRows } from '../database.ts';
import { NULL_WORDS } from '../reading/source.ts';

export interface SourceColumn {
  readonly name: string;
  readonly rows: number;
  readonly missing: number;
  /** How many different values. */
  readonly distinct: number;
  /** Whether there may be more: never, they are counted to the last. */
  readonly isDistinctFloor: false;
  readonly kind: 'number' | 'text';
  /** Smallest and largest value; null when every value is missing. */
  readonly least: string | number | null;
  readonly most: string | number | null;
  /** Of a number, at 5, 25, 50, 75 and 95 %; empty for a text. */
  readonly quantiles: readonly number[];
  readonly top: readonly { readonly value: string; readonly rows: number }[];
  /** Rows in ten bins of equal width from the smallest to the largest number; empty for a text. */
  readonly histogram: readonly number[];
}

const N_TOP = 5;
const N_BINS = 10;
const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** Columns of all sources by name, in any case of letters; the number of one is its place. */
interface ColumnPlaces {
  /** The place of a source's column. */
  readonly add: (name: string) => number;
  /** @param nRows of all sources */
  readonly describe: (nRows: number) => Promise<readonly SourceColumn[]>;
}

/** Columns whose values `tally` counts: rows of the kind `cell` there. */
export const startColumns = (connection: DuckDBConnection, cell: number): ColumnPlaces => {
  const names: string[] = [];
  const places = new Map<string, number>();
  const shared = new Set<number>();
  return {
    add: (name) => {
      const key = name.toLowerCase();
      const known = places.get(key);
      if (known === undefined) {
        places.set(key, names.length);
        return names.push(name) - 1;
      }
      shared.add(known);
      return known;
    },
    describe: async (nRows) => {
      const columns: SourceColumn[] = [];
      for (const [place, name] of names.entries()) {
        const cells = `SELECT name AS value, n FROM tally WHERE kind = ${cell} AND place = ${place}`;
        const values = shared.has(place)
          ? `SELECT value, sum(n)::BIGINT AS n FROM (${cells}) GROUP BY value`
          : cells;
        columns.push(
          await describe(
            connection,
            name,
            `SELECT value, n FROM (${values}) WHERE value NOT IN (${WORDS})`,
            nRows,
          ),
        );
      }
      return columns;
    },
  };
};

const WORDS = NULL_WORDS.map(literal).join(', ');

/** @param values SQL for the different values that are known, each once, with how many rows hold it */
const describe = async (
  connection: DuckDBConnection,
  name: string,
  values: string,
  nRows: number,
): Promise<SourceColumn> => {
  const numbers = `SELECT ${NUMBER} AS number, n FROM (${values})`;
  const [all] = await readRows(
    connection,
    `SELECT count(*) AS n_distinct, coalesce(sum(n), 0)::DOUBLE AS n_known, min(value) AS least, max(value) AS most,
            count(number) AS n_numbers, min(number) AS least_number, max(number) AS most_number
     FROM (SELECT value, n, ${NUMBER} AS number FROM (${values}))`,
  );
  const distinct = Number(all!['n_distinct']);
  const isNumber = distinct > 0 && Number(all!['n_numbers']) === distinct;
  const top = await readRows(
    connection,
    `SELECT value, n::DOUBLE AS n FROM (${values}) ORDER BY n DESC, value LIMIT ${N_TOP}`,
  );
  const nKnown = Number(all!['n_known']);
  const range = { least: Number(all!['least_number']), most: Number(all!['most_number']), nKnown };
  return {
    name,
    rows: nRows,
    missing: nRows - nKnown,
    distinct,
    isDistinctFloor: false,
    kind: isNumber ? 'number' : 'text',
    least: distinct === 0 ? null : isNumber ? range.least : String(all!['least']),
    most: distinct === 0 ? null : isNumber ? range.most : String(all!['most']),
    quantiles: isNumber ? await quantilesOf(connection, numbers, range) : [],
    top: top.map((row) => ({ value: String(row['value']), rows: Number(row['n']) })),
    histogram: isNumber ? await binsOf(connection, numbers, range) : [],
  };
};

/** A value as a number, NULL where it is none. */
const NUMBER = `CASE WHEN regexp_full_match(value, '[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?') THEN try_cast(value AS DOUBLE) END`;

interface Range {
  readonly least: number;
  readonly most: number;
  readonly nKnown: number;
}

/** The first number at or below which more than each level of the rows lie. */
const quantilesOf = async (
  connection: DuckDBConnection,
  numbers: string,
  { nKnown }: Range,
): Promise<readonly number[]> => {
  const levels = LEVELS.map(
    (level, i) => `min(number) FILTER (n_up_to > ${level} * ${nKnown}) AS q${i}`,
  );
  const [row] = await readRows(
    connection,
    `SELECT ${levels.join(', ')} FROM (SELECT number, sum(n) OVER (ORDER BY number) AS n_up_to FROM (${numbers}))`,
  );
  return LEVELS.map((_, i) => Number(row![`q${i}`]));
};

const binsOf = async (
  connection: DuckDBConnection,
  numbers: string,
  { least, most }: Range,
): Promise<readonly number[]> => {
  const width = (most - least) / N_BINS || 1;
  const rows = await readRows(
    connection,
    `SELECT least(${N_BINS - 1}, floor((number - (${least})::DOUBLE) / (${width})::DOUBLE))::INTEGER AS bin, sum(n)::DOUBLE AS n
     FROM (${numbers}) GROUP BY bin`,
  );
  const bins = new Array<number>(N_BINS).fill(0);
  for (const row of rows) bins[Number(row['bin'])] = Number(row['n']);
  return bins;
};
