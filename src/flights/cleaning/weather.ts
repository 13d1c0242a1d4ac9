/**
 * Observations of airports read from files, as the local clock of each shows them, and the flights that they belong to.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import type { Table } from '../../core/table.ts';
import {
  OBSERVED,
  type Observation,
  type Observed,
  type Stations,
  stationsOf,
  type Weather,
  type WeatherRule,
} from '../../core/around/weather.ts';
import { type ZoneClock, zoneClockOf } from '../../core/around/zone-clock.ts';
import { openSource } from '../reading/opening.ts';
import { blameFile, type Source } from '../reading/source.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { loadTable } from './load.ts';
import { openFlights } from './projection.ts';
import { type Candidate, candidatesOf, chooseQuantities } from './weather-columns.ts';
import {
  CLOUD_LAYERS,
  WEATHER_EXPECTED,
  type WeatherFormat,
  weatherFormatOf,
} from './weather-formats.ts';
import type { OwnColumn } from './own-columns.ts';
import type { TableBounds } from './table-builder.ts';

/** Where a station lies. */
interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}

interface Observations {
  readonly file: string;
  /** In the order of the file. */
  readonly observations: readonly Observation[];
  /** Of the stations whose place is known. */
  readonly coordinates: ReadonlyMap<string, Coordinates>;
  /** Time zones of the stations, where they are known. */
  readonly zones: ReadonlyMap<string, string>;
  /** How the file was read where it could have been otherwise, a sentence each. */
  readonly notes: readonly string[];
}

interface WeatherReading {
  /** Whose clock the moments are, where the format does not say it. */
  readonly weatherClock?: 'local' | 'utc' | undefined;
}

interface Place extends Coordinates {
  readonly iata: string;
  readonly icao: string;
  readonly zone: string;
}

/** Airports by both of their codes. */
const readPlaces = (): ReadonlyMap<string, Place> =>
  new Map(
    readFileSync(join(import.meta.dir, '../../../data/airport-places.tsv'), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [iata, icao, latitude, longitude, zone] = line.split('\t') as [
          ...[string, string, string, string, string],
        ];
        const place = { iata, icao, latitude: +latitude, longitude: +longitude, zone };
        return [iata, icao].filter((code) => code !== '').map((code) => [code, place] as const);
      }),
  );

let places: ReadonlyMap<string, Place> | undefined;

/** An airport by either code. The file is read where there is weather: the compiled executable does not hold it. */
const placeOf = (code: string): Place | undefined => {
  places ??= readPlaces();
  return places.get(code);
};

/**
 * Reads observations: nycflights13, METAR of the IEM, Meteostat, or names that say their units.
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken, columns-unknown, data-unfit
 */
export const loadWeather = async (
  file: string,
  { weatherClock }: WeatherReading = {},
): Promise<Observations> => {
  const database = await openFlights();
  try {
    const { connection } = database;
    const source = await openSource(database, file);
    const has = new Set(source.columns.map((column) => column.toLowerCase()));
    const format = weatherFormatOf(has);
    if (format === undefined)
      throw new AppError(
        'columns-unknown',
        `${file} holds no observations that are known: ${WEATHER_EXPECTED}; it has ${source.columns.join(', ')}`,
      );
    requireAll(file, format, has);
    const candidates = candidatesOf(format, has);
    const reader = await blameFile(file, () =>
      connection.runAndReadAll(sqlOf(source, format, has, candidates)),
    );
    const columns = reader.getColumns();
    if (columns.length === 0 || columns[0]!.length === 0)
      throw new AppError('file-empty', `${file} holds no observation`);
    const isUtc = (weatherClock ?? format.clock) === 'utc';
    const built = buildObservations(file, columns, candidates, isUtc);
    const unread = format.isOwn ? unreadOf(source.columns, format, candidates) : [];
    if (unread.length === 0) return built;
    const note = `${file}: not read: ${unread.join(', ')}; quantities are named as in ${EXAMPLES}`;
    return { ...built, notes: [...built.notes, note] };
  } finally {
    database.close();
  }
};

const EXAMPLES = 'windSpeedMph, wind_speed_kt, pressure_hpa, pressureInHg, precipitation_mm';
const ZONES = ['tz', 'timezone', 'zone', 'tzone'];
const LATITUDES = ['lat', 'latitude'];
const LONGITUDES = ['lon', 'longitude'];

/** Columns of a file that nothing is read from. */
const unreadOf = (
  columns: readonly string[],
  { needs, stations }: WeatherFormat,
  candidates: readonly Candidate[],
): readonly string[] => {
  const named = candidates.map(({ name }) => name);
  const layers = CLOUD_LAYERS.flatMap(({ cover, feet }) => [cover, feet]);
  const places = [...ZONES, ...LATITUDES, ...LONGITUDES];
  const read = new Set([...needs, ...stations, ...places, ...layers, ...named]);
  return columns.filter((column) => !read.has(column.toLowerCase()));
};

/** nycflights13 always has all of its columns: one that lacks some is another file. @throws AppError columns-unknown */
const requireAll = (file: string, format: WeatherFormat, has: ReadonlySet<string>): void => {
  if (format.name !== 'nycflights13') return;
  const wanted = [
    ...format.needs,
    ...Object.values(format.columns).flatMap((columns) => columns.map(({ column }) => column)),
  ];
  const missing = wanted.filter((column) => !has.has(column));
  if (missing.length > 0)
    throw new AppError(
      'columns-unknown',
      `${file}: hourly weather needs the columns ${wanted.join(', ')}; missing are ${missing.join(', ')}`,
    );
};

/** station, zone, latitude, longitude, minutes, isZoned, then the candidates in their order. */
const sqlOf = (
  source: Source,
  format: WeatherFormat,
  has: ReadonlySet<string>,
  candidates: readonly Candidate[],
): string => {
  const { file, from } = source;
  const named = format.stations.find((column) => has.has(column));
  const first = (names: readonly string[], or: string): string =>
    names.find((name) => has.has(name)) ?? or;
  const zone = first(ZONES, 'NULL');
  const station = named ? `"${named}"::VARCHAR` : `'${stationOfFile(file).replaceAll("'", "''")}'`;
  const moment = format.needs.includes('valid') ? 'valid' : has.has('time') ? '"time"' : 'NULL';
  return `
    SELECT ${station} AS station, ${zone}::VARCHAR AS zone,
           try_cast(${first(LATITUDES, 'NULL')} AS DOUBLE), try_cast(${first(LONGITUDES, 'NULL')} AS DOUBLE),
           epoch(${format.moment})::DOUBLE / 60 AS minutes,
           coalesce(regexp_matches(${moment}::VARCHAR, '(Z|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})$') AND ${moment}::VARCHAR LIKE '%:%', false) AS zoned,
           ${candidates.map(({ sql }) => sql).join(', ')}
    FROM ${from} WHERE station IS NOT NULL AND minutes IS NOT NULL`;
};

/** A file of one station is named by it. */
const stationOfFile = (file: string): string => basename(file).replace(/\..*$/, '').toUpperCase();

const buildObservations = (
  file: string,
  columns: readonly (readonly unknown[])[],
  candidates: readonly Candidate[],
  isUtc: boolean,
): Observations => {
  const [names, ownZones, latitudes, longitudes, moments, zoned, ...read] = columns;
  const coordinates = new Map<string, Coordinates>();
  const zones = new Map<string, string>();
  const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);
  const stations = names!.map(String);
  const minutes = moments!.map(numberOf);
  const values = read.map((column) => Float64Array.from(column, numberOf));
  const quantities = chooseQuantities(candidates, { stations, minutes, values });
  const observations = stations.map((station, row): Observation => {
    const place = placeOf(station);
    const [latitude, longitude] = [numberOf(latitudes![row]), numberOf(longitudes![row])];
    const own = Number.isNaN(latitude) || Number.isNaN(longitude) ? place : { latitude, longitude };
    if (own) coordinates.set(station, own);
    const measured = Object.fromEntries(
      OBSERVED.map((quantity) => [quantity, quantities.columns[quantity][row]!]),
    ) as Record<Observed, number>;
    const moment = minutes[row]!;
    const named = ownZones![row];
    const zone = typeof named === 'string' ? named : place?.zone;
    if (zone !== undefined && zoneClockOf(zone) !== undefined) zones.set(station, zone);
    if (!isUtc && zoned![row] !== true) return { station, minutes: moment, ...measured };
    if (zone === undefined)
      throw new AppError(
        'data-unfit',
        `${file}: the moments of ${station} are in UTC, and its time zone is not known; give a column tz (Europe/Dublin), or --weather-clock local if they are local already`,
      );
    const local = clockOf(file, zone).toLocal(moment);
    return { station, minutes: local, utcMinutes: moment, ...measured };
  });
  return {
    ...{ file, observations, coordinates, zones },
    notes: quantities.notes.map((note) => `${file}: ${note}`),
  };
};

/** @throws AppError data-unfit */
const clockOf = (file: string, zone: string): ZoneClock => {
  const clock = zoneClockOf(zone);
  if (clock === undefined)
    throw new AppError(
      'data-unfit',
      `${file}: ${zone} is not a time zone; one such as Europe/Dublin is expected`,
    );
  return clock;
};

/** Stations that flights may name by either code. */
const withBothCodes = (stations: Stations): Stations => {
  const both = new Map(stations);
  for (const [name, station] of stations) {
    const place = placeOf(name);
    for (const code of place ? [place.iata, place.icao] : [])
      if (code !== '' && !both.has(code)) both.set(code, station);
  }
  return both;
};

/** Airports so near share their weather. */
const NEAR_KM = 100;

/** The stations near each of these airports, by name. */
const neighboursOf = (
  airports: readonly string[],
  { coordinates }: Observations,
): WeatherRule['neighbours'] =>
  Object.fromEntries(
    airports.flatMap((airport) => {
      const own = coordinates.get(airport) ?? placeOf(airport);
      if (own === undefined) return [];
      const names = [placeOf(airport)?.iata, placeOf(airport)?.icao, airport];
      const near = [...coordinates]
        .filter(([name, place]) => !names.includes(name) && distanceKm(own, place) <= NEAR_KM)
        .map(([name]) => name)
        .sort();
      return near.length === 0 ? [] : [[airport, near]];
    }),
  );

const EARTH_KM = 6371;

/** @source haversine */
const distanceKm = (a: Coordinates, b: Coordinates): number => {
  const radians = Math.PI / 180;
  const half = (degrees: number): number => Math.sin((degrees * radians) / 2) ** 2;
  const share =
    half(b.latitude - a.latitude) +
    Math.cos(a.latitude * radians) *
      Math.cos(b.latitude * radians) *
      half(b.longitude - a.longitude);
  return 2 * EARTH_KM * Math.asin(Math.sqrt(share));
};

/** Time zones of those airports that the observations, or the world's list of airports, know. */
const zonesOf = (
  airports: Iterable<string>,
  { zones }: Observations,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...new Set(airports)].flatMap((airport) => {
      const zone = zones.get(airport) ?? placeOf(airport)?.zone;
      return zone === undefined ? [] : [[airport, zone]];
    }),
  );

/** How a model would see these observations that begins to look at the weather around such flights. */
export const weatherRuleOf = (
  observations: Observations,
  leadHours: number,
  { origins, destinations }: Readonly<Record<'origins' | 'destinations', readonly string[]>>,
): WeatherRule => {
  const neighbours = neighboursOf(origins, observations);
  const airports = [...origins, ...destinations, ...Object.values(neighbours).flat()];
  return { leadHours, neighbours, zones: zonesOf(airports, observations) };
};

/** The observations as a model sees them: by the time zones that it knows. */
export const weatherBy = (
  rule: WeatherRule,
  { observations }: Pick<Observations, 'observations'>,
  leadHours: number,
): Weather => {
  const zones = zonesOfStations(
    new Set(observations.map(({ station }) => station)),
    rule.zones ?? {},
  );
  return { ...rule, leadHours, stations: withBothCodes(stationsOf(observations, zones)) };
};

/** Zones of stations, also of those that the zones have by the other code. */
const zonesOfStations = (
  stations: Iterable<string>,
  zones: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...stations].flatMap((station) => {
      const place = placeOf(station);
      const known = [station, place?.iata, place?.icao].find(
        (code) => code !== undefined && Object.hasOwn(zones, code),
      );
      return known === undefined ? [] : [[station, zones[known]!]];
    }),
  );

/**
 * The table with the weather around its flights.
 * @param rule how a model that is asked sees weather; by default as one that is learned from these flights
 */
export const joinWeather = (
  table: Table,
  observations: Observations,
  leadHours: number,
  rule?: WeatherRule,
): Table => {
  const { origin, destination } = table.columns;
  if (origin?.kind !== 'category') {
    throw new AppError(
      'data-unfit',
      'weather is joined at the origin, which these flights do not have',
    );
  }
  const destinations = destination?.kind === 'category' ? destination.values : [];
  const weather = weatherBy(
    rule ?? weatherRuleOf(observations, leadHours, { origins: origin.values, destinations }),
    observations,
    leadHours,
  );
  const notes = [...(table.source.notes ?? []), ...observations.notes];
  return {
    ...table,
    source: { ...table.source, notes },
    surroundings: { ...table.surroundings, weather },
  };
};

/** How long before departure the weather is known, unless the caller or the model says otherwise. */
export const LEAD_HOURS = 3;

export interface FlightsOptions extends ReadingOptions, WeatherReading, TableBounds {
  /** Observations to join, taken `leadHours` before departure. */
  readonly weather?: string | undefined;
  readonly leadHours?: number | undefined;
  /** How the model that is asked sees weather. */
  readonly rule?: WeatherRule | undefined;
  /** What a model asks, of which the files may have columns by name. */
  readonly asked?: readonly Input[] | undefined;
  /** Columns that the user names as known before departure. */
  readonly columns?: readonly OwnColumn[] | undefined;
}

/** The flights of the files, with weather where a file of it is named. @throws AppError as `loadTable` and `loadWeather` do */
export const loadFlights = async (
  files: readonly string[],
  { weather, leadHours, rule, weatherClock, ...reading }: FlightsOptions,
): Promise<Table> => {
  const table = await loadTable(files, reading);
  if (weather === undefined) return table;
  const lead = leadHours ?? rule?.leadHours ?? LEAD_HOURS;
  const observations = await loadWeather(weather, { weatherClock });
  return joinWeather(table, observations, lead, rule);
};
