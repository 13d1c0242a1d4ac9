/**
 * The dialect that a mapping makes of the columns of a source.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { AppError } from '../../core/errors.ts';
import { type FieldName, fieldOf } from '../../core/flight.ts';
import { identifier } from '../database.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Source } from '../reading/source.ts';
import { type MappingEntry, splitOutside, unquoted, type Mapping } from './mapping-text.ts';
import { closestName } from './names.ts';
import {
  checkFormat,
  detectFormat,
  detectPart,
  minutesSql,
  textOf,
  timeSql,
} from './time-format.ts';
import { scaled } from './units.ts';

interface MappedDialect {
  readonly dialect: Dialect;
  /** What was found out and not said by the user: formats, and which delay it is. */
  readonly notes: readonly string[];
}

/**
 * The dialect that a mapping makes of the columns of a source; formats that it does not say are found in the first rows.
 * @param labelled whether the delay is needed
 * @throws AppError columns-unknown, usage, data-leak
 */
export const dialectOfMapping = async (
  connection: DuckDBConnection,
  source: Source,
  mapping: Mapping,
  labelled: boolean,
): Promise<MappedDialect> => {
  const notes: string[] = [];
  const context: Context = { connection, source, notes };
  const find = (field: string): MappingEntry | undefined =>
    mapping.entries.find((entry) => entry.field === field);
  const departureEntry = find('scheduledDeparture');
  if (!departureEntry)
    throw new AppError('usage', `the mapping says no scheduledDeparture, which every flight needs`);
  const departure = await timeOf(context, departureEntry);
  const schedule = new Set(departure.columns);
  const selected: string[] = [`${departure.sql} AS scheduledDeparture`];
  for (const entry of mapping.entries) {
    if (entry.field === 'scheduledDeparture' || fieldOf(entry.field) === undefined) continue;
    const { sql, columns } = await fieldSql(context, entry, departure.sql);
    selected.push(`${sql} AS ${entry.field}`);
    for (const column of columns) schedule.add(column);
  }
  const delayEntry = find('delayMinutes');
  if (labelled && !delayEntry)
    throw new AppError(
      'usage',
      `the mapping says no delayMinutes, the delay that is learned; say delayMinutes=COLUMN, or ACTUAL-PLANNED for two times`,
    );
  const delay = delayEntry ? await delayOf(context, delayEntry) : undefined;
  const cancelledEntry = find('cancelled');
  const cancelled = cancelledEntry && columnOf(source, cancelledEntry.columns);
  const outcome = [...(delay?.columns ?? []), ...(cancelled ? [cancelled] : [])].filter(
    (column) => !(delay?.isDifference && schedule.has(column)),
  );
  const leaking = outcome.find((column) => schedule.has(column));
  if (leaking !== undefined)
    throw new AppError(
      'data-leak',
      `the mapping makes a field of ${leaking}, which says the delay`,
    );
  const target = mapping.target ?? likelyTarget(delayEntry?.columns ?? '');
  if (labelled && mapping.target === undefined)
    notes.push(
      `the delay is taken for that of the ${target}; target=${target === 'arrival' ? 'departure' : 'arrival'} in the mapping overrides`,
    );
  const first = identifier(departure.columns.at(-1)!);
  selected.push(
    ...(delay ? [`${delay.sql} AS delayMinutes`] : []),
    `CASE WHEN ${first} IS NULL THEN 'no scheduled departure'
          WHEN ${departure.sql} IS NULL THEN 'impossible time' END AS unusable`,
    `CASE ${cancelled ? `WHEN ${isCancelled(cancelled)} THEN 'cancelled'` : ''}
          WHEN ${delay ? (delay.isDifference ? `${delay.sql} IS NULL` : `${delay.columns.map((column) => `${identifier(column)} IS NULL`).join(' OR ')}`) : 'true'} THEN 'no delay' END AS unlabelled`,
  );
  return {
    dialect: {
      name: mapping.name,
      about: 'a mapping of the user',
      target,
      expects: `${departure.columns.join(' and ')} as ${departure.format}`,
      schedule: [...schedule],
      optional: [],
      outcome: [...new Set(outcome)],
      select: `SELECT ${(labelled ? selected : selected.filter((sql) => !/ AS (delayMinutes|unlabelled)$/.test(sql))).join(',\n  ')}\nFROM source`,
    },
    notes: notes.map((note) => `${source.file}: ${note}`),
  };
};

interface Context {
  readonly connection: DuckDBConnection;
  readonly source: Source;
  readonly notes: string[];
}

const likelyTarget = (columns: string): 'arrival' | 'departure' =>
  /dep|salida|partida|off|atd|std/i.test(columns) ? 'departure' : 'arrival';

const isCancelled = (column: string): string =>
  `lower(${identifier(column)}::VARCHAR) IN ('1', '1.0', '1.00', 'true', 't', 'yes', 'y', 'x', 'c', 'cancelled', 'canceled', 'cancelado', 'cnl', 'canx')`;

/** The column of that name in any case. @throws AppError columns-unknown */
const columnOf = (source: Source, written: string): string => {
  const name = unquoted(written);
  const found =
    source.columns.find((column) => column === name) ??
    source.columns.find((column) => column.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const close = closestName(name, source.columns);
  throw new AppError(
    'columns-unknown',
    `${source.file} has no column ${name}${close ? `; did you mean ${close}?` : ''} (its columns: ${source.columns.slice(0, 20).join(', ')}${source.columns.length > 20 ? ', ...' : ''})`,
  );
};

/** Columns joined by a sign, or the one column that is called so. */
const columnsOf = (source: Source, written: string, sign: string): readonly string[] =>
  source.columns.some((column) => column.toLowerCase() === unquoted(written).toLowerCase())
    ? [columnOf(source, written)]
    : splitOutside(written, sign).map((part) => columnOf(source, part));

interface FieldSql {
  readonly sql: string;
  readonly columns: readonly string[];
}

const timeOf = async (
  { connection, source, notes }: Context,
  { field, columns: written, format }: MappingEntry,
): Promise<FieldSql & { readonly format: string }> => {
  const columns = columnsOf(source, written, '+');
  const texts = textsOf(source, columns);
  if (format !== undefined) {
    checkFormat(format);
    return { sql: timeSql(texts, format), columns, format };
  }
  const found = await detectFormat(connection, source, texts);
  if (!found)
    throw new AppError(
      'usage',
      `no known format of a time reads nearly all of the first values of ${columns.join(' and ')} in ${source.file} (${await exampleOf(connection, source, columns)}); say it: ${field}=${written}@FORMAT, as '%d/%m/%Y %H:%M'`,
    );
  if (found.rival)
    throw new AppError(
      'usage',
      `${columns.join(' and ')} in ${source.file} can be read as ${found.format} and as ${found.rival} (${await exampleOf(connection, source, columns)}); say which: ${field}=${written}@${found.format}`,
    );
  notes.push(`${columns.join(' and ')} read as ${found.format}`);
  return { sql: timeSql(texts, found.format), columns, format: found.format };
};

/** ISO is read as it is typed; anything else as text. */
const textsOf = (source: Source, columns: readonly string[]): readonly string[] =>
  columns.map((column) =>
    columns.length === 1 && source.types[source.columns.indexOf(column)] !== 'VARCHAR'
      ? identifier(column)
      : textOf(source, column, columns.length > 1),
  );

const exampleOf = async (
  connection: DuckDBConnection,
  source: Source,
  columns: readonly string[],
): Promise<string> => {
  const reader = await connection.runAndReadAll(
    `SELECT concat_ws(' ', ${columns.map((column) => `${identifier(column)}::VARCHAR`).join(', ')}) FROM (FROM ${source.from} LIMIT 1)`,
  );
  return `the first is ${String(reader.getRows()[0]?.[0] ?? 'nothing')}`;
};

const fieldSql = async (
  context: Context,
  entry: MappingEntry,
  departure: string,
): Promise<FieldSql> => {
  const { source, connection, notes } = context;
  const { kind } = fieldOf(entry.field as FieldName)!;
  switch (kind) {
    case 'category': {
      const column = columnOf(source, entry.columns);
      return { sql: identifier(column), columns: [column] };
    }
    case 'number': {
      const column = columnOf(source, entry.columns);
      return {
        sql: scaled(entry.field, `try_cast(${identifier(column)} AS DOUBLE)`, entry.format),
        columns: [column],
      };
    }
    case 'time': {
      const columns = columnsOf(source, entry.columns, '+');
      // A time of day alone: the first such time after the departure.
      if (columns.length === 1) {
        const text = textOf(source, columns[0]!);
        const found = entry.format ?? (await detectPart(connection, source, text, 'time'))?.format;
        if (found !== undefined && isClock(found)) {
          if (entry.format === undefined) notes.push(`${columns[0]} read as ${found}`);
          return {
            sql: `arrival_after(${departure}, ${minutesSql(text, found)})`,
            columns,
          };
        }
      }
      return timeOf(context, entry);
    }
  }
};

const delayOf = async (
  context: Context,
  entry: MappingEntry,
): Promise<FieldSql & { readonly isDifference: boolean }> => {
  const { source } = context;
  const columns = columnsOf(source, entry.columns, '-');
  if (columns.length === 1) {
    const name = identifier(columns[0]!);
    const sql =
      entry.format === 'hh:mm'
        ? `stretch_minutes(trim(${name}::VARCHAR))`
        : entry.format === undefined
          ? name
          : scaled('delayMinutes', `try_cast(${name} AS DOUBLE)`, entry.format);
    return { sql, columns, isDifference: false };
  }
  const entryOf = (column: string): MappingEntry => ({
    field: entry.field,
    columns: `"${column}"`,
    ...(entry.format === undefined ? {} : { format: entry.format }),
  });
  const [actual, planned] = columns as readonly [string, string];
  const clock = await clockFormatOf(context, actual, entry.format);
  if (clock !== undefined)
    return { ...(await clockDelay(context, entryOf, { actual, planned, clock })), columns };
  // One after the other: a query that is under way when the other fails would never end.
  const operated = await timeOf(context, entryOf(actual));
  const scheduled = await timeOf(context, entryOf(planned));
  return {
    sql: `minutes_between(${scheduled.sql}, ${operated.sql})`,
    columns,
    isDifference: true,
  };
};

const isClock = (format: string): boolean => format === 'hhmm' || /^%[HI]/.test(format);

/** The format of a time of day without its day; undefined for a column that says the day too. */
const clockFormatOf = async (
  { connection, source }: Context,
  column: string,
  format: string | undefined,
): Promise<string | undefined> => {
  const text = textOf(source, column);
  const found = format ?? (await detectPart(connection, source, text, 'time'))?.format;
  return found !== undefined && isClock(found) ? found : undefined;
};

/** The delay of a time that names no day: it is the one from 2 hours before the plan to 22 hours after it. */
const clockDelay = async (
  context: Context,
  entryOf: (column: string) => MappingEntry,
  {
    actual,
    planned,
    clock,
  }: { readonly actual: string; readonly planned: string; readonly clock: string },
): Promise<{ readonly sql: string; readonly isDifference: true }> => {
  const { source, notes } = context;
  const plannedClock = await clockFormatOf(context, planned, entryOf(planned).format);
  const minutes =
    plannedClock === undefined
      ? `minutes_of_day(${(await timeOf(context, entryOf(planned))).sql})`
      : minutesSql(textOf(source, planned), plannedClock);
  notes.push(
    `${actual} names no day: a delay is taken to lie between 2 hours early and 22 hours late`,
  );
  return {
    sql: `clock_delay(${minutes}, ${minutesSql(textOf(source, actual), clock)})`,
    isDifference: true,
  };
};
