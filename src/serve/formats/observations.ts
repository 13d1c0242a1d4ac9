/**
 * The `weather` member of a request: observations of airports, under the names and in the units of a model's inputs.
 */
import type { Fault } from '../../core/errors.ts';
import { decodeTime } from '../../core/flight.ts';
import { OBSERVED, type Observation, type Observed } from '../../core/around/weather.ts';
import { isObject } from './body.ts';

interface ParsedObservations {
  readonly observations: readonly Observation[];
  readonly faults: readonly Fault[];
}

/** What was not observed is left out, or null. */
export const parseObservations = (value: unknown): ParsedObservations => {
  const faults: Fault[] = [];
  const fault = (pointer: string, detail: string): void => void faults.push({ pointer, detail });
  if (!Array.isArray(value)) {
    fault('/weather', 'weather must be a list of observations');
    return { observations: [], faults };
  }
  const observations = value.map((item: unknown, i): Observation => {
    const pointer = `/weather/${i}`;
    const record = isObject(item) ? item : {};
    const { station, time } = record;
    if (!isObject(item)) fault(pointer, 'an observation must be an object');
    else if (typeof station !== 'string' || station === '')
      fault(`${pointer}/station`, 'station must be the code of an airport');
    const minutes = typeof time === 'string' ? decodeTime(time) : Number.NaN;
    if (isObject(item) && Number.isNaN(minutes))
      fault(`${pointer}/time`, 'time must be a local time such as 2013-07-05T15:30');
    const measured = Object.fromEntries(
      OBSERVED.map((name) => {
        const number = record[name] ?? Number.NaN;
        if (typeof number === 'number') return [name, number];
        fault(`${pointer}/${name}`, `${name} must be a number`);
        return [name, Number.NaN];
      }),
    ) as Record<Observed, number>;
    return { station: typeof station === 'string' ? station : '', minutes, ...measured };
  });
  return { observations, faults };
};
