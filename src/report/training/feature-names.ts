/**
 * Features in words: what a person reads where the model has a name.
 */
import { fieldOf } from '../../core/flight.ts';

const WORDS: Readonly<Record<string, string>> = {
  airline: 'airline',
  origin: 'airport of departure',
  destination: 'airport of arrival',
  terminal: 'terminal',
  departureMinute: 'scheduled time of departure',
  arrivalMinute: 'scheduled time of arrival',
  dayOfWeek: 'day of the week',
  scheduledMinutes: 'scheduled minutes from departure to arrival, local clocks',
  distanceMiles: 'distance',
  departuresPerHour: 'departures at the origin in that hour',
  flightsToDestinationPerHour: 'flights to the destination in that hour',
  departuresNear: 'departures at the origin in that hour and beside it',
  departuresEarlier: 'departures at the origin before that hour',
  departuresOfAirlinePerHour: 'departures of the airline in that hour',
  departuresOfAirline: 'departures of the airline on the day',
  flightsOfAircraft: 'flights of the aircraft before, on the same day',
  minutesSinceFlight: 'minutes since the flight of the aircraft before',
  flightsToDestinationNear: 'flights to the destination in that hour and beside it',
  lateOfAirline: 'how late this airline has been',
  lateOfHour: 'how late this hour has been',
  lateOfOriginHour: 'how late this hour has been at the origin',
  lateOfAirlineHour: 'how late this airline has been at this hour',
  lateOfDestination: 'how late flights to the destination have been',
  lateOfRoute: 'how late this airline has been on this route',
  lateOfFlight: 'how late this flight number has been',
  lateOfTail: 'how late this aircraft has been',
  temperatureF: 'temperature at the origin',
  dewPointF: 'dew point at the origin',
  humidityPercent: 'humidity at the origin',
  windDirectionDegrees: 'wind direction at the origin',
  windSpeedMph: 'wind speed at the origin',
  windGustMph: 'wind gusts at the origin',
  precipitationInches: 'precipitation at the origin',
  pressureMillibars: 'pressure at the origin',
  visibilityMiles: 'visibility at the origin',
};

/** `how late this hour has been`; a name that has no words is taken apart: `gusts6Hours` is `gusts 6 hours`. */
export const wordsOfFeature = (name: string): string =>
  WORDS[name] ??
  fieldOf(name)?.description.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()) ??
  (/^[a-z]+(?:[A-Z0-9][A-Za-z0-9]*)+$/.test(name) ? takenApart(name) : name);

const takenApart = (name: string): string =>
  name
    .replace(/([a-z])(?=[A-Z0-9])|([0-9])(?=[A-Za-z])/g, '$1$2 ')
    .replace(/[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase());

const INPUT_WORDS: Readonly<Record<string, string>> = {
  scheduledDeparture: 'scheduled departure',
  scheduledArrival: 'scheduled arrival',
  flightNumber: 'flight number',
  tailNumber: 'aircraft',
};

/** An input in words. */
export const wordsOfInput = (name: string): string => INPUT_WORDS[name] ?? wordsOfFeature(name);
