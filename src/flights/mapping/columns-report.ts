/**
 * What the columns of a file are called, what their first values are, and how they could be read.
 */
import { AppError } from '../../core/errors.ts';
import { type Database, identifier, readRows } from '../database.ts';
import { fittingDialect, refuseNoTable } from '../dialects/dialect.ts';
import { openSources } from '../reading/opening.ts';
import { firstKnown } from '../reading/source.ts';
import { type Proposal, proposeMapping } from './proposal.ts';

interface ColumnSketch {
  readonly name: string;
  readonly type: string;
  /** Share that is missing, of the first rows. */
  readonly missing: number;
  readonly examples: readonly string[];
  /** The field that it is read as, or would be. */
  readonly field: string | null;
}

export interface ColumnsReport {
  readonly file: string;
  readonly notes: readonly string[];
  /** The dialect that reads it, null where none does. */
  readonly dialect: string | null;
  readonly columns: readonly ColumnSketch[];
  /** What is proposed where no dialect reads it. */
  readonly proposal: Proposal | null;
}

const SAMPLE_ROWS = 2000;
const N_EXAMPLES = 3;

/** @throws AppError as `openSources` does, and data-unfit for what is no table */
export const sketchColumns = async (
  database: Database,
  file: string,
  encoding: string | undefined,
): Promise<ColumnsReport> => {
  const { connection } = database;
  const [source] = await openSources(database, file, { how: 'kept', encoding });
  const texts = source!.columns.map(
    (column, i) => `nullif(${identifier(column)}::VARCHAR, '') AS c${i}`,
  );
  const rows = await readRows(
    connection,
    `SELECT ${texts.join(', ')} FROM ${firstKnown(source!, SAMPLE_ROWS)}`,
  );
  if (rows.length === 0)
    throw new AppError('file-empty', `${source!.file} holds a header but no rows`);
  const dialect = fittingDialect(source!.columns);
  if (dialect === undefined) refuseNoTable(source!.file, source!.columns);
  const proposal = dialect ? null : await proposeMapping(connection, source!);
  const fieldOf = (column: string): string | null =>
    Object.entries(proposal?.fields ?? {}).find(([, value]) =>
      value
        .replace(/@.*$/, '')
        .split(/[+-](?=(?:[^"]*"[^"]*")*[^"]*$)/)
        .some((part) => part.replace(/^"(.*)"$/, '$1') === column),
    )?.[0] ?? null;
  return {
    file: source!.file,
    notes: source!.notes,
    dialect: dialect?.name ?? null,
    columns: source!.columns.map((name, i) => {
      const known = rows.flatMap((row) => (row[`c${i}`] === null ? [] : [String(row[`c${i}`])]));
      return {
        name,
        type: source!.types[i]!,
        missing: 1 - known.length / rows.length,
        examples: [...new Set(known)].slice(0, N_EXAMPLES),
        field: fieldOf(name),
      };
    }),
    proposal,
  };
};
