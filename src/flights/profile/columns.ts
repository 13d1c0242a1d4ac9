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
      // A column that only one source has is counted once for each of its values already.
      const counted = `SELECT place, name AS value, n FROM tally WHERE kind = ${cell} AND name NOT IN (${WORDS})`;
      const values =
        shared.size === 0
          ? counted
          : `SELECT place, value, sum(n)::BIGINT AS n FROM (${counted}) GROUP BY place, value`;
      await connection.run(
        `CREATE TEMP TABLE cells AS SELECT place, value, n, ${NUMBER} AS number FROM (${values})`,
      );
      const sums = await sumsOf(connection);
      const top = await topOf(connection, [...sums.keys()]);
      const numbers = new Map([...sums].filter(([, { range }]) => range !== undefined));
      const quantiles = await quantilesOf(connection, numbers);
      const bins = await binsOf(connection, numbers);
      await connection.run('DROP TABLE cells');
      return names.map((name, place) => {
        const sum = sums.get(place);
        return {
          name,
          rows: nRows,
          missing: nRows - (sum?.nKnown ?? 0),
          distinct: sum?.distinct ?? 0,
          isDistinctFloor: false,
          kind: sum?.range ? 'number' : 'text',
          least: sum === undefined ? null : (sum.range?.least ?? sum.least),
          most: sum === undefined ? null : (sum.range?.most ?? sum.most),
          quantiles: quantiles.get(place) ?? [],
          top: top.get(place) ?? [],
          histogram: bins.get(place) ?? [],
        };
      });
    },
  };
};

const WORDS = NULL_WORDS.map(literal).join(', ');

/** A value as a number, NULL where it is none. */
const NUMBER = `CASE WHEN regexp_full_match(value, '[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?') THEN try_cast(value AS DOUBLE) END`;

/** What the values of a column add up to; `range` where each is a number. */
interface ColumnSums {
  readonly distinct: number;
  readonly nKnown: number;
  readonly least: string;
  readonly most: string;
  readonly range: { readonly least: number; readonly most: number } | undefined;
}

type ByPlace<T> = ReadonlyMap<number, T>;

const sumsOf = async (connection: DuckDBConnection): Promise<ByPlace<ColumnSums>> => {
  const rows = await readRows(
    connection,
    `SELECT place::INTEGER AS place, count(*) AS n_distinct, sum(n)::DOUBLE AS n_known, min(value) AS least, max(value) AS most,
            count(number) AS n_numbers, min(number) AS least_number, max(number) AS most_number
     FROM cells GROUP BY place`,
  );
  return new Map(
    rows.map((row) => {
      const distinct = Number(row['n_distinct']);
      const range = { least: Number(row['least_number']), most: Number(row['most_number']) };
      return [
        Number(row['place']),
        {
          distinct,
          nKnown: Number(row['n_known']),
          least: String(row['least']),
          most: String(row['most']),
          range: Number(row['n_numbers']) === distinct ? range : undefined,
        },
      ];
    }),
  );
};

/** The most frequent values. Each column by itself: the first few are found without sorting all. */
const topOf = async (
  connection: DuckDBConnection,
  places: readonly number[],
): Promise<ByPlace<SourceColumn['top']>> => {
  const top = new Map<number, { value: string; rows: number }[]>(
    places.map((place) => [place, []]),
  );
  if (places.length === 0) return top;
  const rows = await readRows(
    connection,
    places
      .map(
        (place) =>
          `(SELECT place::INTEGER AS place, value, n::DOUBLE AS n FROM cells WHERE place = ${place} ORDER BY n DESC, value LIMIT ${N_TOP})`,
      )
      .join(' UNION ALL '),
  );
  for (const row of rows)
    top.get(Number(row['place']))!.push({ value: String(row['value']), rows: Number(row['n']) });
  // A union promises no order.
  for (const values of top.values())
    values.sort((a, b) => b.rows - a.rows || (a.value < b.value ? -1 : 1));
  return top;
};

/** The first number at or below which more than each level of the rows lie. */
const quantilesOf = async (
  connection: DuckDBConnection,
  columns: ByPlace<ColumnSums>,
): Promise<ByPlace<readonly number[]>> => {
  if (columns.size === 0) return new Map();
  const levels = LEVELS.map(
    (level, i) => `min(number) FILTER (n_up_to > ${level} * n_known) AS q${i}`,
  );
  const rows = await readRows(
    connection,
    `SELECT place::INTEGER AS place, ${levels.join(', ')}
     FROM (SELECT place, number, sum(n) OVER (PARTITION BY place ORDER BY number) AS n_up_to, sum(n) OVER (PARTITION BY place) AS n_known
           FROM cells WHERE place IN (${[...columns.keys()].join(', ')}))
     GROUP BY place`,
  );
  return new Map(
    rows.map((row) => [Number(row['place']), LEVELS.map((_, i) => Number(row[`q${i}`]))]),
  );
};

const binsOf = async (
  connection: DuckDBConnection,
  columns: ByPlace<ColumnSums>,
): Promise<ByPlace<readonly number[]>> => {
  const bins = new Map(
    [...columns.keys()].map((place) => [place, new Array<number>(N_BINS).fill(0)]),
  );
  if (columns.size === 0) return bins;
  const ranges = [...columns].map(([place, { range }]) => {
    const { least, most } = range!;
    return `(${place}, (${least})::DOUBLE, (${(most - least) / N_BINS || 1})::DOUBLE)`;
  });
  const rows = await readRows(
    connection,
    `SELECT place::INTEGER AS place, least(${N_BINS - 1}, floor((number - low) / width))::INTEGER AS bin, sum(n)::DOUBLE AS n
     FROM cells JOIN (VALUES ${ranges.join(', ')}) AS ranges(place, low, width) USING (place) GROUP BY ALL`,
  );
  for (const row of rows) bins.get(Number(row['place']))![Number(row['bin'])] = Number(row['n']);
  return bins;
};
