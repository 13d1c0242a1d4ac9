/**
 * The features that need nothing but the flight's own schedule.
 */
import type { Feature } from '../../core/features.ts';
import type { FieldName } from '../../core/flight.ts';
import type { Table } from '../../core/table.ts';
import { fieldsOf, WEATHER_FIELDS } from '../../core/around/weather.ts';

/** Inputs of a schedule, in the order in which a model asks for them. */
const SCHEDULE: readonly FieldName[] = [
  'airline',
  'origin',
  'destination',
  'terminal',
  'scheduledDeparture',
  'scheduledArrival',
  'distanceMiles',
];

/** The fields of a schedule, and of the weather, that the table has. */
export const scheduleInputs = (table: Table): readonly FieldName[] => {
  const { weather } = table.surroundings ?? {};
  const { destination } = table.columns;
  const destinations = destination?.kind === 'category' ? destination.values : [];
  const observed = weather ? fieldsOf(weather, new Set(destinations)) : [];
  return [...SCHEDULE, ...WEATHER_FIELDS].filter(
    (name) => table.columns[name] !== undefined || observed.includes(name),
  );
};

/** The features that these inputs allow. */
export const scheduleFeatures = (names: readonly string[]): readonly Feature[] => {
  const has = (name: string): boolean => names.includes(name);
  const features: Feature[] = [];
  for (const input of ['airline', 'origin', 'destination', 'terminal'])
    if (has(input)) features.push({ name: input, step: 'code', input });
  const input = 'scheduledDeparture';
  features.push(
    { name: 'departureMinute', step: 'minuteOfDay', input },
    { name: 'dayOfWeek', step: 'dayOfWeek', input },
  );
  if (has('scheduledArrival')) {
    features.push(
      { name: 'arrivalMinute', step: 'minuteOfDay', input: 'scheduledArrival' },
      { name: 'scheduledMinutes', step: 'elapsedMinutes', from: input, to: 'scheduledArrival' },
    );
  }
  if (has('distanceMiles'))
    features.push({ name: 'distanceMiles', step: 'number', input: 'distanceMiles' });
  for (const name of WEATHER_FIELDS)
    if (has(name)) features.push({ name, step: 'number', input: name });
  return features;
};
