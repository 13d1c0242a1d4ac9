/**
 * A flight as it is known before departure: the names, kinds and units of everything a model may ask for, and what files call
 * them.
 */

export type InputKind = 'category' | 'number' | 'time';

interface Field {
  readonly kind: InputKind;
  /** Unit of a number. */
  readonly unit?: string;
  readonly description: string;
}

/**
 * The permit-list: every field here is known from the schedule (or, for weather, from an observation
 * taken a stated lead time before departure). What is known only later is not a field.
 * A `time` is local at the airport, ISO 8601 without zone, held as minutes since 1970-01-01T00:00.
 */
export const FIELDS = {
  airline: { kind: 'category', description: 'Airline, by its IATA code where the source has it' },
  flightNumber: { kind: 'category', description: 'Flight number' },
  tailNumber: { kind: 'category', description: 'Registration of the aircraft, if known' },
  origin: { kind: 'category', description: 'Airport of departure' },
  destination: { kind: 'category', description: 'Airport or city of arrival' },
  terminal: { kind: 'category', description: 'Terminal of departure' },
  scheduledDeparture: {
    kind: 'time',
    description: 'Scheduled departure, local time at the origin',
  },
  scheduledArrival: {
    kind: 'time',
    description: 'Scheduled arrival, local time at the destination',
  },
  distanceMiles: { kind: 'number', unit: 'miles', description: 'Distance of the route' },
  originHourDepartures: {
    kind: 'number',
    unit: 'flights',
    description: 'Departures scheduled at the origin in that hour',
  },
  originNearDepartures: {
    kind: 'number',
    unit: 'flights',
    description: 'Departures at the origin in that hour, the one before and the one after',
  },
  originDayDepartures: {
    kind: 'number',
    unit: 'flights',
    description: 'Departures at the origin on that day',
  },
  originEarlierDepartures: {
    kind: 'number',
    unit: 'flights',
    description: 'Departures at the origin in the hours of the day before',
  },
  airlineHourDepartures: {
    kind: 'number',
    unit: 'flights',
    description:
      "Departures of the airline that the day's schedule holds at the origin in that hour",
  },
  airlineDayDepartures: {
    kind: 'number',
    unit: 'flights',
    description: "Departures of the airline that the day's schedule holds at the origin",
  },
  aircraftEarlierFlights: {
    kind: 'number',
    unit: 'flights',
    description: "Departures of the same aircraft that the day's schedule holds before",
  },
  aircraftGapMinutes: {
    kind: 'number',
    unit: 'min',
    description:
      "Minutes since the aircraft's departure before, on the same day, by the airports' clocks",
  },
  destinationHourFlights: {
    kind: 'number',
    unit: 'flights',
    description: 'Flights scheduled to leave for the destination in that hour',
  },
  destinationNearFlights: {
    kind: 'number',
    unit: 'flights',
    description: 'Flights to the destination in that hour, the one before and the one after',
  },
  temperatureF: { kind: 'number', unit: '°F', description: 'Temperature at the origin' },
  dewPointF: { kind: 'number', unit: '°F', description: 'Dew point at the origin' },
  humidityPercent: { kind: 'number', unit: '%', description: 'Relative humidity at the origin' },
  windDirectionDegrees: { kind: 'number', unit: '°', description: 'Wind direction at the origin' },
  windSpeedMph: { kind: 'number', unit: 'mph', description: 'Wind speed at the origin' },
  windGustMph: { kind: 'number', unit: 'mph', description: 'Wind gust at the origin' },
  precipitationInches: {
    kind: 'number',
    unit: 'in',
    description: 'Precipitation in the hour, at the origin',
  },
  pressureMillibars: {
    kind: 'number',
    unit: 'mbar',
    description: 'Sea-level pressure at the origin',
  },
  visibilityMiles: { kind: 'number', unit: 'miles', description: 'Visibility at the origin' },
  ceilingFeet: {
    kind: 'number',
    unit: 'ft',
    description: 'Lowest broken or overcast cloud at the origin',
  },
  precipitation6hInches: {
    kind: 'number',
    unit: 'in',
    description: 'Precipitation in six hours, at the origin',
  },
  precipitation24hInches: {
    kind: 'number',
    unit: 'in',
    description: 'Precipitation in 24 hours, at the origin',
  },
  pressureTendencyMillibars: {
    kind: 'number',
    unit: 'mbar in 3 h',
    description: 'Change of the pressure at the origin in three hours',
  },
  windEastMph: {
    kind: 'number',
    unit: 'mph from the east',
    description:
      'How far the wind (its gusts, if any) at the origin comes from the east; below 0 from the west',
  },
  windNorthMph: {
    kind: 'number',
    unit: 'mph from the north',
    description:
      'How far the wind (its gusts, if any) at the origin comes from the north; below 0 from the south',
  },
  nearbyPrecipitationInches: {
    kind: 'number',
    unit: 'in',
    description: 'Precipitation in the hour, mean of the airports near the origin',
  },
  nearbyPrecipitation6hInches: {
    kind: 'number',
    unit: 'in',
    description: 'Precipitation in six hours, mean of the airports near the origin',
  },
  nearbyPrecipitation24hInches: {
    kind: 'number',
    unit: 'in',
    description: 'Precipitation in 24 hours, mean of the airports near the origin',
  },
  nearbyVisibilityMiles: {
    kind: 'number',
    unit: 'miles',
    description: 'Visibility, mean of the airports near the origin',
  },
  nearbyWindSpeedMph: {
    kind: 'number',
    unit: 'mph',
    description: 'Wind speed, mean of the airports near the origin',
  },
  nearbyPressureTendencyMillibars: {
    kind: 'number',
    unit: 'mbar in 3 h',
    description: 'Change of the pressure in three hours, mean of the airports near the origin',
  },
  destinationTemperatureF: {
    kind: 'number',
    unit: '°F',
    description: 'Temperature at the destination, when that at the origin is observed',
  },
  destinationWindSpeedMph: {
    kind: 'number',
    unit: 'mph',
    description: 'Wind speed at the destination, when that at the origin is observed',
  },
  destinationWindGustMph: {
    kind: 'number',
    unit: 'mph',
    description: 'Wind gust at the destination, when that at the origin is observed',
  },
  destinationPrecipitationInches: {
    kind: 'number',
    unit: 'in',
    description:
      'Precipitation in the hour at the destination, when that at the origin is observed',
  },
  destinationPrecipitation6hInches: {
    kind: 'number',
    unit: 'in',
    description:
      'Precipitation in six hours at the destination, when that at the origin is observed',
  },
  destinationVisibilityMiles: {
    kind: 'number',
    unit: 'miles',
    description: 'Visibility at the destination, when that at the origin is observed',
  },
  destinationCeilingFeet: {
    kind: 'number',
    unit: 'ft',
    description:
      'Lowest broken or overcast cloud at the destination, when that at the origin is observed',
  },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof FIELDS;

/** What a field is, or undefined for a name that no flight has (a foreign model may ask for such). */
export const fieldOf = (name: string): Field | undefined =>
  Object.hasOwn(FIELDS, name) ? FIELDS[name as FieldName] : undefined;

const TIME = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(?:[0-5]\d|60)(?:\.\d+)?)?$/;

/**
 * Minutes since 1970-01-01T00:00 of an ISO 8601 local time without zone, NaN for anything else
 * (a zone, an impossible date, the hour 24, a second past the 60th, which is a leap second).
 */
export const decodeTime = (text: string): number => {
  const match = TIME.exec(text);
  if (!match) return Number.NaN;
  const [year, month, day, hour, minute] = [
    +match[1]!,
    +match[2]!,
    +match[3]!,
    +match[4]!,
    +match[5]!,
  ];
  if (hour > 23 || minute > 59) return Number.NaN;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN;
  return date.getTime() / 60_000 + hour * 60 + minute;
};

/** The inverse of `decodeTime`: `2013-07-05T18:30`. */
export const encodeTime = (minutes: number): string =>
  new Date(minutes * 60_000).toISOString().slice(0, 16);

/** What a field is often called, where that is no name of ours. */
const MEANT: Readonly<Record<string, string>> = {
  carrier: 'airline',
  operator: 'airline',
  airline_code: 'airline',
  from: 'origin',
  dep_airport: 'origin',
  departure_airport: 'origin',
  to: 'destination',
  dest: 'destination',
  arr_airport: 'destination',
  arrival_airport: 'destination',
  flight: 'flightNumber',
  flight_number: 'flightNumber',
  tail: 'tailNumber',
  tailnum: 'tailNumber',
  tail_number: 'tailNumber',
  registration: 'tailNumber',
  distance: 'distanceMiles',
  departure: 'scheduledDeparture',
  std: 'scheduledDeparture',
  arrival: 'scheduledArrival',
  sta: 'scheduledArrival',
  delay: 'delayMinutes',
};

/** `; not used: carrier, from, to; did you mean airline, origin, destination?` as the end of a refusal; nothing of none. */
export const endOfRefusal = (columns: readonly string[] = []): string =>
  columns.length === 0 ? '' : `; not used: ${sentenceOfColumns(columns)}`;

/** `carrier, from, to; did you mean airline, origin, destination?` */
export const sentenceOfColumns = (columns: readonly string[]): string => {
  const meant = columns.flatMap((column) => MEANT[column.toLowerCase()] ?? []);
  const shown = columns.slice(0, MAX_SHOWN).map((column) => column.slice(0, MAX_LENGTH));
  const more = columns.length > MAX_SHOWN ? ` and ${columns.length - MAX_SHOWN} more` : '';
  const question = meant.length === 0 ? '' : `; did you mean ${[...new Set(meant)].join(', ')}?`;
  return `${shown.join(', ')}${more}${question}`;
};

const MAX_SHOWN = 20;
const MAX_LENGTH = 40;
