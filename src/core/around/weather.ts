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
} & Readonly<Record<Observed, number>>;

/** Observations of one airport in time order, and what follows from them. */
interface Station {
  /** float64, shape (n): rising. */
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

/** The observations of each station; of two at one moment the later one counts. */
export const stationsOf = (observations: readonly Observation[]): Stations => {
  const own = new Map<string, Map<number, Observation>>();
  for (const observation of observations) {
    const { station, minutes } = observation;
    if (!own.has(station)) own.set(station, new Map());
    own.get(station)!.set(minutes, observation);
  }
  return new Map([...own].map(([name, of]) => [name, stationOf([...of.values()])]));
};

const stationOf = (unsorted: readonly Observation[]): Station => {
  const sorted = unsorted.toSorted((a, b) => a.minutes - b.minutes);
  const minutes = Float64Array.from(sorted, (one) => one.minutes);
  const observed = Object.fromEntries(
    OBSERVED.map((name) => [name, Float64Array.from(sorted, (one) => one[name])]),
  ) as Record<Observed, Float64Array>;
  const wind = observed.windSpeedMph.map((speed, i) =>
    Number.isNaN(observed.windGustMph[i]!) ? speed : observed.windGustMph[i]!,
  );
  const radians = observed.windDirectionDegrees.map((degrees) => (degrees * Math.PI) / 180);
  return {
    minutes,
    quantities: {
      ...observed,
      precipitation6hInches: fallen(minutes, observed.precipitationInches, 6),
      precipitation24hInches: fallen(minutes, observed.precipitationInches, 24),
      pressureTendencyMillibars: tendency(minutes, observed.pressureMillibars),
      windEastMph: wind.map((speed, i) => speed * Math.sin(radians[i]!)),
      windNorthMph: wind.map((speed, i) => speed * Math.cos(radians[i]!)),
    },
  };
};

/**
 * What fell in so many hours up to each observation. What a report gives is what fell since the hour began, so of several
 * in one hour the largest counts. NaN where no report of these hours has it.
 */
const fallen = (minutes: Float64Array, inches: Float64Array, nHours: number): Float64Array =>
  minutes.map((now, i) => {
    let [sum, hour, inHour, isKnown] = [0, Number.NaN, 0, false];
    for (let k = i; k >= 0 && now - minutes[k]! < 60 * nHours; k--) {
      const value = inches[k]!;
      if (Number.isNaN(value)) continue;
      isKnown = true;
      const own = Math.floor(minutes[k]! / 60);
      if (own !== hour) {
        sum += inHour;
        inHour = 0;
        hour = own;
      }
      inHour = Math.max(inHour, value);
    }
    return isKnown ? sum + inHour : Number.NaN;
  });

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

/** An airport's observations, and the clock that they are timed by where it is known. */
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
      const zone = Object.hasOwn(zones, airport) ? zones[airport] : undefined;
      place = {
        station: stations.get(airport),
        clock: typeof zone === 'string' ? zoneClockOf(zone) : undefined,
      };
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
    const newestOf = ({ station, clock }: Place): number => {
      if (station === undefined) return -1;
      const moment =
        departureUtc === undefined || clock === undefined
          ? departure - leadHours * 60
          : clock.passedBy(departureUtc - leadHours * 60);
      return placeAt(station, moment);
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
