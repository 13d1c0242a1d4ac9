/**
 * From the patterns a user wrote to files, and from a file to the SQL that reads it.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  globSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { AppError } from '../../core/errors.ts';
import { readArrow } from './arrow.ts';
import { type Compression, compressionOf } from './compression.ts';
import { literal, readRows } from '../database.ts';

type Format = 'csv' | 'parquet' | 'ndjson' | 'arrow';

export interface Source {
  readonly file: string;
  readonly format: Format;
  /** A table expression for a FROM clause. */
  readonly from: string;
  readonly columns: readonly string[];
  /** Names of the columns that hold text, lower case: there a missing value may be written as a word. */
  readonly texts: ReadonlySet<string>;
  /** How the whole file is compressed; only text is. */
  readonly compression: Compression;
}

const ENDINGS: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'csv',
  tab: 'csv',
  txt: 'csv',
  parquet: 'parquet',
  pq: 'parquet',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'ndjson',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
};

/**
 * Files that match, each once, sorted within each pattern; a directory means the data files in it.
 * @throws AppError file-missing when a pattern matches nothing
 */
export const findFiles = (patterns: readonly string[]): readonly string[] => {
  const files = patterns.flatMap((pattern) => {
    if (existsSync(pattern)) {
      return statSync(pattern).isDirectory() ? filesIn(pattern) : [pattern];
    }
    if (!/[*?[{]/.test(pattern)) {
      throw new AppError('file-missing', `${pattern} does not exist`);
    }
    const found = globSync(pattern).sort();
    if (found.length === 0) throw new AppError('file-missing', `no file matches ${pattern}`);
    return found;
  });
  return [...new Set(files)];
};

const filesIn = (folder: string): readonly string[] => {
  const files = readdirSync(folder)
    .filter((name) => endingOf(name) !== undefined)
    .sort()
    .map((name) => join(folder, name));
  if (files.length === 0) {
    throw new AppError(
      'file-missing',
      `${folder} holds no data file; CSV, TSV, Parquet, NDJSON and Arrow are read, text also as .gz or .zst`,
    );
  }
  return files;
};

const endingOf = (file: string): Format | undefined =>
  ENDINGS[/\.([a-z]+)(?:\.(?:gz|zst))?$/i.exec(file)?.[1]?.toLowerCase() ?? ''];

/** How the columns of a CSV are read: `plain` as text without the words for nothing, `kept` as text to the letter. */
type CsvReading = 'plain' | 'kept';

/**
 * Opens a file far enough to know its format and columns.
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken
 */
export const openSource = async (
  connection: DuckDBConnection,
  file: string,
  how: CsvReading = 'plain',
): Promise<Source> => {
  const head = readHead(file);
  const format = endingOf(file) ?? sniffFormat(head);
  const isPacked = format === 'csv' || format === 'ndjson';
  const compression = isPacked ? compressionOf(head) : 'none';
  if (compression === 'none' && /\.(gz|zst)$/i.test(file)) {
    throw new AppError('file-broken', `${file} is named as compressed data but is not`);
  }
  const from =
    format === 'arrow'
      ? await readArrow(connection, file)
      : readerOf(file, format, compression, how);
  const described = await blameFile(file, () =>
    readRows(connection, `DESCRIBE SELECT * FROM ${from}`),
  );
  return {
    file,
    format,
    from,
    columns: described.map((row) => String(row['column_name'])),
    texts: new Set(
      described
        .filter((row) => row['column_type'] === 'VARCHAR')
        .map((row) => String(row['column_name']).toLowerCase()),
    ),
    compression,
  };
};

const HEAD_BYTES = 8;

const readHead = (file: string): Buffer => {
  try {
    accessSync(file, constants.R_OK);
    const descriptor = openSync(file, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      const nBytes = readSync(descriptor, head, 0, HEAD_BYTES, 0);
      if (nBytes === 0) throw new AppError('file-empty', `${file} is empty`);
      return head.subarray(0, nBytes);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw error instanceof AppError ? error : refusalOf(file, error as NodeJS.ErrnoException);
  }
};

/** What the system's refusal to open a file means to its reader. */
export const refusalOf = (file: string, error: NodeJS.ErrnoException): AppError => {
  switch (error.code) {
    case 'ENOENT':
      return new AppError('file-missing', `${file} does not exist`);
    case 'EACCES':
    case 'EPERM':
      return new AppError('file-unreadable', `${file} cannot be read: permission denied`);
    case 'EISDIR':
      return new AppError('file-unreadable', `${file} is a directory; a file is expected`);
    default:
      return new AppError('file-unreadable', `${file} cannot be read: ${error.message}`);
  }
};

const sniffFormat = (head: Buffer): Format => {
  if (head.toString('latin1', 0, 4) === 'PAR1') return 'parquet';
  if (head.toString('latin1', 0, 6) === 'ARROW1') return 'arrow';
  if (head.length >= 4 && head.readUInt32LE(0) === 0xffffffff) return 'arrow';
  return head.toString('latin1').trimStart().startsWith('{') ? 'ndjson' : 'csv';
};

/** Words that sources write where they know nothing. */
export const NULL_WORDS = ['', 'NA', 'N/A', 'NULL', 'null', 'NaN', 'nan', '\\N'] as const;

const NULL_LIST = `[${NULL_WORDS.map(literal).join(', ')}]`;

/** Everything of a CSV is read as text: the dialect decides what a column is, not its first thousand rows. */
const readerOf = (
  file: string,
  format: Exclude<Format, 'arrow'>,
  compression: Compression,
  how: CsvReading,
): string => {
  const path = literal(file.replace(/[*?[\]]/g, '[$&]'));
  switch (format) {
    case 'csv':
      return `read_csv(${path}, header = true, compression = '${compression}', ${CSV_OPTIONS[how]}, store_rejects = true)`;
    case 'parquet':
      return `read_parquet(${path})`;
    case 'ndjson':
      return `read_ndjson(${path}, compression = '${compression === 'none' ? 'uncompressed' : compression}')`;
  }
};

const CSV_OPTIONS: Readonly<Record<CsvReading, string>> = {
  plain: `all_varchar = true, nullstr = ${NULL_LIST}`,
  kept: 'all_varchar = true',
};

const BROKEN =
  /^(IO|Invalid Input|Invalid|Conversion|Serialization|Out of Range|Not implemented) Error: /;

/** Runs what reads a file. @throws AppError file-broken where the file is to blame, in one line */
export const blameFile = async <T>(file: string, read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    const message = (error as Error).message ?? '';
    if (error instanceof AppError || !BROKEN.test(message)) throw error;
    const line = message.replace(BROKEN, '').split('\n')[0]!.trim();
    throw new AppError('file-broken', `${file} is damaged or not what its name says: ${line}`, {
      cause: error,
    });
  }
};
