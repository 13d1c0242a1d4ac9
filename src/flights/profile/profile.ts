/**
 * What flight files hold, counted without keeping a row: rows, nulls, rejects by reason, distributions, delay and
 * cancellation by hour, airline, route and month, duplicates, and what to be warned of.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { MS_PER_DAY, weekdayOf } from '../../core/calendar.ts';
import { AppError } from '../../core/errors.ts';
import { lookForExamples, noRows, placeExamples } from '../cleaning/examples.ts';
import {
  type FlightQuery,
  flightQueries,
  plainFlights,
  startReadings,
} from '../cleaning/flight-query.ts';
import { openFlights } from '../cleaning/projection.ts';
import { mostFrequentFirst, noneUsable, startRejectLog } from '../cleaning/reject-log.ts';
import { type Database, databaseMemoryMb, identifier } from '../database.ts';
import { findFiles } from '../reading/files.ts';
import { takeRejectedLines } from '../reading/rejected-lines.ts';
import { NULL_WORDS } from '../reading/source.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { startColumns } from './columns.ts';
import { sampleStride } from './duplicates.ts';
import { byFlights, type GroupSums, groupsOf } from './groups.ts';
import type { Profile } from './profile-report.ts';
import { startTally, type Tally } from './tally.ts';
import { warningsOf } from './warnings.ts';

interface ProfileOptions extends ReadingOptions {
  readonly lateMinutes: number;
}

/**
 * Counts in the database, on all its threads; no row is kept, and what does not fit in its memory goes to disk.
 * @throws AppError as `loadTable` does
 */
export const profileFiles = async (
  patterns: readonly string[],
  options: ProfileOptions,
): Promise<Profile> => {
  const database = await openFlights(options);
  try {
    const profile = await profileIn(database, patterns, options);
    return { ...profile, warnings: warningsOf(profile) };
  } finally {
    database.close();
  }
};

const profileIn = async (
  database: Database,
  patterns: readonly string[],
  options: ProfileOptions,
): Promise<Omit<Profile, 'warnings'>> => {
  const { connection } = database;
  const { lateMinutes, memoryMb } = options;
  const budgetMb = memoryMb === undefined ? undefined : databaseMemoryMb(memoryMb);
  const columns = await startColumns(connection, columnsAtOnce(budgetMb));
  const log = startRejectLog();
  const read = startReadings();
  const samples: Record<string, string>[] = [];
  const parts: { readonly flights: FlightQuery; readonly rejected: RejectedOf }[] = [];
  let nRows = 0;
  for await (const flights of flightQueries(database, patterns, { ...options, keepsText: true })) {
    const { source } = flights;
    read.add(flights);
    if (samples.length < N_SAMPLES)
      samples.push(...(await firstRows(connection, flights, N_SAMPLES - samples.length)));
    await takeRejectedLines(connection);
    const { nRows: n, rejected } = await inAnyOrder(connection, () => columns.add(source));
    if (n === 0 && rejected.reasons.length === 0) throw noRows(source.file);
    nRows += n;
    parts.push({ flights, rejected });
  }
  const tally = await startTally(connection, {
    lateMinutes,
    stride: sampleStride(nRows, budgetMb),
  });
  for (const { flights, rejected } of parts) {
    const reasons = await inAnyOrder(connection, () => tally.add(flights));
    log.startFile(flights.source.file);
    const { file } = flights.source;
    await lookForExamples(connection, log, { file, select: plainFlights(flights), reasons });
    await takeRejectedLines(connection);
    await placeExamples(log, flights.source, rejected);
  }
  const { dialect, unused, notes } = read.finish();
  const counted = await tally.finish();
  const nRead = nRows + parts.reduce((sum, { rejected }) => sum + nLinesOf(rejected), 0);
  const rejected = rejectedOf(
    counted.rejected,
    parts.map((part) => part.rejected),
  );
  const examples = log.examples();
  const used = usedOf(counted);
  if (used.flights === 0)
    throw new AppError('data-unfit', noneUsable({ nRead, rejected, examples }, dialect.expects));
  const times = byTime(counted);
  return {
    files: findFiles(patterns),
    dialect: dialect.name,
    target: dialect.target,
    lateMinutes,
    rows: { read: nRead, rejected: nRead - used.flights, used: used.flights },
    rejected,
    examples,
    remarks: counted.remarks,
    unused,
    notes,
    duplicates: counted.duplicates,
    columns: await columns.describe(nRows),
    samples,
    days: {
      first: times.byDay[0]?.name ?? '',
      last: times.byDay.at(-1)?.name ?? '',
      withFlights: times.byDay.length,
    },
    delay: {
      late: used.late / used.flights,
      meanMinutes: used.delayMinutes / used.flights,
      quantiles: quantilesOf(counted.byDelay, used.flights),
      histogram: histogramOf(counted.byDelay),
    },
    ...times,
    ...byPlace(counted),
  };
};

type RejectedOf = Awaited<ReturnType<typeof takeRejectedLines>>;

const nLinesOf = ({ reasons }: RejectedOf): number =>
  reasons.reduce((sum, { nLines }) => sum + nLines, 0);

/** Rows and lines left out, by reason, most frequent first. */
const rejectedOf = (
  rows: Readonly<Record<string, number>>,
  lines: readonly RejectedOf[],
): Readonly<Record<string, number>> => {
  const counts = new Map(Object.entries(rows));
  for (const { reason, nLines } of lines.flatMap(({ reasons }) => reasons))
    counts.set(reason, (counts.get(reason) ?? 0) + nLines);
  return mostFrequentFirst(counts);
};

/** Columns that one pass counts: each takes some megabytes a thread, also where it has few values. */
const columnsAtOnce = (budgetMb: number | undefined): number =>
  budgetMb === undefined ? 64 : Math.max(4, Math.floor(budgetMb / 25));

/** Without the order of the rows the database needs to hold less. */
const inAnyOrder = async <T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> => {
  await connection.run('SET preserve_insertion_order = false');
  try {
    return await work();
  } finally {
    await connection.run('SET preserve_insertion_order = true');
  }
};

const N_SAMPLES = 5;

/** Rows as they stand, empty where nothing is known. */
const firstRows = async (
  connection: DuckDBConnection,
  { source }: FlightQuery,
  n: number,
): Promise<Record<string, string>[]> => {
  const texts = source.columns.map((name) => `${identifier(name)}::VARCHAR AS ${identifier(name)}`);
  const rows = await connection.runAndReadAll(
    `SELECT ${texts.join(', ')} FROM (FROM ${source.from} LIMIT ${n})`,
  );
  return rows.getRows().map((row) =>
    Object.fromEntries(
      source.columns.map((name, i) => {
        const text = row[i] === null ? '' : String(row[i]);
        return [name, NULL_WORDS.some((word) => word === text) ? '' : text];
      }),
    ),
  );
};

const usedOf = ({ byRoute }: Tally): GroupSums =>
  byRoute.reduce(
    (sum, [, { flights, late, cancelled, delayMinutes }]) => ({
      flights: sum.flights + flights,
      late: sum.late + late,
      cancelled: sum.cancelled + cancelled,
      delayMinutes: sum.delayMinutes + delayMinutes,
    }),
    { flights: 0, late: 0, cancelled: 0, delayMinutes: 0 },
  );

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** Days from 1970 on that are counted apart: up to 2134. */
const MAX_DAYS = 60_000;

const byTime = ({ byHour: hours }: Tally) => {
  const by = (keyOf: (hour: number) => number | undefined, nameOf: (key: number) => string) =>
    groupsOf(
      hours.map(([hour, sums]) => [keyOf(hour), sums] as const).sort(([a = -1], [b = -1]) => a - b),
      nameOf,
    );
  const dayOf = (hour: number): number => Math.floor(hour / 24);
  const hourOf = (hour: number): number => hour - 24 * dayOf(hour);
  const countedDay = (hour: number): number | undefined => {
    const day = dayOf(hour);
    return day >= 0 && day < MAX_DAYS ? day : undefined;
  };
  const monthOfHour = (hour: number): number | undefined => {
    const day = countedDay(hour);
    return day === undefined ? undefined : monthOf(day);
  };
  const cellOf = (hour: number): number => weekdayOf(dayOf(hour)) * 24 + hourOf(hour);
  const cells = new Map(by(cellOf, String).map(({ name, late }) => [Number(name), late]));
  return {
    byHour: by(hourOf, String),
    byWeekday: by(
      (hour) => weekdayOf(dayOf(hour)),
      (weekday) => WEEKDAYS[weekday]!,
    ),
    byMonth: by(monthOfHour, monthText),
    byDay: by(countedDay, dateText),
    lateByWeekdayAndHour: Array.from({ length: 7 * 24 }, (_, cell) => cells.get(cell) ?? null),
  };
};

const byPlace = ({ byAirline, byRoute }: Tally) => {
  const named = (nameOf: (route: (typeof byRoute)[number][0]) => string) =>
    byFlights(
      groupsOf(
        byRoute.map(([route, sums]) => [nameOf(route) || undefined, sums] as const),
        (name) => name,
      ),
    );
  return {
    byAirline: byFlights(groupsOf(byAirline, (name) => name)),
    byOrigin: named(({ origin }) => origin),
    byDestination: named(({ destination }) => destination),
    byRoute: named(({ origin, destination }) =>
      origin === '' || destination === '' ? '' : `${origin}–${destination}`,
    ),
  };
};

const LEVELS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.99, 1];

/** @param byDelay ascending */
const quantilesOf = (byDelay: Tally['byDelay'], n: number) => {
  let place = 0;
  let nBelow = 0;
  return LEVELS.map((level) => {
    const wanted = Math.min(n - 1, Math.floor(level * n));
    while (nBelow + byDelay[place]![1] <= wanted) nBelow += byDelay[place++]![1];
    return { level, minutes: byDelay[place]![0] };
  });
};

const BIN_MINUTES = 10;
const MIN_MINUTES = -60;
const MAX_MINUTES = 300;

const histogramOf = (byDelay: Tally['byDelay']) => {
  const nBins = (MAX_MINUTES - MIN_MINUTES) / BIN_MINUTES + 1;
  const flights = new Float64Array(nBins);
  for (const [minutes, n] of byDelay) {
    const bin = Math.floor((minutes - MIN_MINUTES) / BIN_MINUTES);
    flights[Math.max(0, Math.min(nBins - 1, bin))]! += n;
  }
  return Array.from(flights, (n, bin) => ({
    fromMinutes: MIN_MINUTES + bin * BIN_MINUTES,
    flights: n,
  }));
};

const dateText = (day: number): string => new Date(day * MS_PER_DAY).toISOString().slice(0, 10);

const months = new Map<number, number>();

/** Months since January 1970. */
const monthOf = (day: number): number => {
  let month = months.get(day);
  if (month === undefined) {
    const date = new Date(day * MS_PER_DAY);
    month = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
    months.set(day, month);
  }
  return month;
};

const monthText = (month: number): string =>
  `${1970 + Math.floor(month / 12)}-${String(1 + (month % 12)).padStart(2, '0')}`;
