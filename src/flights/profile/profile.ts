/**
 * What flight files hold: rows, nulls, rejects by reason, distributions, delay by hour, airline, route and month.
 */
import { MS_PER_DAY, dayOf, minuteOfDay, weekdayOf } from '../../core/calendar.ts';
import { departuresOf, type RejectExample, type Table } from '../../core/table.ts';
import { describeColumns, type SourceColumn } from './columns.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { loadTable } from '../cleaning/load.ts';

/** Flights that share something. */
export interface Group {
  readonly name: string;
  readonly flights: number;
  /** Share that was late. */
  readonly late: number;
  readonly meanDelayMinutes: number;
}

export interface Profile {
  readonly files: readonly string[];
  readonly dialect: string;
  readonly target: 'arrival' | 'departure';
  readonly lateMinutes: number;
  readonly rows: { readonly read: number; readonly rejected: number; readonly used: number };
  /** Rows that cannot be used, by reason; sums to `rows.rejected`. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Up to three of each reason. */
  readonly examples: Readonly<Record<string, readonly RejectExample[]>>;
  /** Rows that are used although something about them is odd, counted by what. */
  readonly remarks: Readonly<Record<string, number>>;
  /** Columns that the dialect does not read. */
  readonly unused: readonly string[];
  /** How the files were read where it could have been otherwise, a sentence each. */
  readonly notes: readonly string[];
  readonly columns: readonly SourceColumn[];
  readonly days: { readonly first: string; readonly last: string; readonly withFlights: number };
  readonly delay: {
    readonly late: number;
    readonly meanMinutes: number;
    /** Minutes at levels of the distribution. */
    readonly quantiles: readonly { readonly level: number; readonly minutes: number }[];
    /** Flights by delay, bins of ten minutes from -60 to 300, the ends open. */
    readonly histogram: readonly { readonly fromMinutes: number; readonly flights: number }[];
  };
  readonly byHour: readonly Group[];
  readonly byWeekday: readonly Group[];
  readonly byMonth: readonly Group[];
  readonly byDay: readonly Group[];
  readonly byAirline: readonly Group[];
  readonly byOrigin: readonly Group[];
  readonly byDestination: readonly Group[];
  readonly byRoute: readonly Group[];
  /** Share that was late, row-major, shape (7 weekdays from Monday, 24 hours); null where nothing flew. */
  readonly lateByWeekdayAndHour: readonly (number | null)[];
}

interface ProfileOptions extends ReadingOptions {
  readonly lateMinutes: number;
}

/**
 * Reads the files once for the flights and once for their columns.
 * @throws AppError as `loadTable` does
 */
export const profileFiles = async (
  patterns: readonly string[],
  options: ProfileOptions,
): Promise<Profile> => {
  const table = await loadTable(patterns, options);
  const columns = await describeColumns(table.source.files, options);
  return { ...profileTable(table, options.lateMinutes), columns };
};

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const LEVELS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.99, 1];

/** What the usable flights look like. */
const profileTable = (table: Table, lateMinutes: number): Omit<Profile, 'columns'> => {
  const { nRows, delayMinutes, source } = table;
  const departures = departuresOf(table);
  const days = Int32Array.from(departures, dayOf);
  const hours = Int32Array.from(departures, (minutes) => Math.floor(minuteOfDay(minutes) / 60));
  const weekdays = days.map(weekdayOf);
  const firstDay = days.reduce((first, day) => Math.min(first, day), days[0]!);
  const lastDay = days.reduce((last, day) => Math.max(last, day), days[0]!);
  const group = (codes: Int32Array, names: readonly string[]): readonly Group[] =>
    groupFlights(codes, names, delayMinutes, lateMinutes);
  const byDay = group(
    days.map((day) => day - firstDay),
    Array.from({ length: lastDay - firstDay + 1 }, (_, i) => dateText(firstDay + i)),
  );
  const months = [...new Set(byDay.map(({ name }) => name.slice(0, 7)))];
  const monthOfDay = new Map(byDay.map(({ name }) => [name, months.indexOf(name.slice(0, 7))]));
  const hourNames = Array.from({ length: 24 }, (_, hour) => String(hour));
  const cells = groupsInto(
    weekdays.map((weekday, row) => weekday * 24 + hours[row]!),
    7 * 24,
    delayMinutes,
    lateMinutes,
  );
  const sorted = Float32Array.from(delayMinutes).sort();
  const nLate = delayMinutes.reduce((n, delay) => n + (delay >= lateMinutes ? 1 : 0), 0);
  return {
    files: source.files,
    dialect: source.dialect,
    target: source.target,
    lateMinutes,
    rows: { read: source.nRowsRead, rejected: source.nRowsRead - nRows, used: nRows },
    rejected: source.rejected,
    examples: source.examples ?? {},
    remarks: source.remarks ?? {},
    unused: source.unused ?? [],
    notes: source.notes ?? [],
    days: { first: dateText(firstDay), last: dateText(lastDay), withFlights: byDay.length },
    delay: {
      late: nLate / nRows,
      meanMinutes: delayMinutes.reduce((sum, delay) => sum + delay, 0) / nRows,
      quantiles: LEVELS.map((level) => ({
        level,
        minutes: sorted[Math.min(nRows - 1, Math.floor(level * nRows))]!,
      })),
      histogram: histogramOf(delayMinutes),
    },
    byHour: group(hours, hourNames),
    byWeekday: group(weekdays, WEEKDAYS),
    byMonth: group(
      days.map((day) => monthOfDay.get(dateText(day))!),
      months,
    ),
    byDay,
    ...groupsOfCategories(table, group),
    lateByWeekdayAndHour: Array.from(cells.flights, (n, cell) =>
      n > 0 ? cells.late[cell]! / n : null,
    ),
  };
};

type GroupBy = (codes: Int32Array, names: readonly string[]) => readonly Group[];

const groupsOfCategories = ({ columns, nRows }: Table, group: GroupBy) => {
  const of = (field: 'airline' | 'origin' | 'destination'): readonly Group[] => {
    const column = columns[field];
    return column?.kind === 'category' ? byFlights(group(column.codes, column.values)) : [];
  };
  const { origin, destination } = columns;
  const routes = new Map<number, number>();
  const routeNames: string[] = [];
  const routeCodes = new Int32Array(nRows).fill(-1);
  if (origin?.kind === 'category' && destination?.kind === 'category') {
    const nDestinations = destination.values.length;
    for (let row = 0; row < nRows; row++) {
      const [from, to] = [origin.codes[row]!, destination.codes[row]!];
      if (from < 0 || to < 0) continue;
      const key = from * nDestinations + to;
      let route = routes.get(key);
      if (route === undefined) {
        route = routeNames.push(`${origin.values[from]}–${destination.values[to]}`) - 1;
        routes.set(key, route);
      }
      routeCodes[row] = route;
    }
  }
  return {
    byAirline: of('airline'),
    byOrigin: of('origin'),
    byDestination: of('destination'),
    byRoute: byFlights(group(routeCodes, routeNames)),
  };
};

const byFlights = (groups: readonly Group[]): readonly Group[] =>
  [...groups].sort((a, b) => b.flights - a.flights || (a.name < b.name ? -1 : 1));

const groupsInto = (
  codes: Int32Array,
  nGroups: number,
  delayMinutes: Float32Array,
  lateMinutes: number,
) => {
  const flights = new Int32Array(nGroups);
  const late = new Int32Array(nGroups);
  const delaySum = new Float64Array(nGroups);
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    if (code < 0) continue;
    flights[code]!++;
    delaySum[code]! += delayMinutes[row]!;
    if (delayMinutes[row]! >= lateMinutes) late[code]!++;
  }
  return { flights, late, delaySum };
};

/** Groups that have flights, in the order of their codes. */
const groupFlights = (
  codes: Int32Array,
  names: readonly string[],
  delayMinutes: Float32Array,
  lateMinutes: number,
): readonly Group[] => {
  const { flights, late, delaySum } = groupsInto(codes, names.length, delayMinutes, lateMinutes);
  return names.flatMap((name, code) => {
    const n = flights[code]!;
    return n === 0
      ? []
      : [{ name, flights: n, late: late[code]! / n, meanDelayMinutes: delaySum[code]! / n }];
  });
};

const BIN_MINUTES = 10;
const MIN_MINUTES = -60;
const MAX_MINUTES = 300;

const histogramOf = (delayMinutes: Float32Array) => {
  const nBins = (MAX_MINUTES - MIN_MINUTES) / BIN_MINUTES + 1;
  const flights = new Int32Array(nBins);
  for (const delay of delayMinutes) {
    const bin = Math.floor((delay - MIN_MINUTES) / BIN_MINUTES);
    flights[Math.max(0, Math.min(nBins - 1, bin))]!++;
  }
  return Array.from(flights, (n, bin) => ({
    fromMinutes: MIN_MINUTES + bin * BIN_MINUTES,
    flights: n,
  }));
};

const dateText = (day: number): string => new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
