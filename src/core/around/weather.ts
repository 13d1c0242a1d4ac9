/**
 * Weather as it is known before departure: observations of airports, and what of them a flight may see. Training, scoring
 * of files and the service all look here, so that they see the same to the bit.
 */
import type { FieldName } from '../flight.ts';
import { type ZoneClock, zoneClockOf } from './zone-clock.ts';

/** What a station observes. */
export const OBSERVED = [
  'temperatureF',
  'dewPointF',
  'humidityPercent',
  'windDirectionDegrees',
  'windSpeedMph',
  'windGustMph',
  'precipitationInches',
  'pressureMillibars',
  'visibilityMiles',
  'ceilingFeet',
] as const satisfies readonly FieldName[];
export type Observed = (typeof OBSERVED)[number];

/** What follows from its observations up to then. */
const DERIVED = [
  'precipitation6hInches',
  'precipitation24hInches',
  'pressureTendencyMillibars',
  'windEastMph',
  'windNorthMph',
] as const satisfies readonly FieldName[];
type Derived = (typeof DERIVED)[number];
type Quantity = Observed | Derived;

/** Where a field is observed, and what it is there. */
interface Source {
  readonly at: 'origin' | 'nearby' | 'destination';
  readonly quantity: Quantity;
}

const NEARBY = {
  nearbyPrecipitationInches: 'precipitationInches',
  nearbyPrecipitation6hInches: 'precipitation6hInches',
  nearbyPrecipitation24hInches: 'precipitation24hInches',
  nearbyVisibilityMiles: 'visibilityMiles',
  nearbyWindSpeedMph: 'windSpeedMph',
  nearbyPressureTendencyMillibars: 'pressureTendencyMillibars',
} as const satisfies Partial<Record<FieldName, Quantity>>;

const AT_DESTINATION = {
  destinationTemperatureF: 'temperatureF',
  destinationWindSpeedMph: 'windSpeedMph',
  destinationWindGustMph: 'windGustMph',
  destinationPrecipitationInches: 'precipitationInches',
  destinationPrecipitation6hInches: 'precipitation6hInches',
  destinationVisibilityMiles: 'visibilityMiles',
  destinationCeilingFeet: 'ceilingFeet',
} as const satisfies Partial<Record<FieldName, Quantity>>;

const sourcesOf = (
  at: Source['at'],
  fields: Readonly<Partial<Record<FieldName, Quantity>>>,
): readonly (readonly [FieldName, Source])[] =>
  Object.entries(fields).map(([name, quantity]) => [name as FieldName, { at, quantity }]);

const SOURCES: ReadonlyMap<string, Source> = new Map([
  ...[...OBSERVED, ...DERIVED].map((name) => [name, { at: 'origin', quantity: name }] as const),
  ...sourcesOf('nearby', NEARBY),
  ...sourcesOf('destination', AT_DESTINATION),
]);

/** The fields that weather fills. */
export const WEATHER_FIELDS = [...SOURCES.keys()] as readonly FieldName[];

/** Where and when; what a station did not measure is NaN. */
export type Observation = {
  readonly station: string;
  /** Local minutes since 1970-01-01T00:00. */
  readonly minutes: number;
  /** The same moment in UTC, where the source says it. */
  readonly utcMinutes?: number;
} & Readonly<Record<Observed, number>>;

/** Observations of one airport in time order, and what follows from them. */
interface Station {
  /** Undefined where the zone is not known: then moments are what the clock shows. */
  readonly clock: ZoneClock | undefined;
  /** float64, shape (n): rising; UTC where the clock is known, so that a day of 23 or 25 hours has as many. */
  readonly minutes: Float64Array;
  /** float64, shape (n) each. */
  readonly quantities: Readonly<Record<Quantity, Float64Array>>;
}

export type Stations = ReadonlyMap<string, Station>;

/** How a model sees weather: what is joined is a matter of these two only. */
export interface WeatherRule {
  /** How long before departure the weather is known. */
  readonly leadHours: number;
  /** Airports near each origin. */
  readonly neighbours: Readonly<Record<string, readonly string[]>>;
  /**
   * Time zones of airports, those that are known: so long before departure is a matter of time, not of what two clocks
   * show. An airport without one is taken to share the other's clock. Absent in files of older versions, which compare
   * what the clocks show.
   */
  readonly zones?: Readonly<Record<string, string>>;
}

export interface Weather extends WeatherRule {
  readonly stations: Stations;
}

/** What of the weather around some flights a model keeps. */
export const ruleOf = ({ leadHours, neighbours, zones }: Weather): WeatherRule => ({
  ...{ leadHours, neighbours },
  ...(zones && { zones }),
});

/** An observation older than this, counted from the moment of the forecast, is no longer the weather. */
const OLDEST_MINUTES = 6 * 60;
/** The pressure now and three hours ago may be so old. */
const PRESSURE_MINUTES = 2 * 60;
const TENDENCY_MINUTES = 3 * 60;

/** The observations of each station; of two at one moment the later one counts. @param zones those of stations that are known */
export const stationsOf = (
  observations: Iterable<Observation>,
  zones: WeatherRule['zones'] = {},
): Stations => {
  const work = stationsInTurns(observations, zones);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
};

/** So many values are made in some milliseconds, by code that runs for the first time. */
const VALUES_AT_ONCE = 8192;

/** Observations of days that nobody has asked a clock about are placed in a millisecond. */
const PLACED_AT_ONCE = 64;

/** The same; it stops between slices of the work, so that others can be answered. */
export function* stationsInTurns(
  observations: Iterable<Observation>,
  zones: WeatherRule['zones'] = {},
): Generator<void, Stations> {
  const own = new Map<string, Timeline>();
  let nPlaced = 0;
  for (const observation of observations) {
    if (++nPlaced % PLACED_AT_ONCE === 0) yield;
    const { station } = observation;
    let timeline = own.get(station);
    if (timeline === undefined) {
      timeline = { clock: clockOf(station, zones), of: new Map() };
      own.set(station, timeline);
    }
    timeline.of.set(momentIn(timeline, observation), observation);
  }
  const stations = new Map<string, Station>();
  let nValues = 0;
  for (const [name, timeline] of own) {
    const making = stationInTurns(timeline);
    for (;;) {
      const { done, value } = making.next();
      nValues += timeline.of.size;
      if (nValues >= VALUES_AT_ONCE) {
        nValues = 0;
        yield;
      }
      if (!done) continue;
      stations.set(name, value);
      break;
    }
  }
  return stations;
}

/** Observations of a station by their moments, UTC where its clock is known. */
interface Timeline {
  readonly clock: ZoneClock | undefined;
  readonly of: Map<number, Observation>;
}

const clockOf = (airport: string, zones: WeatherRule['zones'] = {}): ZoneClock | undefined => {
  const zone = Object.hasOwn(zones, airport) ? zones[airport] : undefined;
  return typeof zone === 'string' ? zoneClockOf(zone) : undefined;
};

/**
 * When something was observed. A time that the clock showed twice is the first of the two if the source has a second one,
 * else the second: nothing is known too early.
 */
const momentIn = ({ clock, of }: Timeline, { minutes, utcMinutes }: Observation): number => {
  if (clock === undefined) return minutes;
  if (utcMinutes !== undefined) return utcMinutes;
  const last = clock.toLastUtc(minutes);
  const first = clock.toUtc(minutes);
  const earlier = first === last ? undefined : of.get(last);
  // The one that was there is the first of the two.
  if (earlier?.minutes === minutes && earlier.utcMinutes === undefined && !of.has(first))
    of.set(first, earlier);
  return last;
};

/** Stops after each quantity. */
function* stationInTurns({ clock, of }: Timeline): Generator<void, Station> {
  const sorted = [...of].sort(([a], [b]) => a - b);
  const columnOf = (read: (entry: readonly [number, Observation]) => number): Float64Array => {
    const column = new Float64Array(sorted.length);
    for (let i = 0; i < column.length; i++) column[i] = read(sorted[i]!);
    return column;
  };
  const minutes = columnOf(([moment]) => moment);
  /** The hours of the clock, also where it is half an hour from UTC; an hour that comes twice is two. */
  const hours = columnOf(([moment, { minutes: local }]) =>
    Math.floor((moment + pastHour(moment, local)) / 60),
  );
  const observed: Partial<Record<Observed, Float64Array>> = {};
  for (const name of OBSERVED) {
    yield;
    observed[name] = columnOf(([, observation]) => observation[name]);
  }
  const { windSpeedMph, windGustMph, windDirectionDegrees, precipitationInches, ...others } =
    observed as Record<Observed, Float64Array>;
  const wind = windSpeedMph.map((speed, i) =>
    Number.isNaN(windGustMph[i]!) ? speed : windGustMph[i]!,
  );
  const radians = windDirectionDegrees.map((degrees) => (degrees * Math.PI) / 180);
  yield;
  const windEastMph = wind.map((speed, i) => speed * Math.sin(radians[i]!));
  yield;
  const windNorthMph = wind.map((speed, i) => speed * Math.cos(radians[i]!));
  yield;
  const precipitation6hInches = fallen({ minutes, hours }, precipitationInches, 6);
  yield;
  const precipitation24hInches = fallen({ minutes, hours }, precipitationInches, 24);
  yield;
  const pressureTendencyMillibars = tendency(minutes, others.pressureMillibars);
  return {
    ...{ clock, minutes },
    quantities: {
      ...others,
      ...{ windSpeedMph, windGustMph, windDirectionDegrees, precipitationInches },
      ...{ windEastMph, windNorthMph, precipitation6hInches, precipitation24hInches },
      pressureTendencyMillibars,
    },
  };
}

/** Minutes that the clock is past the hour when it is one in UTC. */
const pastHour = (moment: number, local: number): number => {
  const offset = local - moment;
  return offset - 60 * Math.floor(offset / 60);
};

/** Moments of observations, and the hours that they fall in: float64, shape (n) each. */
interface Hourly {
  readonly minutes: Float64Array;
  readonly hours: Float64Array;
}

/**
 * What fell in so many hours up to each observation. What a report gives is what fell since the hour began, so of several
 * in one hour the largest counts. NaN where no report of these hours has it.
 * @cost a step for each observation and hour, however many observations an hour has
 */
const fallen = ({ minutes, hours }: Hourly, inches: Float64Array, nHours: number): Float64Array => {
  const { firsts, upTo, from } = hoursOf(hours, inches);
  const sums = new Float64Array(minutes.length);
  let oldest = 0;
  let lastKnown = -1;
  for (let i = 0; i < minutes.length; i++) {
    while (minutes[i]! - minutes[oldest]! >= 60 * nHours) oldest++;
    if (!Number.isNaN(inches[i]!)) lastKnown = i;
    let sum = upTo[i]!;
    for (let last = firsts[i]! - 1; last >= oldest; last = firsts[last]! - 1)
      sum += firsts[last]! >= oldest ? upTo[last]! : from[oldest]!;
    sums[i] = lastKnown >= oldest ? sum : Number.NaN;
  }
  return sums;
};

/** Of each observation: the first one of its hour, and the largest value of its hour up to it and from it on. */
const hoursOf = (
  hours: Float64Array,
  inches: Float64Array,
): { firsts: Int32Array; upTo: Float64Array; from: Float64Array } => {
  const n = hours.length;
  const firsts = new Int32Array(n);
  const [upTo, from] = [new Float64Array(n), new Float64Array(n)];
  const known = (i: number): number => (Number.isNaN(inches[i]!) ? 0 : inches[i]!);
  for (let i = 0; i < n; i++) {
    const isFirst = i === 0 || hours[i] !== hours[i - 1];
    firsts[i] = isFirst ? i : firsts[i - 1]!;
    upTo[i] = Math.max(isFirst ? 0 : upTo[i - 1]!, known(i));
  }
  for (let i = n - 1; i >= 0; i--)
    from[i] = Math.max(hours[i] === hours[i + 1] ? from[i + 1]! : 0, known(i));
  return { firsts, upTo, from };
};

const tendency = (minutes: Float64Array, pressures: Float64Array): Float64Array => {
  const pressureAt = (moment: number): number => {
    for (let k = lastUpTo(minutes, moment); k >= 0; k--) {
      if (moment - minutes[k]! > PRESSURE_MINUTES) break;
      if (!Number.isNaN(pressures[k]!)) return pressures[k]!;
    }
    return Number.NaN;
  };
  return minutes.map((now) => pressureAt(now) - pressureAt(now - TENDENCY_MINUTES));
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

/** The fields of a flight that some observation fills, among flights to these destinations. */
export const fieldsOf = (
  { stations, neighbours }: Weather,
  destinations: ReadonlySet<string>,
): readonly FieldName[] => {
  const isMeasured = (quantity: Quantity, names: Iterable<string>): boolean => {
    for (const name of names)
      if (stations.get(name)?.quantities[quantity].some((value) => !Number.isNaN(value)))
        return true;
    return false;
  };
  const near = new Set(Object.values(neighbours).flat());
  const where = { origin: stations.keys().toArray(), nearby: near, destination: destinations };
  return [...SOURCES].flatMap(([name, { at, quantity }]) =>
    isMeasured(quantity, where[at]) ? [name as FieldName] : [],
  );
};

/** The newest usable observation of a station at a moment, -1 where there is none. */
const placeAt = (station: Station | undefined, moment: number): number => {
  if (station === undefined) return -1;
  const at = lastUpTo(station.minutes, moment);
  return at >= 0 && moment - station.minutes[at]! <= OLDEST_MINUTES ? at : -1;
};

/** What a flight sees of the weather: a number for each of the fields, in their order, NaN where nothing is known. */
type WeatherOfFlight = (
  origin: string | undefined,
  destination: string | undefined,
  departure: number,
) => Float64Array;

/** An airport's observations, and the clock that its departures are timed by where it is known. */
interface Place {
  readonly station: Station | undefined;
  readonly clock: ZoneClock | undefined;
}

/** The same array is filled at each call. A flight never sees an observation taken later than the lead allows. */
export const buildWeatherOf = (
  { stations, leadHours, neighbours, zones = {} }: Weather,
  fields: readonly string[],
): WeatherOfFlight => {
  const sources = fields.map((name) => SOURCES.get(name)!);
  const values = new Float64Array(fields.length);
  const places = new Map<string, Place>();
  const placeOf = (airport: string): Place => {
    let place = places.get(airport);
    if (place === undefined) {
      place = { station: stations.get(airport), clock: clockOf(airport, zones) };
      places.set(airport, place);
    }
    return place;
  };
  const near = new Map(
    Object.entries(neighbours).map(([origin, names]) => [
      origin,
      names.map(placeOf).filter(({ station }) => station !== undefined),
    ]),
  );
  const isNearAsked = sources.some(({ at }) => at === 'nearby');
  const isDestinationAsked = sources.some(({ at }) => at === 'destination');
  return (origin, destination, departure) => {
    const own = origin === undefined ? NOWHERE : placeOf(origin);
    const departureUtc = own.clock?.toUtc(departure);
    /** The newest observation of an airport that is known in time. */
    const newestOf = ({ station }: Place): number => {
      if (station === undefined) return -1;
      const { clock } = station;
      const left = clock ? (departureUtc ?? clock.toUtc(departure)) : departure;
      return placeAt(station, left - leadHours * 60);
    };
    const ownAt = newestOf(own);
    const around = isNearAsked && origin !== undefined ? (near.get(origin) ?? []) : [];
    const aroundAt = around.map(newestOf);
    const there = isDestinationAsked && destination !== undefined ? placeOf(destination) : NOWHERE;
    const thereAt = newestOf(there);
    sources.forEach(({ at, quantity }, f) => {
      if (at === 'origin')
        values[f] = ownAt < 0 ? Number.NaN : own.station!.quantities[quantity][ownAt]!;
      else if (at === 'destination')
        values[f] = thereAt < 0 ? Number.NaN : there.station!.quantities[quantity][thereAt]!;
      else values[f] = meanOf(around, aroundAt, quantity);
    });
    return values;
  };
};

const NOWHERE: Place = { station: undefined, clock: undefined };

const meanOf = (places: readonly Place[], at: readonly number[], quantity: Quantity): number => {
  let [sum, n] = [0, 0];
  for (let s = 0; s < places.length; s++) {
    const value = at[s]! < 0 ? Number.NaN : places[s]!.station!.quantities[quantity][at[s]!]!;
    if (Number.isNaN(value)) continue;
    sum += value;
    n++;
  }
  return n === 0 ? Number.NaN : sum / n;
};
