/**
 * The first rows of any data file as plain records: what a stress run asks from a Parquet file.
 */
import { identifier, openDatabase, readRows } from '../database.ts';
import { openSource, reading } from './source.ts';

export type PlainRow = Readonly<Record<string, string | number | boolean>>;

export interface FirstRows {
  readonly rows: readonly PlainRow[];
  readonly nInFile: number;
}

/**
 * Rows in the order of the file; a missing value is left out, a time is `2013-01-31T12:00`.
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken
 */
export const readFirstRows = async (file: string, most: number): Promise<FirstRows> => {
  const { connection, close } = await openDatabase(1);
  try {
    const source = await openSource(connection, file);
    return await reading(file, async () => {
      const [count] = await readRows(connection, `SELECT count(*) AS n FROM ${source.from}`);
      const columns = source.columns.map(identifier).join(', ');
      const result = await connection.runAndReadAll(
        `SELECT ${columns} FROM ${source.from} LIMIT ${most}`,
      );
      return { rows: result.getRowObjectsJS().map(plainRow), nInFile: Number(count?.['n'] ?? 0) };
    });
  } finally {
    close();
  }
};

const plainRow = (row: Readonly<Record<string, unknown>>): PlainRow =>
  Object.fromEntries(
    Object.entries(row).flatMap(([name, value]): [string, string | number | boolean][] => {
      if (value === null || value === undefined) return [];
      if (value instanceof Date) return [[name, value.toISOString().slice(0, 16)]];
      if (typeof value === 'bigint') return [[name, Number(value)]];
      const isPlain = typeof value === 'number' || typeof value === 'boolean';
      return [[name, isPlain ? value : String(value)]];
    }),
  );
