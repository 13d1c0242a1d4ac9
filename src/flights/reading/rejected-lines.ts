/**
 * Lines of a CSV that could not be split into its columns, counted by reason.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../database.ts';

/** Lines of one reason. */
export interface RejectedLines {
  readonly reason: string;
  readonly nLines: number;
  /** The first few, as they stand in the text. */
  readonly examples: readonly { readonly line?: number; readonly text: string }[];
}

const MAX_EXAMPLES = 3;

/**
 * The lines that the reads since the last call had to leave out, most frequent reason first; it forgets them.
 * @param lineOf lines by the numbers that the database gives records
 */
export const takeRejectedLines = async (
  connection: DuckDBConnection,
  lineOf?: ReadonlyMap<number, number>,
): Promise<readonly RejectedLines[]> => {
  const tables = await readRows(
    connection,
    `SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'`,
  );
  if (tables.length === 0) return [];
  const rows = await readRows(
    connection,
    `SELECT reason, count(*)::INTEGER AS n,
            to_json(list({line: line, text: text} ORDER BY line)[1:${MAX_EXAMPLES}]) AS examples
     FROM (SELECT line, min(left(csv_line, 80)) AS text, min(CASE error_type
             WHEN 'MISSING COLUMNS' THEN 'too few columns'
             WHEN 'TOO MANY COLUMNS' THEN 'too many columns'
             WHEN 'UNQUOTED VALUE' THEN 'unclosed quote'
             WHEN 'INVALID ENCODING' THEN 'not UTF-8'
             WHEN 'LINE SIZE OVER MAXIMUM' THEN 'line too long'
             ELSE 'damaged line' END) AS reason
           FROM reject_errors GROUP BY line, scan_id, file_id)
     GROUP BY reason ORDER BY n DESC, reason`,
  );
  await connection.run('DROP TABLE reject_errors; DROP TABLE reject_scans');
  return rows.map((row) => ({
    reason: String(row['reason']),
    nLines: Number(row['n']),
    examples: (JSON.parse(String(row['examples'])) as { line: number; text: string }[]).map(
      ({ line: record, text }) => {
        const line = lineOf?.get(record);
        return line === undefined ? { text } : { line, text };
      },
    ),
  }));
};

/** Numbers of all records that the reads so far had to leave out, as the database counts them. */
export const rejectedRecords = async (
  connection: DuckDBConnection,
): Promise<ReadonlySet<number>> => {
  const tables = await readRows(
    connection,
    `SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'`,
  );
  if (tables.length === 0) return new Set();
  const rows = await readRows(connection, `SELECT DISTINCT line FROM reject_errors`);
  return new Set(rows.map((row) => Number(row['line'])));
};
