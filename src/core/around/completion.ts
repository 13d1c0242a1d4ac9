/**
 * The completion of flights: those inputs of a model that a flight does not bring are filled by what is known around it.
 * Training, files and service fill them here, so that they cannot differ.
 */
import { dayOf } from '../calendar.ts';
import type { FieldName } from '../flight.ts';
import type { Input } from '../inputs.ts';
import type { DeparturePlan } from './departure-plan.ts';
import { PLAN_FIELDS, type PlanField, type Surroundings } from './surroundings.ts';
import { buildWeatherOf, WEATHER_FIELDS, type Weather } from './weather.ts';

/** Fills what is missing of `nRows` flights at `raw[at ...]`, float64, shape (nRows, nInputs). */
export type Completion = (raw: Float64Array, at: number, nRows: number) => void;

/** Undefined where a model asks nothing of what is known. */
export const buildCompletion = (
  inputs: readonly Input[],
  { plan, weather }: Surroundings,
): Completion | undefined => {
  const steps = [
    plan && buildPlanCompletion(inputs, plan),
    weather && buildWeatherCompletion(inputs, weather),
  ].filter((step) => step !== undefined);
  if (steps.length === 0) return undefined;
  return (raw, at, nRows) => {
    for (const step of steps) step(raw, at, nRows);
  };
};

/** Places of the inputs that say which flight it is; undefined where a model does not ask for its origin and time. */
const placesOf = (inputs: readonly Input[]) => {
  const place = (name: FieldName): number => inputs.findIndex((input) => input.name === name);
  const [origin, destination, departure] = [
    place('origin'),
    place('destination'),
    place('scheduledDeparture'),
  ];
  if (origin < 0 || departure < 0) return undefined;
  return { origin, destination, departure };
};

/** Names of the inputs that are asked for, and their places. */
const askedOf = <Name extends FieldName>(inputs: readonly Input[], names: readonly Name[]) =>
  names.flatMap((name) => {
    const place = inputs.findIndex((input) => input.name === name && input.kind === 'number');
    return place < 0 ? [] : [{ name, place }];
  });

const buildPlanCompletion = (
  inputs: readonly Input[],
  { origins, destinations }: DeparturePlan,
): Completion | undefined => {
  const places = placesOf(inputs);
  const asked = askedOf(inputs, PLAN_FIELDS);
  if (places === undefined || asked.length === 0) return undefined;
  const numbersOf = (place: number, airports: ReadonlyMap<string, number>): Int32Array =>
    Int32Array.from(inputs[place]?.values ?? [], (name) => airports.get(name) ?? -1);
  const originNumbers = numbersOf(places.origin, origins.airports);
  const destinationNumbers = numbersOf(places.destination, destinations.airports);
  const count: Readonly<
    Record<PlanField, (origin: number, destination: number, hour: number, day: number) => number>
  > = {
    originHourDepartures: (origin, _, hour) => origins.inHour(origin, hour),
    originNearDepartures: (origin, _, hour) =>
      origins.inHour(origin, hour - 1) +
      origins.inHour(origin, hour) +
      origins.inHour(origin, hour + 1),
    originDayDepartures: (origin, _, __, day) => origins.onDay(origin, day),
    destinationHourFlights: (_, destination, hour) => destinations.inHour(destination, hour),
    destinationNearFlights: (_, destination, hour) =>
      destinations.inHour(destination, hour - 1) +
      destinations.inHour(destination, hour) +
      destinations.inHour(destination, hour + 1),
  };
  const nInputs = inputs.length;
  return (raw, at, nRows) => {
    for (let row = 0; row < nRows; row++) {
      const from = at + row * nInputs;
      const minutes = raw[from + places.departure]!;
      const code = raw[from + places.origin]!;
      // Of an airport without any departure on that day the plan says nothing.
      const origin = Number.isNaN(code) ? -1 : originNumbers[code]!;
      if (origin < 0 || Number.isNaN(minutes)) continue;
      const day = dayOf(minutes);
      if (origins.onDay(origin, day) === 0) continue;
      const to = places.destination < 0 ? Number.NaN : raw[from + places.destination]!;
      const destination = Number.isNaN(to) ? -1 : destinationNumbers[to]!;
      const hour = Math.floor(minutes / 60);
      for (let f = 0; f < asked.length; f++) {
        const { name, place } = asked[f]!;
        if (!Number.isNaN(raw[from + place]!)) continue;
        if (destination < 0 && name.startsWith('destination')) continue;
        raw[from + place] = count[name](origin, destination, hour, day);
      }
    }
  };
};

const buildWeatherCompletion = (
  inputs: readonly Input[],
  weather: Weather,
): Completion | undefined => {
  const places = placesOf(inputs);
  const asked = askedOf(inputs, WEATHER_FIELDS);
  if (places === undefined || asked.length === 0) return undefined;
  const weatherOf = buildWeatherOf(
    weather,
    asked.map(({ name }) => name),
  );
  const nInputs = inputs.length;
  const nameOf = (from: number, raw: Float64Array, place: number): string | undefined =>
    place < 0 || Number.isNaN(raw[from + place]!)
      ? undefined
      : inputs[place]!.values?.[raw[from + place]!];
  return (raw, at, nRows) => {
    for (let row = 0; row < nRows; row++) {
      const from = at + row * nInputs;
      const minutes = raw[from + places.departure]!;
      if (Number.isNaN(minutes)) continue;
      const origin = nameOf(from, raw, places.origin);
      const destination = nameOf(from, raw, places.destination);
      const values = weatherOf(origin, destination, minutes);
      for (let f = 0; f < asked.length; f++) {
        const { place } = asked[f]!;
        if (Number.isNaN(raw[from + place]!)) raw[from + place] = values[f]!;
      }
    }
  };
};
