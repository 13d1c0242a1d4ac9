/**
 * The `weather` member of a request: observations of airports, under the names and in the units of a model's inputs.
 */
import type { Fault } from '../../core/errors.ts';
import { decodeTime } from '../../core/flight.ts';
import { OBSERVED, type Observation, type Observed } from '../../core/around/weather.ts';
import { isObject } from './body.ts';

/** More than two hundred airports have in two days, each hour. */
export const OBSERVATIONS_LIMIT = 10_000;
/** Nobody reads more of them. */
const FAULTS_KEPT = 100;
/** So many are read in less than a millisecond. */
const SLICE = 256;

/**
 * The observations of a request. What was not observed is left out, or null. It stops between slices of them, so that
 * others can be answered.
 * @param faults what is wrong is added here
 */
export function* parseObservations(
  value: unknown,
  faults: Fault[],
): Generator<void, readonly Observation[]> {
  const fault = (pointer: string, detail: string): void => void faults.push({ pointer, detail });
  if (!Array.isArray(value) || value.length > OBSERVATIONS_LIMIT) {
    fault(
      '/weather',
      Array.isArray(value)
        ? `weather holds ${value.length} observations; up to ${OBSERVATIONS_LIMIT} are taken`
        : 'weather must be a list of observations',
    );
    return [];
  }
  const observations: Observation[] = [];
  for (const [i, item] of (value as readonly unknown[]).entries()) {
    if (i > 0 && i % SLICE === 0) yield;
    observations.push(
      parseObservation(item, (member, detail) => fault(`/weather/${i}${member}`, detail)),
    );
    if (faults.length >= FAULTS_KEPT) break;
  }
  return observations;
}

const parseObservation = (
  item: unknown,
  fault: (member: string, detail: string) => void,
): Observation => {
  const record = isObject(item) ? item : {};
  const { station, time } = record;
  if (!isObject(item)) fault('', 'an observation must be an object');
  else if (typeof station !== 'string' || station === '')
    fault('/station', 'station must be the code of an airport');
  const minutes = typeof time === 'string' ? decodeTime(time) : Number.NaN;
  if (isObject(item) && Number.isNaN(minutes))
    fault('/time', 'time must be a local time such as 2013-07-05T15:30');
  const measured = Object.fromEntries(
    OBSERVED.map((name) => {
      const number = record[name] ?? Number.NaN;
      if (typeof number === 'number') return [name, number];
      fault(`/${name}`, `${name} must be a number`);
      return [name, Number.NaN];
    }),
  ) as Record<Observed, number>;
  return { station: typeof station === 'string' ? station : '', minutes, ...measured };
};
