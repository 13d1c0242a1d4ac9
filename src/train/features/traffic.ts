/**
 * How full the schedule is: flights a day that the training schedule holds at an airport, by day of the week and hour.
 */
import type { Feature } from '../../core/features.ts';
import { dayOf, weekdayOf } from '../../core/calendar.ts';
import type { Input } from '../../core/inputs.ts';
import { buildKey, type KeyPart } from '../../core/lookup.ts';

/** Lookups of departures per hour at the origin and of flights to the destination, from the rows of a part. */
export const trafficFeatures = (
  inputs: readonly Input[],
  raw: Float64Array,
  rows: Int32Array,
  departures: Float64Array,
): readonly Feature[] => {
  const daysOfWeek = new Float64Array(7);
  const seen = new Set<number>();
  for (const row of rows) {
    const day = dayOf(departures[row]!);
    if (seen.has(day)) continue;
    seen.add(day);
    daysOfWeek[weekdayOf(day)]! += 1;
  }
  return (['origin', 'destination'] as const).flatMap((name): Feature[] => {
    const input = inputs.find((one) => one.name === name);
    if (!input?.values?.length) return [];
    const parts: KeyPart[] = [
      { of: 'code', input: name, radix: input.values.length },
      { of: 'dayOfWeek', input: 'scheduledDeparture', radix: 7 },
      { of: 'hour', input: 'scheduledDeparture', radix: 24 },
    ];
    const key = buildKey(parts, inputs);
    const counts = new Map<number, number>();
    for (const row of rows) {
      const value = key(raw, row * inputs.length);
      if (!Number.isNaN(value)) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const keys = Float64Array.from(counts.keys()).sort();
    return [
      {
        name: name === 'origin' ? 'departuresPerHour' : 'flightsToDestinationPerHour',
        step: 'lookup',
        parts,
        keys,
        numbers: keys.map((value) => counts.get(value)! / daysOfWeek[Math.floor(value / 24) % 7]!),
        otherwise: 0,
      },
    ];
  });
};
