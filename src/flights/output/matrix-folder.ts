/**
 * A training matrix as a folder of Parquet files, for learners elsewhere: one folder a part (`part=train`, ...), one file a
 * month, a column per feature beside what came of the flight. Columns that are no features begin with `_`.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DOUBLE, DuckDBDataChunk, type DuckDBConnection } from '@duckdb/node-api';
import { checkFolder } from '../../core/files/atomic-write.ts';
import { AppError } from '../../core/errors.ts';
import { encodeTime } from '../../core/flight.ts';
import { identifier, literal, openDatabase, readRows } from '../database.ts';
import { blameFile, pathLiteral } from '../reading/source.ts';
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

/** Where the baselines answer. */
const JUDGING_PART = 'test';

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

/**
 * Whether each part still has the rows that were written, in whatever files.
 * @throws AppError file-missing, file-broken
 */
export const checkMatrixRows = async (folder: string, written: MatrixRows): Promise<void> => {
  const database = await openDatabase();
  try {
    for (const [part, expected] of Object.entries(written)) {
      const found = new Map<string, number>();
      for (const file of filesOf(folder, part)) {
        const [row] = await blameFile(file, () =>
          readRows(
            database.connection,
            `SELECT num_rows::DOUBLE AS n FROM parquet_file_metadata(${pathLiteral(file)})`,
          ),
        );
        found.set(basename(file), Number(row!['n']));
      }
      const nFound = [...found.values()].reduce((sum, n) => sum + n, 0);
      if (nFound === expected.rows) continue;
      const hints = hintsOf(expected.files, found);
      throw new AppError(
        'file-broken',
        `${join(folder, `part=${part}`)} holds ${whole(nFound)} rows where 'puntual features' wrote ${whole(expected.rows)}${hints.length === 0 ? '' : ` (${hints.join('; ')})`}; copy the folder again, whole: the rows of a part may lie in other files, but all of them must be there once`,
      );
    }
  } finally {
    database.close();
  }
};

const whole = (n: number): string => n.toLocaleString('en');

/** More files than that are counted. */
const FILES_NAMED = 5;

/** What became of the files of a part. */
const hintsOf = (
  written: Readonly<Record<string, number>>,
  found: ReadonlyMap<string, number>,
): readonly string[] => {
  const listed = (title: string, files: readonly string[]): readonly string[] => {
    if (files.length === 0) return [];
    const more = files.length - FILES_NAMED;
    return [
      `${title} ${files.slice(0, FILES_NAMED).join(', ')}${more > 0 ? ` and ${whole(more)} more` : ''}`,
    ];
  };
  const names = Object.keys(written);
  const changed = names.filter((file) => found.has(file) && found.get(file) !== written[file]);
  return [
    ...listed(
      'missing:',
      names.filter((file) => !found.has(file)),
    ),
    ...listed(
      'not as written:',
      changed.map(
        (file) => `${file} with ${whole(found.get(file)!)} of ${whole(written[file]!)} rows`,
      ),
    ),
    ...listed(
      'not written by it:',
      [...found.keys()].filter((file) => !names.includes(file)),
    ),
  ];
};

/**
 * One part of a folder, in the order of its files.
 * @throws AppError file-missing, file-broken
 */
export const readMatrixPart = async (
  folder: string,
  names: readonly string[],
  part: string,
): Promise<MatrixPart> => readMatrixFiles(filesOf(folder, part), names, part);

/**
 * The same month by month, so that a part that is larger than memory can be gone through.
 * @throws AppError file-missing, file-broken
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
  const [first, ...others] = files;
  const place = others.length === 0 ? first! : dirname(first!);
  const { columns, texts } = await blameFile(place, () => readColumns(place, files, names));
  const [late, minutes, departures, climatology, logistic] = columns.slice(names.length);
  checkColumns(place, [
    { name: '_late', numbers: late!, isSound: isLabel, fault: 'is neither 0 nor 1' },
    {
      name: '_departure',
      numbers: departures!,
      isSound: Number.isFinite,
      fault: 'is empty or no time',
    },
    ...(part === JUDGING_PART
      ? [
          { name: '_climatology', numbers: climatology!, isSound: isProbability, fault: NONE },
          { name: '_logistic', numbers: logistic!, isSound: isProbability, fault: NONE },
        ]
      : []),
  ]);
  const airlines = [...new Set(texts.filter((text) => text !== null).map(String))].sort();
  const codes = new Map(airlines.map((name, code) => [name, code]));
  return {
    name: part,
    nRows: late!.length,
    features: columns.slice(0, names.length),
    labels: Uint8Array.from(late!),
    minutes: minutes!,
    departures: departures!,
    airlineCodes: Int32Array.from(texts, (text) => codes.get(String(text)) ?? -1),
    airlines,
    climatology: climatology!,
    logistic: logistic!,
  };
};

const isLabel = (x: number): boolean => x === 0 || x === 1;
const isProbability = (x: number): boolean => x >= 0 && x <= 1;
const NONE = 'is missing or no probability';

/** A column that a part cannot do without. */
interface NeededColumn {
  readonly name: string;
  /** float64, shape (nRows): NaN where empty. */
  readonly numbers: Float64Array;
  readonly isSound: (number: number) => boolean;
  /** What is wrong with a number that is not sound. */
  readonly fault: string;
}

/** @throws AppError file-broken */
const checkColumns = (place: string, columns: readonly NeededColumn[]): void => {
  const faults = columns.flatMap(({ name, numbers, isSound, fault }) => {
    let n = 0;
    for (let row = 0; row < numbers.length; row++) if (!isSound(numbers[row]!)) n++;
    return n === 0 ? [] : [`${name} ${fault} in ${whole(n)} of ${whole(numbers.length)} rows`];
  });
  if (faults.length > 0)
    throw new AppError(
      'file-broken',
      `${place}: ${faults.join('; ')}; the parts and these columns must stay as 'puntual features' wrote them: copy or write the folder again`,
    );
};

interface ReadColumns {
  /** float64, shape (nRows) each, NaN where empty: the features, `_late`, `_minutes`, `_departure`, and the baselines. */
  readonly columns: readonly Float64Array[];
  /** `_airline`. */
  readonly texts: readonly unknown[];
}

const readColumns = async (
  place: string,
  files: readonly string[],
  names: readonly string[],
): Promise<ReadColumns> => {
  const database = await openDatabase();
  try {
    const from = `read_parquet([${files.map(pathLiteral).join(', ')}], hive_partitioning = false)`;
    const described = await readRows(database.connection, `DESCRIBE SELECT * FROM ${from}`);
    const known = new Map(
      described.map((row) => [
        String(row['column_name']).toLowerCase(),
        String(row['column_type']),
      ]),
    );
    const isTime = /^(TIMESTAMP|DATE)/.test(known.get('_departure') ?? '');
    const missing = [...names, ...EXTRAS.map((name) => `_${name}`)].filter(
      (name) => !known.has(name.toLowerCase()),
    );
    if (missing.length > 0)
      throw new AppError(
        'file-broken',
        `${place} has no column ${missing.join(', ')}; a folder that 'puntual features' wrote is expected`,
      );
    const numbers = [
      ...names.map(identifier),
      '_late',
      '_minutes',
      isTime ? 'epoch(_departure) / 60' : 'NULL',
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
    return { columns, texts };
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
