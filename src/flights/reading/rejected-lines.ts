/**
 * Lines of a CSV that could not be split into its columns, counted by reason.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../database.ts';

/** How many lines the reads since the last call had to leave out, by reason; it forgets them. */
export const takeRejectedLines = async (
  connection: DuckDBConnection,
): Promise<ReadonlyMap<string, number>> => {
  const tables = await readRows(
    connection,
    `SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'`,
  );
  if (tables.length === 0) return new Map();
  const rows = await readRows(
    connection,
    `SELECT reason, count(*)::INTEGER AS n
     FROM (SELECT line, scan_id, file_id, min(CASE error_type
             WHEN 'MISSING COLUMNS' THEN 'too few columns'
             WHEN 'TOO MANY COLUMNS' THEN 'too many columns'
             WHEN 'UNQUOTED VALUE' THEN 'unclosed quote'
             WHEN 'INVALID ENCODING' THEN 'not UTF-8'
             WHEN 'LINE SIZE OVER MAXIMUM' THEN 'line too long'
             ELSE 'damaged line' END) AS reason
           FROM reject_errors GROUP BY ALL)
     GROUP BY reason ORDER BY reason`,
  );
  await connection.run('DROP TABLE reject_errors; DROP TABLE reject_scans');
  return new Map(rows.map((row) => [String(row['reason']), Number(row['n'])]));
};
