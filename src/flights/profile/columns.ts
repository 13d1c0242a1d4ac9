/**
 * The columns of files as they are, used or not: missing and different values, smallest and largest.
 */
import { identifier, openDatabase, readRows } from '../database.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { openSources, blameFile } from '../reading/source.ts';

export interface SourceColumn {
  readonly name: string;
  readonly rows: number;
  readonly missing: number;
  /** How many different values. */
  readonly distinct: number;
  readonly kind: 'number' | 'text';
  /** Smallest and largest value; null when every value is missing. */
  readonly least: string | number | null;
  readonly most: string | number | null;
}

/**
 * Columns of all files together, in the order of their first appearance; a column that a file lacks is missing in its rows.
 * @throws AppError as `openSource` does
 */
export const describeColumns = async (
  files: readonly string[],
  { threads, memoryMb, encoding }: ReadingOptions = {},
): Promise<readonly SourceColumn[]> => {
  const database = await openDatabase(threads, memoryMb);
  const { connection } = database;
  try {
    const names: string[] = [];
    const known = new Set<string>();
    const selects: string[] = [];
    for (const file of files) {
      for (const source of await openSources(database, file, { encoding })) {
        selects.push(`SELECT * FROM ${source.from}`);
        for (const name of source.columns) {
          if (known.has(name.toLowerCase())) continue;
          known.add(name.toLowerCase());
          names.push(name);
        }
      }
    }
    const measures = names.map((name, i) => measuresOf(identifier(name), i));
    const [row] = await blameFile(files.join(', '), () =>
      readRows(
        connection,
        `SELECT count(*) AS n, ${measures.join(', ')} FROM (${selects.join(' UNION ALL BY NAME ')})`,
      ),
    );
    return names.map((name, i) => columnOf(name, row!, i));
  } finally {
    database.close();
  }
};

const measuresOf = (column: string, i: number): string => `
  count(${column}) AS n${i}, count(DISTINCT ${column}) AS d${i}, count(try_cast(${column} AS DOUBLE)) AS m${i},
  min(try_cast(${column} AS DOUBLE)) AS l${i}, max(try_cast(${column} AS DOUBLE)) AS h${i},
  min(${column}::VARCHAR) AS a${i}, max(${column}::VARCHAR) AS z${i}`;

const columnOf = (
  name: string,
  row: Readonly<Record<string, unknown>>,
  i: number,
): SourceColumn => {
  const rows = Number(row['n']);
  const nKnown = Number(row[`n${i}`]);
  const isNumber = nKnown > 0 && Number(row[`m${i}`]) === nKnown;
  const value = (number: string, text: string): string | number | null => {
    if (nKnown === 0) return null;
    return isNumber ? Number(row[`${number}${i}`]) : String(row[`${text}${i}`]);
  };
  return {
    name,
    rows,
    missing: rows - nKnown,
    distinct: Number(row[`d${i}`]),
    kind: isNumber ? 'number' : 'text',
    least: value('l', 'a'),
    most: value('h', 'z'),
  };
};
