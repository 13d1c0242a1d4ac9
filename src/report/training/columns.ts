/**
 * Columns of a file that nothing reads, and what their names may have been meant for.
 */

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
