/**
 * A training matrix as a folder of Parquet files, for learners elsewhere: one folder a part (`part=train`, ...), one file a
 * month, a column per feature beside what came of the flight. Columns that are no features begin with `_`. It is read back in
 * `matrix-reading.ts`.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DOUBLE, DuckDBDataChunk, type DuckDBConnection } from '@duckdb/node-api';
import { checkFolder } from '../../core/files/atomic-write.ts';
import { AppError } from '../../core/errors.ts';
import { refusalReason } from '../../core/files/system-refusal.ts';
import { encodeTime } from '../../core/flight.ts';
import { identifier, literal, openDatabase } from '../database.ts';
import { writeFailureOf } from './output-file.ts';
import { withPartial } from './partial.ts';
import { CHUNK_ROWS, doublesOf } from '../reading/vectors.ts';

/** One part of the flights, or one that was read back. */
export interface MatrixPart {
  readonly name: string;
  readonly nRows: number;
  /** float64, shape (nRows) each: the features in their order; NaN where missing. */
  readonly features: readonly Float64Array[];
  /** uint8, shape (nRows): 1 where the flight was late. */
  readonly labels: Uint8Array;
  /** shape (nRows): delay. */
  readonly minutes: ArrayLike<number>;
  /** float64, shape (nRows): scheduled departures in local minutes. */
  readonly departures: Float64Array;
  /** shape (nRows): places in `airlines`, -1 where unknown. */
  readonly airlineCodes: ArrayLike<number>;
  readonly airlines: readonly string[];
  /** float64, shape (nRows): what the baselines say; NaN in parts that do not judge. */
  readonly climatology: Float64Array;
  readonly logistic: Float64Array;
}

/** As they lie in a chunk, after the features. */
export const EXTRAS = [
  'late',
  'minutes',
  'departure',
  'airline',
  'climatology',
  'logistic',
] as const;

/** How many rows a part has, and each of its files by name. */
interface PartRows {
  readonly rows: number;
  readonly files: Readonly<Record<string, number>>;
}

/** By the names of the parts. */
export type MatrixRows = Readonly<Record<string, PartRows>>;

/** Whether a matrix could be written there, asked before it is made. @throws AppError file-unwritable */
export const checkMatrixFolder = (folder: string): void => {
  checkFolder(folder);
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new AppError(
      'file-unwritable',
      `${folder} is not empty; name a folder that does not exist yet`,
    );
};

/**
 * Writes parts into a folder that does not exist yet, or is empty; it appears whole or not at all.
 * @throws AppError file-unwritable
 */
export const writeMatrixFolder = async (
  folder: string,
  names: readonly string[],
  parts: readonly MatrixPart[],
  finish: (partial: string, rows: MatrixRows) => void,
): Promise<void> => {
  checkMatrixFolder(folder);
  const database = await openDatabase();
  try {
    await withPartial(folder.replace(/[/\\]+$/, ''), async (partial) => {
      makeFolder(partial);
      const columns = [...names, ...EXTRAS.map((name) => `_${name}`)];
      await database.connection.run(
        `CREATE TABLE matrix (${columns.map((name) => `${identifier(name)} DOUBLE`).join(', ')})`,
      );
      const rows: Record<string, PartRows> = {};
      for (const part of parts)
        rows[part.name] = {
          rows: part.nRows,
          files: await writePart(database.connection, { partial, names, part }),
        };
      finish(partial, rows);
      if (existsSync(folder)) rmSync(folder, { recursive: true });
      renameSync(partial, folder);
    });
  } catch (error) {
    throw writeFailureOf(folder, error) ?? error;
  } finally {
    database.close();
  }
};

const makeFolder = (folder: string): void => {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new AppError('file-unwritable', `${folder} cannot be made: ${refusalReason(error)}`, {
      cause: error,
    });
  }
};

interface PartTask {
  readonly partial: string;
  readonly names: readonly string[];
  readonly part: MatrixPart;
}

/** The rows of each file. */
const writePart = async (
  connection: DuckDBConnection,
  { partial, names, part }: PartTask,
): Promise<PartRows['files']> => {
  const place = join(partial, `part=${part.name}`);
  makeFolder(place);
  const rowsOf = new Map<string, number[]>();
  part.departures.forEach((minutes, row) => {
    const month = encodeTime(minutes).slice(0, 7);
    const rows = rowsOf.get(month);
    if (rows) rows.push(row);
    else rowsOf.set(month, [row]);
  });
  const airlines = `[${part.airlines.map(literal).join(', ')}]`;
  const select = [
    ...names.map((name) => {
      const column = identifier(name);
      return `CASE WHEN NOT isnan(${column}) THEN ${column} END AS ${column}`;
    }),
    '_late::UTINYINT AS _late',
    '_minutes::FLOAT AS _minutes',
    `(TIMESTAMP '1970-01-01' + to_minutes(_departure::BIGINT))::DATE AS _day`,
    `TIMESTAMP '1970-01-01' + to_minutes(_departure::BIGINT) AS _departure`,
    part.airlines.length === 0
      ? 'NULL::VARCHAR AS _airline'
      : `CASE WHEN _airline >= 0 THEN list_extract(${airlines}, _airline::INTEGER + 1) END AS _airline`,
    'CASE WHEN NOT isnan(_climatology) THEN _climatology END AS _climatology',
    'CASE WHEN NOT isnan(_logistic) THEN _logistic END AS _logistic',
  ].join(', ');
  const files: Record<string, number> = {};
  for (const [month, rows] of [...rowsOf].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const file = `${month}.parquet`;
    await append(connection, part, rows);
    await connection.run(
      `COPY (SELECT ${select} FROM matrix) TO ${literal(join(place, file))} (FORMAT parquet, COMPRESSION snappy)`,
    );
    await connection.run('TRUNCATE matrix');
    files[file] = rows.length;
  }
  return files;
};

/** Puts rows of a part into the table. */
const append = async (
  connection: DuckDBConnection,
  part: MatrixPart,
  rows: readonly number[],
): Promise<void> => {
  const columns: readonly ArrayLike<number>[] = [
    ...part.features,
    part.labels,
    part.minutes,
    part.departures,
    part.airlineCodes,
    part.climatology,
    part.logistic,
  ];
  const appender = await connection.createAppender('matrix');
  for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
    const n = Math.min(CHUNK_ROWS, rows.length - from);
    const chunk = DuckDBDataChunk.create(
      columns.map(() => DOUBLE),
      n,
    );
    columns.forEach((column, c) => {
      const vector = chunk.getColumnVector(c);
      const items = doublesOf(vector);
      for (let i = 0; i < n; i++) items[i] = column[rows[from + i]!]!;
      vector.flush();
    });
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
};
