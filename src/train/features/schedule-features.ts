/**
 * The features that need nothing but the flight's own schedule.
 */
import type { Feature } from '../../core/features.ts';
import type { FieldName } from '../../core/flight.ts';
import type { Table } from '../../core/table.ts';

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

/** Quantities that may be observed at the origin. */
export const WEATHER: readonly FieldName[] = [
  'temperatureF',
  'dewPointF',
  'humidityPercent',
  'windDirectionDegrees',
  'windSpeedMph',
  'windGustMph',
  'precipitationInches',
  'pressureMillibars',
  'visibilityMiles',
];

/** The fields of a schedule that the table has. */
export const scheduleInputs = (table: Table): readonly FieldName[] =>
  [...SCHEDULE, ...WEATHER].filter((name) => table.columns[name] !== undefined);

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
  for (const name of WEATHER) if (has(name)) features.push({ name, step: 'number', input: name });
  return features;
};
