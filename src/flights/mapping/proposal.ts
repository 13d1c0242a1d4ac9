/**
 * What the columns of an unknown file are likely to be, by their names and what they hold: a mapping to look at,
 * never one that is taken without being asked for.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { FIELDS } from '../../core/flight.ts';
import { identifier, readRows } from '../database.ts';
import { firstKnown, type Source } from '../reading/source.ts';
import { type KnownName, nameScore } from './names.ts';
import { detectFormat, detectPart, type FoundFormat, textOf } from './time-format.ts';

export interface Proposal {
  /** As `--map` takes it. */
  readonly map: string;
  /** Per field the columns that it would be read from. */
  readonly fields: Readonly<Record<string, string>>;
  /** What is not certain, a sentence each. */
  readonly doubts: readonly string[];
  /** What a model needs and no column was found for. */
  readonly lacking: readonly string[];
}

/** The most likely mapping of a source. */
export const proposeMapping = async (
  connection: DuckDBConnection,
  source: Source,
): Promise<Proposal> => {
  const taken = new Set<string>();
  const doubts: string[] = [];
  const fields: Record<string, string> = {};
  const pick = (
    what: KnownName,
    fits: (column: string) => boolean = () => true,
  ): string | undefined =>
    source.columns
      .filter((column) => !taken.has(column) && fits(column))
      .map((column) => ({ column, score: nameScore(column, what) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)[0]?.column;
  const take = (field: string, columns: readonly string[], format?: string): void => {
    for (const column of columns) taken.add(column);
    fields[field] =
      `${columns.map(quoted).join('+')}${format === undefined ? '' : `@${quotedFormat(format)}`}`;
  };
  const numeric = await numericColumns(connection, source);

  const departure = await findDeparture(connection, source);
  if (departure) {
    take('scheduledDeparture', departure.columns, departure.found.format);
    if (departure.found.rival)
      doubts.push(
        `${departure.columns.join(' and ')} can also be read as ${departure.found.rival}: check which part is the day`,
      );
  }
  const arrival = pick('scheduledArrival');
  if (arrival !== undefined && departure) {
    const text = textOf(source, arrival);
    const found =
      (await detectFormat(connection, source, [text])) ??
      (await detectPart(connection, source, text, 'time'));
    if (found) take('scheduledArrival', [arrival], found.format);
  }
  const delay = pick('delayMinutes', (column) => numeric.has(column));
  if (delay !== undefined) take('delayMinutes', [delay]);
  else {
    const clock = pick('delayMinutes');
    if (clock !== undefined && (await isStretch(connection, source, clock)))
      take('delayMinutes', [clock], 'hh:mm');
  }
  let target: string[] = [];
  if (fields['delayMinutes'] === undefined) {
    // What happened less what was planned.
    const landed = pick('actualArrival');
    const left = pick('actualDeparture');
    const planned = departure?.columns.at(-1);
    const pair =
      landed !== undefined && fields['scheduledArrival'] !== undefined
        ? [landed, arrival!]
        : left !== undefined && planned !== undefined
          ? [left, planned]
          : undefined;
    if (pair) {
      taken.add(pair[0]!);
      if (pair[0] === left) target = ['target=departure'];
      fields['delayMinutes'] = pair.map(quoted).join('-');
    }
  }
  const cancelled = pick('cancelled');
  if (cancelled !== undefined) take('cancelled', [cancelled]);
  for (const field of [
    'airline',
    'flightNumber',
    'tailNumber',
    'origin',
    'destination',
    'terminal',
  ] as const) {
    const column = pick(field);
    if (column !== undefined) take(field, [column]);
  }
  const distance = pick('distanceMiles', (column) => numeric.has(column));
  const km = pick('distanceKm', (column) => numeric.has(column));
  if (distance !== undefined) take('distanceMiles', [distance]);
  else if (km !== undefined) take('distanceMiles', [km], 'km');
  for (const field of Object.keys(FIELDS))
    if (fields[field] === undefined && source.columns.includes(field) && !taken.has(field))
      take(field, [field]);
  const entries = [
    ...Object.entries(fields).map(([field, value]) => `${field}=${value}`),
    ...target,
  ];
  return {
    map: entries.join(','),
    fields,
    doubts,
    lacking: ['scheduledDeparture', 'delayMinutes'].filter((field) => fields[field] === undefined),
  };
};

const quoted = (column: string): string => (/[,+@=\-"]/.test(column) ? `"${column}"` : column);
const quotedFormat = (format: string): string => (/[,@]/.test(format) ? `"${format}"` : format);

interface FoundDeparture {
  readonly columns: readonly string[];
  readonly found: FoundFormat;
}

/** The column of date and time; or a date and a time; or a year, a month, a day and a time. */
const findDeparture = async (
  connection: DuckDBConnection,
  source: Source,
): Promise<FoundDeparture | undefined> => {
  const named = (what: KnownName): readonly string[] =>
    source.columns
      .map((column) => ({ column, score: nameScore(column, what) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)
      .map(({ column }) => column);
  const whens = named('scheduledDeparture');
  for (const column of [...whens, ...named('date')]) {
    const found = await detectFormat(connection, source, [textOf(source, column)]);
    if (found) return { columns: [column], found };
  }
  const times: string[] = [];
  for (const column of whens)
    if (await detectPart(connection, source, textOf(source, column), 'time')) times.push(column);
  for (const date of named('date')) {
    for (const time of times.filter((column) => column !== date)) {
      const texts = [textOf(source, date, true), textOf(source, time)];
      const found = await detectFormat(connection, source, texts);
      if (found) return { columns: [date, time], found };
    }
  }
  const parts = [named('year')[0], named('month')[0], named('dayOfMonth')[0]];
  for (const time of times) {
    const columns = [...parts, time].flatMap((column) => column ?? []);
    if (new Set(columns).size < 4) continue;
    const found = await detectFormat(
      connection,
      source,
      columns.map((column) => textOf(source, column)),
    );
    if (found) return { columns, found };
  }
  return undefined;
};

/** Whether the first values of a column are stretches of time written as clocks, as -0:05. */
const isStretch = async (
  connection: DuckDBConnection,
  source: Source,
  column: string,
): Promise<boolean> => {
  const [row] = await readRows(
    connection,
    `SELECT count(nullif(c, '')) AS n, count(stretch_minutes(c)) AS m FROM (SELECT trim(${identifier(column)}::VARCHAR) AS c FROM ${firstKnown(source, 2000)})`,
  );
  return Number(row!['n']) > 0 && Number(row!['m']) >= 0.9 * Number(row!['n']);
};

/** Columns whose first values are numbers. */
const numericColumns = async (
  connection: DuckDBConnection,
  source: Source,
): Promise<ReadonlySet<string>> => {
  const counts = source.columns.map(
    (column, i) =>
      `count(${identifier(column)}) AS n${i}, count(try_cast(replace(${identifier(column)}::VARCHAR, ',', '.') AS DOUBLE)) AS m${i}`,
  );
  const [row] = await readRows(
    connection,
    `SELECT ${counts.join(', ')} FROM (FROM ${firstKnown(source, 2000)})`,
  );
  return new Set(
    source.columns.filter(
      (_, i) => Number(row![`n${i}`]) > 0 && Number(row![`m${i}`]) >= 0.9 * Number(row![`n${i}`]),
    ),
  );
};
