/**
 * The SQL that turns a source into plain columns: no NULLs, so that their memory can be read as it lies.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { AppError } from '../../core/errors.ts';
import { FIELDS, type FieldName, fieldOf, type InputKind } from '../../core/flight.ts';
import { type Database, identifier, literal, openDatabase } from '../database.ts';
import { type Dialect, dialectOf, recogniseDialect, requireColumns } from '../dialects/dialect.ts';
import { checkDialect } from '../dialects/dialect-guard.ts';
import macros from '../dialects/macros.sql' with { type: 'text' };
import { NULL_WORDS, type Source } from '../reading/source.ts';

/** How a missing time is written in a column of minutes. */
export const NO_MINUTES = -2_147_483_648;

/** Delays outside are taken for errors of the source: half a day early, a week late. */
const EARLIEST_MINUTES = -720;
const LATEST_MINUTES = 10_080;

/** A dialect as one source carries it: the fields that it can fill, and the names of its output. */
export interface Projection {
  readonly dialect: Dialect;
  readonly fields: readonly FieldName[];
  /** Columns of the source that the dialect does not know. */
  readonly unused: readonly string[];
  /** The dialect's SELECT over the source. */
  readonly select: string;
}

/** A database with the macros that dialects use. */
export const openFlights = async (threads?: number): Promise<Database> => {
  const database = await openDatabase(threads);
  await database.connection.run(macros);
  return database;
};

interface ProjectionOptions {
  /** The dialect that the user asked for, if any. */
  readonly dialect: string | Dialect | undefined;
  /** Whether the delay is needed; without it the columns known only later are not even read. */
  readonly labelled: boolean;
  /** Whether the SELECT also hands on the source's own columns, as `own0`, `own1`, ... */
  readonly withOwn?: boolean;
}

/**
 * Finds the dialect of a source and ties it to the source's columns.
 * @throws AppError columns-unknown, data-leak, usage
 */
export const project = async (
  connection: DuckDBConnection,
  source: Source,
  { dialect: named, labelled, withOwn = false }: ProjectionOptions,
): Promise<Projection> => {
  const dialect =
    named === undefined
      ? recogniseDialect(source.file, source.columns, labelled)
      : typeof named === 'string'
        ? dialectOf(named)
        : named;
  requireColumns(source.file, dialect, source.columns, labelled);
  const outputs = await checkDialect(connection, dialect);
  const has = new Set(source.columns.map((column) => column.toLowerCase()));
  const absent = new Set<string>();
  const known = [...dialect.schedule, ...dialect.optional, ...dialect.outcome];
  const inner = known.map((column) => {
    const isOutcome = dialect.outcome.includes(column);
    if (has.has(column.toLowerCase()) && (labelled || !isOutcome)) {
      return `${knownValue(source, column)} AS ${identifier(column)}`;
    }
    absent.add(column.toLowerCase());
    return `NULL::VARCHAR AS ${identifier(column)}`;
  });
  const own = source.columns.map((column, i) => `${identifier(column)} AS own${i}`);
  const from = `(SELECT ${[...inner, ...(withOwn ? own : [])].join(', ')} FROM ${source.from}) AS source`;
  const fields = (Object.keys(FIELDS) as FieldName[]).filter(
    (field) => outputs.includes(field) && !absent.has(field.toLowerCase()),
  );
  if (!fields.includes('scheduledDeparture')) {
    throw new AppError('usage', `dialect ${dialect.name}: it gives no scheduledDeparture`);
  }
  const names = new Set(known.map((column) => column.toLowerCase()));
  return {
    dialect,
    fields,
    unused: source.columns.filter((column) => !names.has(column.toLowerCase())),
    select: dialect.select
      .replace(/\bFROM\s+source\b/i, () => `FROM ${from}`)
      .replace(/^\s*SELECT\b/i, () =>
        withOwn ? `SELECT ${own.map((_, i) => `own${i}`).join(', ')},` : 'SELECT',
      ),
  };
};

/**
 * A column of a source (or what stands for it), NULL where it holds a word for nothing.
 * Not `NOT IN`: the database makes a hash join of a long list, which loses the order of the rows.
 */
export const knownValue = (
  source: Source,
  column: string,
  expression = identifier(column),
): string => {
  if (!source.texts.has(column.toLowerCase())) return expression;
  const words = NULL_WORDS.map((word) => `WHEN ${literal(word)} THEN NULL`);
  return `CASE ${expression} ${words.join(' ')} ELSE ${expression} END`;
};

/** A field as an SQL expression without NULL: text, double, or minutes since 1970 as int32. */
export const plainColumn = (field: FieldName): string =>
  `${plainOf(fieldOf(field)!.kind, field)} AS ${field}`;

/** An expression of SQL without NULL, by its kind; what cannot be read as that is missing. */
export const plainOf = (kind: InputKind, expression: string): string => {
  switch (kind) {
    case 'category':
      return `coalesce(${expression}::VARCHAR, '')`;
    case 'number':
      return `coalesce(try_cast(${expression} AS DOUBLE), 'nan')`;
    case 'time':
      return `coalesce((epoch_us(try_cast(${expression} AS TIMESTAMP)) // 60000000)::INTEGER, ${NO_MINUTES})`;
  }
};

/** A source's own column of an input's name, under `withOwn`; undefined where it has none. */
export const ownColumn = (source: Source, name: string): string | undefined => {
  const place = source.columns.findIndex((column) => column.toLowerCase() === name.toLowerCase());
  return place < 0 ? undefined : knownValue(source, name, `own${place}`);
};

/** Why a row cannot be used, '' where it can. */
export const rejectColumn = (labelled: boolean): string =>
  labelled
    ? `coalesce(unusable, CASE WHEN scheduledDeparture IS NULL THEN 'no scheduled departure' END, unlabelled,
         CASE WHEN delayMinutes IS NULL THEN 'no delay'
              WHEN try_cast(delayMinutes AS DOUBLE) IS NULL OR NOT (try_cast(delayMinutes AS DOUBLE)
                   BETWEEN ${EARLIEST_MINUTES} AND ${LATEST_MINUTES}) THEN 'impossible delay' END, '') AS reject`
    : `coalesce(unusable, CASE WHEN scheduledDeparture IS NULL THEN 'no scheduled departure' END, '') AS reject`;
