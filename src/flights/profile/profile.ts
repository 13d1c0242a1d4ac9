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
import { type Database, identifier, readRows } from '../database.ts';
import { type RejectedLines, takeRejectedLines } from '../reading/rejected-lines.ts';
import { blameFile, NULL_WORDS } from '../reading/source.ts';
import type { ReadingOptions } from '../reading-options.ts';
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
  const { connection, memoryMb } = database;
  const { lateMinutes } = options;
  const log = startRejectLog();
  const read = startReadings(patterns);
  const parts: FlightQuery[] = [];
  for await (const flights of flightQueries(database, patterns, {
    ...options,
    withOwn: true,
    passedOver: read.passedOver,
  })) {
    read.add(flights);
    parts.push(flights);
  }
  const samples = await samplesOf(connection, parts);
  const tally = await startTally(connection, {
    lateMinutes,
    stride: sampleStride(await aboutRows(connection, parts), memoryMb),
    maxColumns: maxColumns(memoryMb),
  });
  const allLines: RejectedLines[] = [];
  for (const flights of parts) {
    const { source } = flights;
    const { nRows, reasons, lines } = await tally.add(flights);
    if (nRows === 0 && lines.reasons.length === 0) throw noRows(source.file);
    allLines.push(lines);
    log.startFile(source.file);
    await connection.run('SET preserve_insertion_order = true');
    await lookForExamples(connection, log, {
      file: source.file,
      select: plainFlights(flights),
      reasons,
    });
    await connection.run('SET preserve_insertion_order = false');
    await takeRejectedLines(connection);
    await placeExamples(log, source, lines);
  }
  const { files, dialect, unused, notes } = read.finish();
  const counted = await tally.finish();
  const nRead = counted.nRows + allLines.reduce((sum, lines) => sum + nLinesOf(lines), 0);
  const rejected = rejectedOf(counted.rejected, allLines);
  const examples = log.examples();
  const used = usedOf(counted);
  if (used.flights === 0)
    throw new AppError('data-unfit', noneUsable({ nRead, rejected, examples }, dialect.expects));
  const times = byTime(counted);
  return {
    files,
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
    columns: counted.columns,
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

const nLinesOf = ({ reasons }: RejectedLines): number =>
  reasons.reduce((sum, { nLines }) => sum + nLines, 0);

/** Rows and lines left out, by reason, most frequent first. */
const rejectedOf = (
  rows: Readonly<Record<string, number>>,
  lines: readonly RejectedLines[],
): Readonly<Record<string, number>> => {
  const counts = new Map(Object.entries(rows));
  for (const { reason, nLines } of lines.flatMap(({ reasons }) => reasons))
    counts.set(reason, (counts.get(reason) ?? 0) + nLines);
  return mostFrequentFirst(counts);
};

/** A column that is counted takes some megabytes a thread, also where it has few values. */
const maxColumns = (memoryMb: number | undefined): number =>
  memoryMb === undefined ? 64 : Math.max(2, Math.floor(memoryMb / 12) - 7);

/** About how many rows there are: of texts by their size, else as the files say. */
const aboutRows = async (
  connection: DuckDBConnection,
  parts: readonly FlightQuery[],
): Promise<number> => {
  let nRows = 0;
  for (const { source } of parts) {
    if (source.aboutRows === undefined) {
      const [row] = await readRows(connection, `SELECT count(*)::DOUBLE AS n FROM ${source.from}`);
      nRows += Number(row!['n']);
    } else nRows += source.aboutRows;
  }
  return nRows;
};

const N_SAMPLES = 5;

/** The first rows as they stand, empty where nothing is known. */
const samplesOf = async (connection: DuckDBConnection, parts: readonly FlightQuery[]) => {
  const samples: Record<string, string>[] = [];
  for (const { source } of parts) {
    if (samples.length >= N_SAMPLES) break;
    const texts = source.columns.map((name) => `${identifier(name)}::VARCHAR`);
    const reader = await blameFile(source.file, () =>
      connection.runAndReadAll(
        `SELECT ${texts.join(', ')} FROM (FROM ${source.from} LIMIT ${N_SAMPLES - samples.length})`,
      ),
    );
    for (const row of reader.getRows())
      samples.push(
        Object.fromEntries(
          source.columns.map((name, i) => {
            const text = row[i] === null ? '' : String(row[i]);
            return [name, NULL_WORDS.some((word) => word === text) ? '' : text];
          }),
        ),
      );
    await takeRejectedLines(connection);
  }
  return samples;
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
