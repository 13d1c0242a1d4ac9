/**
 * The completion of flights: those inputs of a model that a flight does not bring are filled by what is known around it.
 * Training, files and service fill them here, so that they cannot differ.
 */
import { dayOf } from '../calendar.ts';
import type { FieldName } from '../flight.ts';
import type { Input } from '../inputs.ts';
import { airlineAt, type DeparturePlan } from './departure-plan.ts';
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

/** Numbers of a flight in a plan, -1 where it does not know them. */
interface PlannedFlight {
  origin: number;
  destination: number;
  airline: number;
  aircraft: number;
  hour: number;
  day: number;
  minutes: number;
}

/** What a plan says of a flight; NaN where it cannot say it. */
const countsOf = ({
  origins,
  destinations,
  airlines,
  aircraft: tails,
}: DeparturePlan): Readonly<Record<PlanField, (flight: PlannedFlight) => number>> => {
  const known = (number: number, count: number): number => (number < 0 ? Number.NaN : count);
  return {
    originHourDepartures: ({ origin, hour }) => origins.inHour(origin, hour),
    originNearDepartures: ({ origin, hour }) =>
      origins.inHour(origin, hour - 1) +
      origins.inHour(origin, hour) +
      origins.inHour(origin, hour + 1),
    originDayDepartures: ({ origin, day }) => origins.onDay(origin, day),
    originEarlierDepartures: ({ origin, hour }) => origins.before(origin, hour),
    airlineHourDepartures: ({ airline, hour }) => known(airline, airlines.inHour(airline, hour)),
    airlineDayDepartures: ({ airline, day }) => known(airline, airlines.onDay(airline, day)),
    aircraftEarlierFlights: ({ aircraft, minutes }) =>
      known(aircraft, tails.earlier(aircraft, minutes)),
    aircraftGapMinutes: ({ aircraft, minutes }) => tails.gap(aircraft, minutes),
    destinationHourFlights: ({ destination, hour }) =>
      known(destination, destinations.inHour(destination, hour)),
    destinationNearFlights: ({ destination, hour }) =>
      known(
        destination,
        destinations.inHour(destination, hour - 1) +
          destinations.inHour(destination, hour) +
          destinations.inHour(destination, hour + 1),
      ),
  };
};

/** The number of a code in a plan, -1 where either is not known. */
const numberOf = (code: number, numbers: Int32Array): number =>
  Number.isNaN(code) ? -1 : numbers[code]!;

const buildPlanCompletion = (
  inputs: readonly Input[],
  plan: DeparturePlan,
): Completion | undefined => {
  const places = placesOf(inputs);
  const counts = countsOf(plan);
  const asked = askedOf(inputs, PLAN_FIELDS).map(({ name, place }) => ({
    place,
    count: counts[name],
  }));
  if (places === undefined || asked.length === 0) return undefined;
  const placeOf = (name: FieldName): number => inputs.findIndex((input) => input.name === name);
  const [airlinePlace, tailPlace] = [placeOf('airline'), placeOf('tailNumber')];
  const valuesOf = (place: number): readonly string[] => inputs[place]?.values ?? [];
  const numbersOf = (place: number, numbers: ReadonlyMap<string, number>): Int32Array =>
    Int32Array.from(valuesOf(place), (name) => numbers.get(name) ?? -1);
  const originNumbers = numbersOf(places.origin, plan.origins.numbers);
  const destinationNumbers = numbersOf(places.destination, plan.destinations.numbers);
  const tailNumbers = numbersOf(tailPlace, plan.aircraft.numbers);
  const airlines = valuesOf(airlinePlace);
  const airlineNumbers = Float64Array.from(
    valuesOf(places.origin).flatMap((origin) =>
      airlines.map((airline) => plan.airlines.numbers.get(airlineAt(origin, airline)) ?? -1),
    ),
  );
  const nInputs = inputs.length;
  const flight: PlannedFlight = {
    ...{ origin: -1, destination: -1, airline: -1, aircraft: -1 },
    ...{ hour: 0, day: 0, minutes: 0 },
  };
  return (raw, at, nRows) => {
    for (let row = 0; row < nRows; row++) {
      const from = at + row * nInputs;
      const minutes = raw[from + places.departure]!;
      const origin = numberOf(raw[from + places.origin]!, originNumbers);
      if (origin < 0 || Number.isNaN(minutes)) continue;
      // Of an airport without any departure on that day the plan says nothing.
      const day = dayOf(minutes);
      if (plan.origins.onDay(origin, day) === 0) continue;
      const airline = airlinePlace < 0 ? Number.NaN : raw[from + airlinePlace]!;
      flight.origin = origin;
      flight.destination =
        places.destination < 0 ? -1 : numberOf(raw[from + places.destination]!, destinationNumbers);
      flight.airline = Number.isNaN(airline)
        ? -1
        : airlineNumbers[raw[from + places.origin]! * airlines.length + airline]!;
      flight.aircraft = tailPlace < 0 ? -1 : numberOf(raw[from + tailPlace]!, tailNumbers);
      flight.hour = Math.floor(minutes / 60);
      flight.day = day;
      flight.minutes = minutes;
      for (let f = 0; f < asked.length; f++) {
        const { place, count } = asked[f]!;
        if (Number.isNaN(raw[from + place]!)) raw[from + place] = count(flight);
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
