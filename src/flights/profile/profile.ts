/**
 * What flight files hold, in one pass that keeps no row: rows, nulls, rejects by reason, distributions, delay and
 * cancellation by hour, airline, route and month, duplicates, and what to be warned of.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { MINUTES_PER_DAY, MS_PER_DAY, minuteOfDay, weekdayOf } from '../../core/calendar.ts';
import { AppError } from '../../core/errors.ts';
import { readFlights } from '../cleaning/load.ts';
import { NO_MINUTES } from '../cleaning/projection.ts';
import { noneUsable, startRejectLog } from '../cleaning/reject-log.ts';
import type { ChunkLayout, FlightSink, FlightsRead } from '../cleaning/table-builder.ts';
import { buildDictionary } from '../reading/dictionary.ts';
import { CHUNK_ROWS, floatsOf, intsOf, textsOf } from '../reading/vectors.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { startColumns } from './columns.ts';
import { startDuplicates } from './duplicates.ts';
import { byFlights, startGroups } from './groups.ts';
import type { Profile } from './profile-report.ts';
import { warningsOf } from './warnings.ts';

interface ProfileOptions extends ReadingOptions {
  readonly lateMinutes: number;
}

/**
 * Reads the files once; memory does not grow with their rows.
 * @throws AppError as `loadTable` does
 */
export const profileFiles = async (
  patterns: readonly string[],
  options: ProfileOptions,
): Promise<Profile> => {
  const counter = startCounter(options.lateMinutes);
  const profile = counter.finish(await readFlights(patterns, options, counter));
  return { ...profile, warnings: warningsOf(profile) };
};

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const LEVELS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.99, 1];

/** Days from 1970 on that are counted apart: up to 2134. */
const MAX_DAYS = 60_000;

/** Delays that a row may have, in minutes. */
const FIRST_DELAY = -720;
const N_DELAYS = 10_080 - FIRST_DELAY + 1;

/** Fields whose values are told apart. */
const CATEGORIES = ['airline', 'flightNumber', 'origin', 'destination', 'tailNumber'] as const;
type Category = (typeof CATEGORIES)[number];

interface ProfileCounter extends FlightSink {
  readonly takesTexts: true;
  readonly finish: (read: FlightsRead) => Omit<Profile, 'warnings'>;
}

const startCounter = (lateMinutes: number): ProfileCounter => {
  const log = startRejectLog();
  const columns = startColumns();
  const duplicates = startDuplicates();
  const by = {
    hour: startGroups(24),
    weekday: startGroups(7),
    cell: startGroups(7 * 24),
    day: startGroups(MAX_DAYS),
    month: startGroups(2048),
    airline: startGroups(),
    origin: startGroups(),
    destination: startGroups(),
    route: startGroups(),
  };
  const dictionaries = Object.fromEntries(
    CATEGORIES.map((name) => [name, buildDictionary()]),
  ) as Record<Category, ReturnType<typeof buildDictionary>>;
  const codes = Object.fromEntries(
    CATEGORIES.map((name) => [name, new Int32Array(CHUNK_ROWS)]),
  ) as Record<Category, Int32Array>;
  const routes = new Map<number, number>();
  const routeNames: string[] = [];
  const delayCounts = new Float64Array(N_DELAYS);
  let nUsed = 0;
  let nLate = 0;
  let delaySum = 0;
  let nInChunks = 0;

  const routeOf = (from: number, to: number): number => {
    if (from < 0 || to < 0) return -1;
    const key = from * 2 ** 22 + to;
    let route = routes.get(key);
    if (route === undefined) {
      route =
        routeNames.push(
          `${dictionaries.origin.texts[from]}–${dictionaries.destination.texts[to]}`,
        ) - 1;
      routes.set(key, route);
    }
    return route;
  };

  /** Places of a row in all groups, the same order as `by`. */
  const placesOf = (row: number, minute: number): readonly number[] => {
    const day = Math.floor(minute / MINUTES_PER_DAY);
    const isCounted = day >= 0 && day < MAX_DAYS;
    const hour = Math.floor(minuteOfDay(minute) / 60);
    const weekday = weekdayOf(day);
    return [
      hour,
      weekday,
      weekday * 24 + hour,
      isCounted ? day : -1,
      isCounted ? monthOf(day) : -1,
      codes.airline[row]!,
      codes.origin[row]!,
      codes.destination[row]!,
      routeOf(codes.origin[row]!, codes.destination[row]!),
    ];
  };
  const counters = Object.values(by);

  const append = (chunk: DuckDBDataChunk, layout: ChunkLayout): void => {
    const { columns: layoutColumns, nFields, hasRemark } = layout;
    const nRows = chunk.rowCount;
    nInChunks += nRows;
    const names = layoutColumns.slice(nFields).map(({ name }) => name);
    columns.append(chunk, 3 + nFields, names);
    const nKept = log.sift(chunk, hasRemark ? 3 + layoutColumns.length : undefined);
    let minutes: Int32Array | undefined;
    for (const name of CATEGORIES) codes[name].fill(-1, 0, nRows);
    layoutColumns.slice(0, nFields).forEach(({ name }, c) => {
      const vector = chunk.getColumnVector(3 + c);
      if (name === 'scheduledDeparture') minutes = intsOf(vector);
      else if (isCategory(name)) dictionaries[name].encodeInto(textsOf(vector), codes[name], 0);
    });
    const delays = floatsOf(chunk.getColumnVector(2));
    for (let k = 0; k < nKept; k++) {
      const row = log.kept[k]!;
      const minute = minutes![row]!;
      const delay = delays[row]!;
      const isLate = delay >= lateMinutes;
      const places = placesOf(row, minute);
      for (let g = 0; g < counters.length; g++) {
        const place = places[g]!;
        if (place >= 0) counters[g]!.add(place, delay, isLate);
      }
      delayCounts[Math.floor(delay) - FIRST_DELAY]!++;
      delaySum += delay;
      if (isLate) nLate++;
      const tail = codes.tailNumber[row]!;
      duplicates.add(
        [
          codes.airline[row]!,
          codes.flightNumber[row]!,
          codes.origin[row]!,
          codes.destination[row]!,
          minute,
        ],
        tail < 0 ? undefined : tail,
      );
    }
    nUsed += nKept;
    if (nKept === nRows) return;
    for (let row = 0; row < nRows; row++) {
      if (log.reasonOf(row) !== 'cancelled' || minutes![row] === NO_MINUTES) continue;
      const places = placesOf(row, minutes![row]!);
      for (let g = 0; g < counters.length; g++) {
        const place = places[g]!;
        if (place >= 0) counters[g]!.addCancelled(place);
      }
    }
  };

  const finish = ({ files, dialect, unused, notes }: FlightsRead): Omit<Profile, 'warnings'> => {
    if (nUsed === 0) throw new AppError('data-unfit', noneUsable(log, dialect.expects));
    const byDay = by.day.groups(dateText);
    const cells = new Map(by.cell.groups(String).map(({ name, late }) => [Number(name), late]));
    const named = (name: 'airline' | 'origin' | 'destination') =>
      byFlights(by[name].groups((code) => dictionaries[name].texts[code]!));
    return {
      files,
      dialect: dialect.name,
      target: dialect.target,
      lateMinutes,
      rows: { read: log.nRead(), rejected: log.nRead() - nUsed, used: nUsed },
      rejected: log.rejected(),
      examples: log.examples(),
      remarks: log.remarks(),
      unused,
      notes,
      duplicates: duplicates.finish(),
      columns: columns.columns(nInChunks),
      samples: columns.samples(),
      days: {
        first: byDay[0]?.name ?? '',
        last: byDay.at(-1)?.name ?? '',
        withFlights: byDay.length,
      },
      delay: {
        late: nLate / nUsed,
        meanMinutes: delaySum / nUsed,
        quantiles: quantilesOf(delayCounts, nUsed),
        histogram: histogramOf(delayCounts),
      },
      byHour: by.hour.groups(String),
      byWeekday: by.weekday.groups((weekday) => WEEKDAYS[weekday]!),
      byMonth: by.month.groups(monthText),
      byDay,
      byAirline: named('airline'),
      byOrigin: named('origin'),
      byDestination: named('destination'),
      byRoute: byFlights(by.route.groups((route) => routeNames[route]!)),
      lateByWeekdayAndHour: Array.from({ length: 7 * 24 }, (_, cell) => cells.get(cell) ?? null),
    };
  };

  return {
    log: {
      ...log,
      startFile: (file) => {
        log.startFile(file);
        duplicates.startFile(file);
      },
    },
    append,
    takesTexts: true,
    finish,
  };
};

const isCategory = (name: string): name is Category =>
  CATEGORIES.some((category) => category === name);

const quantilesOf = (counts: Float64Array, n: number) => {
  let place = 0;
  let nBelow = 0;
  return LEVELS.map((level) => {
    const wanted = Math.min(n - 1, Math.floor(level * n));
    while (nBelow + counts[place]! <= wanted) nBelow += counts[place++]!;
    return { level, minutes: place + FIRST_DELAY };
  });
};

const BIN_MINUTES = 10;
const MIN_MINUTES = -60;
const MAX_MINUTES = 300;

const histogramOf = (counts: Float64Array) => {
  const nBins = (MAX_MINUTES - MIN_MINUTES) / BIN_MINUTES + 1;
  const flights = new Float64Array(nBins);
  counts.forEach((n, place) => {
    const bin = Math.floor((place + FIRST_DELAY - MIN_MINUTES) / BIN_MINUTES);
    flights[Math.max(0, Math.min(nBins - 1, bin))]! += n;
  });
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
