/**
 * Examples of rows that are not used: where in their file they stand, and a look for them where rows are only counted.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { AppError } from '../../core/errors.ts';
import { findLines } from '../reading/line-numbers.ts';
import type { RejectedLines } from '../reading/rejected-lines.ts';
import { blameFile, type Source } from '../reading/source.ts';
import { literal } from '../database.ts';
import type { RejectLog } from './reject-log.ts';

/** Says of the examples of a source on which lines they stand, and counts the lines that are no rows. */
export const placeExamples = async (
  log: RejectLog,
  source: Source,
  { reasons, records }: RejectedLines,
): Promise<void> => {
  const rows = log.exampleRows();
  const lines =
    source.lines && (rows.length > 0 || records.size > 0)
      ? await findLines(source.file, source.lines, rows, records)
      : undefined;
  if (lines) log.placeExamples(lines.ofRow);
  log.reject(reasons, lines?.ofRejected);
};

/** Rows at the beginning of a source that are looked through one by one. */
const MAX_ROWS = 2_000_000;

/** Of these, the ones that mostly have them all. */
const FIRST_ROWS = 8192;

/** Where to look for examples. */
interface Lookout {
  readonly file: string;
  /** A SELECT that gives `reject`, '' where a row is used, and `detail`, what such a row holds. */
  readonly select: string;
  /** How many rows each reason leaves out. */
  readonly reasons: ReadonlyMap<string, number>;
}

/**
 * Shows the log the first rows of a source until it has its examples of every reason; of a reason that only begins far
 * in, examples come without their place.
 * @throws AppError file-broken
 */
export const lookForExamples = async (
  connection: DuckDBConnection,
  log: RejectLog,
  { file, select, reasons }: Lookout,
): Promise<void> => {
  const lacking = new Map(
    [...reasons].filter(([reason]) => reason !== '' && log.wantsExamples(reason)),
  );
  if (lacking.size === 0) return;
  const isDone = (): boolean =>
    [...lacking].every(([reason, n]) => !log.wantsExamples(reason) || log.nRejected(reason) >= n);
  let nSeen = 0;
  await blameFile(file, async () => {
    // The first fetch waits for all that a stream may have ready, so the first rows are asked for by themselves.
    for (const end of [FIRST_ROWS, MAX_ROWS]) {
      if (isDone()) break;
      const result = await connection.stream(
        `SELECT reject, detail FROM (${select}) LIMIT ${end - nSeen} OFFSET ${nSeen}`,
      );
      while (!isDone()) {
        const chunk = await result.fetchChunk();
        if (!chunk || chunk.rowCount === 0) break;
        log.sift(chunk, undefined);
        nSeen += chunk.rowCount;
      }
    }
  });
  if (nSeen < MAX_ROWS) return;
  for (const [reason, n] of lacking) {
    if (log.nRejected(reason) > 0 || n === 0) continue;
    const found = await connection.runAndReadAll(
      `SELECT detail FROM (${select}) WHERE reject = ${literal(reason)} LIMIT 3`,
    );
    for (const [value] of found.getRows()) log.addExample(reason, String(value));
  }
};

export const noRows = (file: string): AppError =>
  new AppError('file-empty', `${file} holds a header but no rows`);
