/**
 * Lines of a CSV that could not be split into its columns, counted by reason.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { literal, readRows } from '../database.ts';

/** Lines of one reason. */
export interface RejectedReason {
  readonly reason: string;
  readonly nLines: number;
  /** The first few, as they stand in the text. */
  readonly examples: readonly { readonly record: number; readonly text: string }[];
}

/** Records are numbered as the database counts them: blank lines too, and one over several lines as one. */
export interface RejectedLines {
  readonly reasons: readonly RejectedReason[];
  readonly records: ReadonlySet<number>;
}

const MAX_EXAMPLES = 3;

export const NO_LINES: RejectedLines = { reasons: [], records: new Set() };

/** The lines that the reads since the last call had to leave out, most frequent reason first; it forgets them. */
export const takeRejectedLines = async (connection: DuckDBConnection): Promise<RejectedLines> => {
  const rejected = await rejectedLines(connection);
  if (rejected !== NO_LINES)
    await connection.run('DROP TABLE reject_errors; DROP TABLE reject_scans');
  return rejected;
};

/** The lines that the reads since the last `takeRejectedLines` had to leave out, of all files or of one. */
export const rejectedLines = async (
  connection: DuckDBConnection,
  path?: string,
): Promise<RejectedLines> => {
  const tables = await readRows(
    connection,
    `SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'`,
  );
  if (tables.length === 0) return NO_LINES;
  const rows = await readRows(
    connection,
    `SELECT reason, count(*)::INTEGER AS n,
            to_json(list({line: line, text: text} ORDER BY line)[1:${MAX_EXAMPLES}]) AS examples,
            to_json(list(line ORDER BY line)[1:${MAX_RECORDS}]) AS records
     FROM (SELECT line, min(left(csv_line, 80)) AS text, min(CASE error_type
             WHEN 'MISSING COLUMNS' THEN 'too few columns'
             WHEN 'TOO MANY COLUMNS' THEN 'too many columns'
             WHEN 'UNQUOTED VALUE' THEN 'unclosed quote'
             WHEN 'INVALID ENCODING' THEN 'not UTF-8'
             WHEN 'LINE SIZE OVER MAXIMUM' THEN 'line too long'
             ELSE 'damaged line' END) AS reason
           FROM reject_errors${path === undefined ? '' : ` JOIN reject_scans USING (scan_id, file_id) WHERE file_path = ${literal(path)}`}
           GROUP BY line, scan_id, file_id)
     GROUP BY reason ORDER BY n DESC, reason`,
  );
  return {
    reasons: rows.map((row) => ({
      reason: String(row['reason']),
      nLines: Number(row['n']),
      examples: (JSON.parse(String(row['examples'])) as { line: number; text: string }[]).map(
        ({ line, text }) => ({ record: line, text }),
      ),
    })),
    records: new Set(rows.flatMap((row) => JSON.parse(String(row['records'])) as number[])),
  };
};

/** Of the records of a reason, so many are remembered. */
const MAX_RECORDS = 100_000;
