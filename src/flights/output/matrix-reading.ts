/**
 * A matrix folder read back, as it was written or as another program has written it again: its columns and rows are checked.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { identifier, openDatabase, readRows } from '../database.ts';
import { blameFile, pathLiteral } from '../reading/source.ts';
import { doublesOf } from '../reading/vectors.ts';
import { EXTRAS, type MatrixPart, type MatrixRows } from './matrix-folder.ts';

/** Where the baselines answer. */
const JUDGING_PART = 'test';

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
