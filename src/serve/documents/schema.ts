/**
 * A model's inputs and answers as JSON Schema (2020-12): for `/model`, `/openapi.json`, the page and the collection.
 */
import { encodeTime } from '../../core/flight.ts';
import type { Input } from '../../core/inputs.ts';
import type { Model } from '../../core/model.ts';
import { PLAN_FIELDS } from '../../core/around/surroundings.ts';
import { fieldOf } from '../../core/flight.ts';
import { OBSERVED, WEATHER_FIELDS } from '../../core/around/weather.ts';
import { levelName } from '../formats/answer.ts';

export type Schema = Readonly<Record<string, unknown>>;

/** What `decodeTime` reads, to the last leap day. */
const DAY = '(?:0[1-9]|[12][0-9])';
const LEAP_YEAR = '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const DATE = `(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:${DAY}|3[01])|(?:0[469]|11)-(?:${DAY}|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|${LEAP_YEAR}-02-29)`;
const TIME_PATTERN = `^${DATE}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::(?:[0-5][0-9]|60)(?:[.][0-9]+)?)?$`;
const EXAMPLE_TIME = '2013-07-05T18:30';
const EXAMPLE_ARRIVAL = '2013-07-05T21:45';

/** @param nExamples known values of a category that are listed at most */
export const inputSchema = (input: Input, nExamples = Number.POSITIVE_INFINITY): Schema => {
  const orNull = (type: string | readonly string[]): unknown =>
    input.required ? type : [type, 'null'].flat();
  const known = input.values ?? [];
  switch (input.kind) {
    case 'category':
      return {
        type: orNull(['string', 'number']),
        ...(input.required ? { minLength: 1 } : {}),
        description: `${input.description}. A value that the model has never seen ${input.onlyKnown ? 'is refused' : 'counts as missing'}.`,
        ...(known.length > 0 ? { examples: known.slice(0, nExamples) } : {}),
      };
    case 'number':
      return {
        type: orNull('number'),
        description: input.description,
        ...(input.least === undefined ? {} : { minimum: input.least }),
        ...(input.most === undefined ? {} : { maximum: input.most }),
        ...(input.unit === undefined ? {} : { 'x-unit': input.unit }),
      };
    case 'time':
      return {
        type: orNull('string'),
        pattern: input.required ? TIME_PATTERN : `${TIME_PATTERN}|^$`,
        description: `${input.description}, ISO 8601 without zone`,
        examples: [EXAMPLE_TIME],
      };
  }
};

/** One flight. Other members are allowed and ignored. */
export const flightSchema = (inputs: readonly Input[], nExamples?: number): Schema => ({
  type: 'object',
  required: inputs.filter((input) => input.required).map((input) => input.name),
  properties: Object.fromEntries(
    inputs.map((input) => [input.name, inputSchema(input, nExamples)]),
  ),
});

/** What a request may bring of the weather, for a model that asks for it; nothing for any other. */
export const weatherProperty = ({
  provenance,
}: Pick<Model, 'provenance'>): Readonly<Record<string, Schema>> => {
  const { weather } = provenance.trainedOn ?? {};
  if (weather === undefined) return {};
  return {
    weather: {
      type: ['array', 'null'],
      description: `Observations of airports, of which a flight sees those taken up to ${weather.leadHours} h before its departure`,
      items: {
        type: 'object',
        required: ['station', 'time'],
        properties: {
          station: { type: 'string', description: 'Code of the airport, as flights name it' },
          time: { type: 'string', description: 'Local time, ISO 8601 without zone' },
          ...Object.fromEntries(
            OBSERVED.map((name) => [
              name,
              { type: ['number', 'null'], 'x-unit': fieldOf(name)!.unit },
            ]),
          ),
        },
      },
    },
  };
};

/**
 * A flight that the model knows: one that it learned from, where it keeps some for its self-test; else a value from the
 * middle of each category and a summer evening.
 */
export const exampleFlight = (
  model: Pick<Model, 'inputs' | 'selfTest' | 'provenance'>,
): Readonly<Record<string, unknown>> => {
  const { inputs, provenance } = model;
  const row = provenance.trainedOn === undefined ? undefined : fullestRow(model);
  if (row === undefined) return namedValues(inputs, exampleOf);
  const flight = recordedFlight(inputs, row);
  if (provenance.trainedOn?.weather === undefined) return flight;
  // Such a model reads the weather from observations; a flight need not bring it.
  return Object.fromEntries(Object.entries(flight).filter(([name]) => !IS_WEATHER.has(name)));
};

/** A flight as a request, from the values of its inputs; what cannot be written, such as a missing value, is left out. */
export const recordedFlight = (
  inputs: readonly Input[],
  row: Float64Array,
): Readonly<Record<string, unknown>> =>
  namedValues(inputs, (input, i) =>
    Number.isFinite(row[i]) ? recordedValue(input, row[i]!) : undefined,
  );

const IS_WEATHER: ReadonlySet<string> = new Set(WEATHER_FIELDS);
const IS_PLAN: ReadonlySet<string> = new Set(PLAN_FIELDS);

const namedValues = (
  inputs: readonly Input[],
  toValue: (input: Input, i: number) => string | number | undefined,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    inputs
      .map((input, i) => [input.name, toValue(input, i)] as const)
      // Those the plan of the day fills.
      .filter(([name, value]) => value !== undefined && !IS_PLAN.has(name)),
  );

/** Some rows of a self-test hold this on purpose, which no flight has. */
const NO_NUMBER_OF_A_FLIGHT = 1e9;

/** The flight of the self-test that lacks least, and nothing that is required; some lack values on purpose. */
const fullestRow = ({
  inputs,
  selfTest,
}: Pick<Model, 'inputs' | 'selfTest'>): Float64Array | undefined => {
  const width = inputs.length;
  let fullest: Float64Array | undefined;
  let most = 0;
  for (let at = 0; at < selfTest.nRows * width; at += width) {
    const row = selfTest.raw.subarray(at, at + width);
    if (inputs.some(({ required }, i) => required && !Number.isFinite(row[i]))) continue;
    if (row.some((value) => value >= NO_NUMBER_OF_A_FLIGHT)) continue;
    const nKnown = row.reduce((n, value) => n + (Number.isFinite(value) ? 1 : 0), 0);
    if (nKnown > most) {
      most = nKnown;
      fullest = row;
    }
  }
  return fullest;
};

const recordedValue = (input: Input, value: number): string | number | undefined => {
  switch (input.kind) {
    case 'category':
      return input.values?.[value];
    case 'time':
      return encodeTime(value);
    case 'number':
      return value;
  }
};

const exampleOf = (input: Input): string | number | undefined => {
  switch (input.kind) {
    case 'category':
      return input.values?.[Math.floor((input.values.length - 1) / 2)];
    case 'time':
      return input.name === 'scheduledArrival' ? EXAMPLE_ARRIVAL : EXAMPLE_TIME;
    case 'number':
      return input.required ? (input.example ?? 500) : input.example;
  }
};

const PROBABILITY: Schema = { type: 'number', minimum: 0, maximum: 1 };

/** What a prediction holds, whatever route answered it. */
export const predictionProperties = (model: Model): Readonly<Record<string, Schema>> => {
  const minutes = model.heads.flatMap((head) =>
    head.kind === 'probability' ? [String(head.minutes)] : [],
  );
  const levels = model.heads.flatMap((head) =>
    head.kind === 'quantile' ? [levelName(head.level)] : [],
  );
  return {
    delayed: {
      type: 'boolean',
      description: 'Whether the probability reaches the threshold',
    },
    probability: {
      ...PROBABILITY,
      description: `How likely the flight is at least ${minutes[0]} minutes late`,
    },
    threshold: { ...PROBABILITY, description: 'From here on a flight is called delayed' },
    atLeastMinutes: {
      type: 'object',
      description: 'How likely the flight is at least so many minutes late',
      required: minutes,
      properties: Object.fromEntries(minutes.map((name) => [name, PROBABILITY])),
    },
    ...(levels.length === 0
      ? {}
      : {
          minutes: {
            type: 'object',
            description:
              'Minutes of delay that such a flight stays below so often (p80: four times in five)',
            required: levels,
            properties: Object.fromEntries(levels.map((name) => [name, { type: 'number' }])),
          },
        }),
    unknown: {
      type: 'array',
      items: { type: 'string' },
      description: 'Inputs whose value the model has never seen: they counted as missing',
    },
    notices: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
      },
      description:
        'What is odd about the flight: values that cannot be (a 422 with strict=true), days that the model does not know',
    },
  };
};

export const MODEL_IDENTITY: Schema = {
  type: 'object',
  required: ['name', 'version'],
  properties: { name: { type: 'string' }, version: { type: 'string' } },
};
