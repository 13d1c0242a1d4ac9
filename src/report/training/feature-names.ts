/**
 * Features in words: what a person reads where the model has a name.
 */

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
  departuresPerHour: 'usual departures at the origin in that hour',
  flightsToDestinationPerHour: 'usual flights to the destination in that hour',
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

/** `how late this hour has been (lateOfHour)`; the name alone where there are no words for it. */
export const wordsOfFeature = (name: string): string => {
  const words = WORDS[name];
  return words === undefined || words === name ? name : `${words} (${name})`;
};
