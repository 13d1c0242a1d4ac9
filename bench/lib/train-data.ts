/**
 * Tables for the benches of the learner: columns of float32 one after the other, the label last, as plain files.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';

export const OUT = new URL('../out/', import.meta.url).pathname;
export const VEGA = `${OUT}flights-3m.parquet`;

export interface Part {
  readonly file: string;
  readonly rows: number;
}

export const FEATURES = [
  'month',
  'dayOfMonth',
  'dayOfWeek',
  'hour',
  'minuteOfDay',
  'origin',
  'destination',
  'distance',
] as const;
export const CATEGORICAL: readonly number[] = [5, 6];

export const needVega = (): void => {
  if (!existsSync(VEGA))
    throw new Error(
      `${VEGA} is missing: 'npm pack vega-datasets', and copy package/data/flights-3m.parquet there`,
    );
};

const COLUMNS = `month(t) AS a, day(t) AS b, isodow(t) AS c, hour(t) AS d, hour(t) * 60 + minute(t) AS e`;

const SOURCES = {
  vega: `
    WITH f AS (
      SELECT date AS t, origin AS o, destination AS d, distance AS m, delay >= 15 AS y FROM '${VEGA}'
    )`,
  nyc: `
    WITH f AS (
      SELECT make_timestamp(year, month, day, hour, minute, 0) AS t, origin AS o, dest AS d, distance AS m, arr_delay >= 15 AS y
      FROM 'data/flights.parquet' WHERE arr_delay IS NOT NULL
    )`,
} as const;

/**
 * Writes `nRows` flights of a source: a sample, or, past its end, repeated with times and distances moved a little.
 */
export const writeRows = async (
  source: keyof typeof SOURCES,
  nRows: number,
  where: string,
  name: string,
): Promise<Part> => {
  mkdirSync(OUT, { recursive: true });
  const file = `${OUT}${name}.f32`;
  const connection = await (await DuckDBInstance.create()).connect();
  const result = await connection.stream(
    `
    ${SOURCES[source]},
    o AS (SELECT o, row_number() OVER (ORDER BY o) - 1 AS code FROM (SELECT DISTINCT o FROM f)),
    p AS (SELECT d, row_number() OVER (ORDER BY d) - 1 AS code FROM (SELECT DISTINCT d FROM f)),
    n AS (SELECT count(*) AS n FROM f WHERE ${where}),
    k AS (SELECT f.*, hash(t, f.o, f.d, m) AS h FROM f WHERE ${where}),
    r AS (SELECT k.*, repeat, hash(h, repeat) % 1000 AS jitter FROM k, range(0, (SELECT CAST(ceil(${nRows} / n) AS BIGINT) FROM n)) AS x(repeat)),
    j AS (SELECT o, d, y, h, CASE WHEN repeat = 0 THEN t ELSE t + to_minutes(CAST(jitter % 11 AS INTEGER) - 5) END AS t,
                 CASE WHEN repeat = 0 THEN m ELSE m + jitter / 1000 END AS m FROM r)
    SELECT a, b, c, d, e, origin, destination, m, y FROM (
      SELECT ${COLUMNS}, o.code AS origin, p.code AS destination, m, y, hash(h, m, t) AS z
      FROM j JOIN o ON j.o = o.o JOIN p ON j.d = p.d ORDER BY z LIMIT ${nRows}
    )`
      .replaceAll(
        'SELECT a, b, c, d, e,',
        'SELECT a::FLOAT, b::FLOAT, c::FLOAT, d::FLOAT, e::FLOAT,',
      )
      .replace(
        'origin, destination, m, y FROM (',
        'origin::FLOAT, destination::FLOAT, m::FLOAT, y::INTEGER::FLOAT FROM (',
      ),
  );
  const data = new Float32Array(nRows * (FEATURES.length + 1));
  let row = 0;
  for (
    let chunk = await result.fetchChunk();
    chunk && chunk.rowCount > 0;
    chunk = await result.fetchChunk()
  ) {
    const columns = chunk.getColumns();
    for (let c = 0; c < columns.length; c++)
      for (let i = 0; i < chunk.rowCount; i++) data[c * nRows + row + i] = columns[c]![i] as number;
    row += chunk.rowCount;
  }
  if (row !== nRows) throw new Error(`${row} rows came for ${nRows}`);
  writeFileSync(file, new Uint8Array(data.buffer));
  return { file, rows: nRows };
};

/** The flights of vega-datasets, then the same half year later, `times` times in all, as one Parquet file. */
export const repeatVega = async (times: number): Promise<string> => {
  if (times === 1) return VEGA;
  const file = `${OUT}vega-${times}-times.parquet`;
  if (existsSync(file)) return file;
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`
    COPY (
      SELECT date + to_days(CAST(182 * repeat AS INTEGER)) AS date, delay, distance, origin, destination
      FROM '${VEGA}', range(0, ${times}) AS x(repeat) ORDER BY repeat
    ) TO '${file}' (FORMAT parquet)
  `);
  connection.closeSync();
  return file;
};

/** The flights of `data/` with all their columns, then the same a year later, `times` years in all, as one CSV file. */
export const repeatNyc = async (times: number): Promise<string> => {
  mkdirSync(OUT, { recursive: true });
  const file = `${OUT}nyc-${times}-times.csv`;
  if (existsSync(file)) return file;
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`
    COPY (
      SELECT f.* REPLACE (year + k AS year, time_hour + to_years(CAST(k AS INTEGER)) AS time_hour)
      FROM 'data/flights.parquet' AS f, range(0, ${times}) AS x(k) ORDER BY year + k, month, day
    ) TO '${file}' (HEADER)
  `);
  connection.closeSync();
  return file;
};
