/**
 * Varied, valid flights made from what a Puntual service says of its model (`GET /model`), from a seed.
 */
import { MINUTES_PER_DAY } from '../../core/calendar.ts';
import { decodeTime, encodeTime } from '../../core/flight.ts';
import { buildRandom } from '../../core/random.ts';

interface Property {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface ModelDocument {
  readonly name: string;
  readonly version: string;
  readonly inputs: {
    readonly required?: readonly string[];
    readonly properties: Readonly<Record<string, Property>>;
  };
}

type MadeFlight = Readonly<Record<string, string | number>>;

/** Whether a JSON value is what `GET /model` of a Puntual service answers. */
export const isModelDocument = (value: unknown): value is ModelDocument => {
  if (typeof value !== 'object' || value === null) return false;
  const { name, version, inputs } = value as Partial<ModelDocument>;
  return (
    typeof name === 'string' &&
    typeof version === 'string' &&
    typeof inputs === 'object' &&
    inputs !== null &&
    typeof inputs.properties === 'object' &&
    inputs.properties !== null
  );
};

const MINUTES_PER_YEAR = 365 * MINUTES_PER_DAY;
const FIRST_DAY = '-01-01T00:00';

/** @param nFlights how many; the same seed makes the same flights */
export const makeFlights = (model: ModelDocument, nFlights: number, seed: number): MadeFlight[] => {
  const random = buildRandom(seed);
  const properties = Object.entries(model.inputs.properties);
  return Array.from({ length: nFlights }, () => {
    const departure = { minutes: Number.NaN };
    return Object.fromEntries(
      properties.flatMap(([name, property]): [string, string | number][] => {
        const value = makeValue(name, property, random, departure);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  });
};

const makeValue = (
  name: string,
  property: Property,
  random: () => number,
  departure: { minutes: number },
): string | number | undefined => {
  const types = [property.type ?? []].flat();
  const pick = (values: readonly unknown[]): unknown =>
    values[Math.floor(random() * values.length)];
  const known = property.enum ?? property.examples ?? [];
  const example = known.find((value) => typeof value === 'string');
  if (typeof example === 'string' && !Number.isNaN(decodeTime(example))) {
    if (Number.isNaN(departure.minutes)) {
      const start = decodeTime(example.slice(0, 4) + FIRST_DAY);
      departure.minutes = start + Math.floor(random() * MINUTES_PER_YEAR);
      return encodeTime(departure.minutes);
    }
    return encodeTime(departure.minutes + 45 + Math.floor(random() * 330));
  }
  if (types.includes('string') || property.enum) {
    const value = known.length > 0 ? pick(known) : undefined;
    return typeof value === 'string' || typeof value === 'number' ? value : undefined;
  }
  if (types.includes('number') || types.includes('integer')) {
    const [low, high] = rangeOf(name, property);
    return Math.round(low + random() * (high - low));
  }
  return undefined;
};

/** Plausible ranges where the schema gives none. */
const rangeOf = (name: string, property: Property): readonly [number, number] => {
  if (property.minimum !== undefined && property.maximum !== undefined) {
    return [property.minimum, property.maximum];
  }
  return RANGES[name] ?? [0, 100];
};

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  distanceMiles: [100, 2600],
  temperatureF: [10, 100],
  dewPointF: [0, 75],
  humidityPercent: [15, 100],
  windDirectionDegrees: [0, 360],
  windSpeedMph: [0, 35],
  windGustMph: [15, 50],
  precipitationInches: [0, 1],
  pressureMillibars: [990, 1040],
  visibilityMiles: [0, 10],
};
