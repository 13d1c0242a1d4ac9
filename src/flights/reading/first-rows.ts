/**
 * The first rows of any data file as plain records: the bodies that a stress run sends.
 */
import { identifier, openDatabase, readRows } from '../database.ts';
import { takeRejectedLines } from './rejected-lines.ts';
import { openSource } from './opening.ts';
import { blameFile } from './source.ts';

type PlainRow = Readonly<Record<string, string | number | boolean>>;

interface FirstRows {
  readonly rows: readonly PlainRow[];
  readonly nInFile: number;
  /** Lines of a CSV that are no rows of its columns. */
  readonly nRejected: number;
}

interface FirstRowsOptions {
  /** Cells of a CSV stay as they are written, to the letter (`00042`, `NA`); an empty one is left out. */
  readonly keepsText?: boolean;
  /** With it: a cell is a number all the same where its text is what the number prints as. */
  readonly typesNumbers?: boolean;
}

/**
 * Rows in the order of the file; a missing value is left out, a time is `2013-01-31T12:00`. A cell of a CSV is a number
 * where its text is what the number prints as: `007` stays a text.
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken
 */
export const readFirstRows = async (
  file: string,
  maxRows: number,
  { keepsText = false, typesNumbers = !keepsText }: FirstRowsOptions = {},
): Promise<FirstRows> => {
  const database = await openDatabase(1);
  const { connection } = database;
  try {
    const source = await openSource(database, file, { how: keepsText ? 'kept' : 'plain' });
    return await blameFile(file, async () => {
      const [count] = await readRows(connection, `SELECT count(*) AS n FROM ${source.from}`);
      const rejected = await takeRejectedLines(connection);
      const columns = source.columns.map(identifier).join(', ');
      const result = await connection.runAndReadAll(
        `SELECT ${columns} FROM ${source.from} LIMIT ${maxRows}`,
      );
      const plain = source.format !== 'csv' ? plainValue : typesNumbers ? typedCell : String;
      return {
        rows: result.getRowObjectsJS().map((row) => plainRow(row, plain)),
        nInFile: Number(count?.['n'] ?? 0),
        nRejected: rejected.reasons.reduce((sum, { nLines }) => sum + nLines, 0),
      };
    });
  } finally {
    database.close();
  }
};

type PlainValue = PlainRow[string];

const plainRow = (
  row: Readonly<Record<string, unknown>>,
  plain: (value: unknown) => PlainValue,
): PlainRow =>
  Object.fromEntries(
    Object.entries(row).flatMap(([name, value]): [string, PlainValue][] =>
      value === null || value === undefined ? [] : [[name, plain(value)]],
    ),
  );

const plainValue = (value: unknown): PlainValue => {
  if (value instanceof Date) return value.toISOString().slice(0, 16);
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
};

/** Digits that every number of 64 bits keeps. */
const SAFE_DIGITS = 15;

const typedCell = (value: unknown): PlainValue => {
  const text = String(value);
  const number = Number(text);
  return text.length <= SAFE_DIGITS && Number.isFinite(number) && String(number) === text
    ? number
    : text;
};
