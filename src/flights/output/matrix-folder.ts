/**
 * A training matrix as a folder of Parquet files, for learners elsewhere: one folder a part (`part=train`, ...), one file a
 * month, a column per feature beside what came of the flight. Columns that are no features begin with `_`.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DOUBLE, DuckDBDataChunk, type DuckDBConnection } from '@duckdb/node-api';
import { checkFolder } from '../../core/files/atomic-write.ts';
import { AppError } from '../../core/errors.ts';
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
const EXTRAS = ['late', 'minutes', 'departure', 'airline', 'climatology', 'logistic'] as const;

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
  finish: (partial: string) => void,
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
      for (const part of parts) await writePart(database.connection, { partial, names, part });
      finish(partial);
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
    throw new AppError('file-unwritable', `${folder} cannot be made: ${(error as Error).message}`, {
      cause: error,
    });
  }
};

interface PartTask {
  readonly partial: string;
  readonly names: readonly string[];
  readonly part: MatrixPart;
}

const writePart = async (
  connection: DuckDBConnection,
  { partial, names, part }: PartTask,
): Promise<void> => {
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
  for (const [month, rows] of [...rowsOf].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await append(connection, part, rows);
    await connection.run(
      `COPY (SELECT ${select} FROM matrix) TO ${literal(join(place, `${month}.parquet`))} (FORMAT parquet, COMPRESSION snappy)`,
    );
    await connection.run('TRUNCATE matrix');
  }
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

/**
 * One part of a folder, in the order of its months.
 * @throws AppError file-missing
 */
export const readMatrixPart = async (
  folder: string,
  names: readonly string[],
  part: string,
): Promise<MatrixPart> => readMatrixFiles(filesOf(folder, part), names, part);

/**
 * The same month by month, so that a part that is larger than memory can be gone through.
 * @throws AppError file-missing
 */
export async function* matrixMonths(
  folder: string,
  names: readonly string[],
  part: string,
): AsyncGenerator<MatrixPart> {
  for (const file of filesOf(folder, part)) yield readMatrixFiles([file], names, part);
}

/** By rising month. @throws AppError file-missing */
const filesOf = (folder: string, part: string): readonly string[] => {
  const place = join(folder, `part=${part}`);
  const files = existsSync(place)
    ? readdirSync(place)
        .filter((file) => file.endsWith('.parquet'))
        .sort()
    : [];
  if (files.length === 0)
    throw new AppError(
      'file-missing',
      `${place} holds no Parquet file; a folder that 'puntual features' wrote is expected`,
    );
  return files.map((file) => join(place, file));
};

const readMatrixFiles = async (
  files: readonly string[],
  names: readonly string[],
  part: string,
): Promise<MatrixPart> => {
  const database = await openDatabase();
  try {
    const from = `read_parquet([${files.map(literal).join(', ')}], hive_partitioning = false)`;
    const numbers = [
      ...names.map(identifier),
      '_late',
      '_minutes',
      `epoch(_departure) / 60`,
      '_climatology',
      '_logistic',
    ];
    const chunks: Float64Array[][] = [];
    let nRows = 0;
    const result = await database.connection.stream(
      `SELECT ${numbers.map((sql) => `coalesce(${sql}::DOUBLE, 'nan')`).join(', ')} FROM ${from}`,
    );
    for (
      let chunk = await result.fetchChunk();
      chunk && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      const read = chunk;
      nRows += read.rowCount;
      chunks.push(numbers.map((_, i) => doublesOf(read.getColumnVector(i)).slice()));
    }
    const columns = numbers.map((_, i) =>
      joined(
        chunks.map((chunk) => chunk[i]!),
        nRows,
      ),
    );
    const reader = await database.connection.runAndReadAll(`SELECT _airline FROM ${from}`);
    const texts = reader.getColumns()[0] ?? [];
    const airlines = [...new Set(texts.filter((text) => text !== null).map(String))].sort();
    const codes = new Map(airlines.map((name, code) => [name, code]));
    const [late, minutes, departures, climatology, logistic] = columns.slice(names.length);
    return {
      name: part,
      nRows,
      features: columns.slice(0, names.length),
      labels: Uint8Array.from(late!),
      minutes: minutes!,
      departures: departures!,
      airlineCodes: Int32Array.from(texts, (text) => codes.get(String(text)) ?? -1),
      airlines,
      climatology: climatology!,
      logistic: logistic!,
    };
  } finally {
    database.close();
  }
};

const joined = (pieces: readonly Float64Array[], length: number): Float64Array => {
  const all = new Float64Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};
