/**
 * The interface as OpenAPI 3.1, made from the loaded model and the error table.
 * Stands beside the routes it describes; a test holds it to their table.
 */
import { ERRORS, type ErrorCode } from '../../core/errors.ts';
import type { LoadedModel } from '../../core/model-file.ts';
import { VERSION } from '../../core/version.ts';
import { PROBLEM_TYPE } from '../formats/problem.ts';
import { DATATYPES } from '../formats/tensor.ts';
import { NDJSON } from '../scoring/ndjson.ts';
import {
  exampleFlight,
  flightSchema,
  inputSchema,
  MODEL_IDENTITY,
  predictionProperties,
  type Schema,
} from './schema.ts';

/** Known values that are listed per input; `/model` lists all. */
const EXAMPLES_SHOWN = 12;

/** Failures that any path can answer with. */
const ANYWHERE: readonly ErrorCode[] = ['method-refused', 'overloaded'];
const WITH_AUTH: readonly ErrorCode[] = ['key-missing', 'key-refused', 'quota-spent'];
const WITH_BODY: readonly ErrorCode[] = [
  'request-malformed',
  'request-slow',
  'body-too-large',
  'type-unsupported',
  'value-invalid',
];

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly unknown[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, Content>>;
  };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Content {
  readonly schema: Schema;
  readonly example?: unknown;
}

export interface OpenApi {
  readonly openapi: '3.1.0';
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license: Readonly<Record<string, string>>;
  };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly security?: readonly unknown[];
}

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

const ok = (description: string, content: Readonly<Record<string, Content>>): unknown => ({
  description,
  content,
});
const json = (schema: Schema): Readonly<Record<string, Content>> => ({
  'application/json': { schema },
});

/** One answer per status, naming the codes that have it. */
const problems = (codes: readonly ErrorCode[]): Readonly<Record<string, unknown>> => {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, names]) => [
      String(status),
      {
        description: names.map((name) => `${ERRORS[name].title} (\`${name}\`)`).join('; '),
        content: { [PROBLEM_TYPE]: { schema: ref('Problem') } },
      },
    ]),
  );
};

const SWITCHES = [
  {
    name: 'explain',
    in: 'query',
    description: 'Adds reasons and base, which add up to the probability',
    schema: { type: 'boolean', default: false },
  },
  {
    name: 'strict',
    in: 'query',
    description: 'A value that the model has never seen is an error',
    schema: { type: 'boolean', default: false },
  },
];

export const buildOpenApi = (loaded: LoadedModel, auth: string | undefined): OpenApi => {
  const { model, version } = loaded;
  const common = auth === undefined ? ANYWHERE : [...ANYWHERE, ...WITH_AUTH];
  const plain = problems(common);
  const reading = problems([...common, 'value-invalid']);
  const posting = problems([...common, ...WITH_BODY]);
  const example = exampleFlight(model.inputs);
  const get = (
    operationId: string,
    tag: string,
    summary: string,
    schema: Schema,
    more: Readonly<Record<string, unknown>> = plain,
  ): Readonly<Record<string, Operation>> => ({
    get: {
      operationId,
      tags: [tag],
      summary,
      responses: { '200': ok(summary, json(schema)), ...more },
    },
  });
  const notReady = {
    '503': { description: 'Not ready', ...(ok('', json({ type: 'object' })) as object) },
  };
  const own = `/v2/models/${encodeURIComponent(model.name)}`;
  const paths: OpenApi['paths'] = {
    '/predict': {
      get: {
        operationId: 'predictByQuery',
        tags: ['Predictions'],
        summary: 'One flight, asked for in the address',
        parameters: [
          ...model.inputs.map((input) => ({
            name: input.name,
            in: 'query',
            required: input.required,
            schema: textShape(inputSchema(input, EXAMPLES_SHOWN)),
          })),
          ...SWITCHES,
        ],
        responses: { '200': ok('The prediction', json(ref('Prediction'))), ...reading },
      },
      post: {
        operationId: 'predict',
        tags: ['Predictions'],
        summary: 'One flight, a batch, or a stream of lines',
        description:
          'One object is one flight. `{"flights":[...]}` is a batch of up to 10,000. As `application/x-ndjson`, any number: one flight a line, one answer a line; a bad line becomes an error line.',
        parameters: SWITCHES,
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: { anyOf: [ref('Batch'), ref('Flight')] }, example },
            [NDJSON]: {
              schema: { description: 'One flight a line' },
              example: `${JSON.stringify(example)}\n`,
            },
          },
        },
        responses: {
          '200': ok('The prediction, or all of them in order', {
            'application/json': { schema: { anyOf: [ref('Predictions'), ref('Prediction')] } },
            [NDJSON]: { schema: { type: 'string' } },
          }),
          ...posting,
        },
      },
    },
    '/result': {
      post: {
        operationId: 'result',
        tags: ['Predictions'],
        summary: 'One flight from an HTML form',
        description: 'Answers a page, or JSON when `Accept` prefers it.',
        requestBody: {
          required: true,
          content: {
            'application/x-www-form-urlencoded': { schema: formSchema(loaded), example },
            'multipart/form-data': { schema: formSchema(loaded), example },
          },
        },
        responses: {
          '200': ok('The prediction', {
            'text/html': { schema: { type: 'string' } },
            'application/json': { schema: ref('Prediction') },
          }),
          ...withPage(posting),
        },
      },
    },
    '/': {
      get: {
        operationId: 'page',
        tags: ['Pages'],
        summary: 'The page with the form',
        responses: {
          '200': ok('The page', { 'text/html': { schema: { type: 'string' } } }),
          ...plain,
        },
      },
    },
    '/model': get('model', 'Model', 'The model: inputs, training, measured quality', ref('Model')),
    '/livez': get('live', 'Health', 'Whether the service lives', { type: 'object' }),
    '/readyz': get(
      'ready',
      'Health',
      'Whether the service may be sent work',
      { type: 'object' },
      { ...plain, ...notReady },
    ),
    '/v2': get('v2', 'Open Inference Protocol V2', 'The server', {
      type: 'object',
      required: ['name', 'version', 'extensions'],
    }),
    '/v2/health/live': get('v2Live', 'Open Inference Protocol V2', 'Whether the server lives', {
      type: 'object',
    }),
    '/v2/health/ready': get(
      'v2Ready',
      'Open Inference Protocol V2',
      'Whether the server is ready',
      { type: 'object' },
      { ...plain, ...notReady },
    ),
    [own]: get('v2Model', 'Open Inference Protocol V2', 'Inputs and outputs of the model', {
      type: 'object',
      required: ['name', 'platform'],
    }),
    [`${own}/ready`]: get(
      'v2ModelReady',
      'Open Inference Protocol V2',
      'Whether the model is ready',
      { type: 'object' },
      { ...plain, ...notReady },
    ),
    [`${own}/infer`]: {
      post: {
        operationId: 'v2Infer',
        tags: ['Open Inference Protocol V2'],
        summary: 'Flights as columns, by JSON or by binary tensors',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: ref('InferenceRequest'),
              example: inferenceExample(loaded, example),
            },
          },
        },
        responses: {
          '200': ok('The outputs', json({ type: 'object', required: ['model_name', 'outputs'] })),
          ...posting,
        },
      },
    },
    '/v2/repository/index': {
      post: {
        operationId: 'v2Index',
        tags: ['Open Inference Protocol V2'],
        summary: 'The models that are loaded',
        requestBody: { content: json({}) },
        responses: { '200': ok('The models', json({ type: 'array' })), ...posting },
      },
    },
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Puntual',
      version: VERSION,
      description: `How likely a flight is to be late, known before departure. Model \`${model.name}\`, version \`${version}\`.`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths,
    components: {
      schemas: schemasOf(loaded),
      ...(auth === undefined
        ? {}
        : { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } }),
    },
    ...(auth === undefined ? {} : { security: [{ bearer: [] }] }),
  };
};

/** A query or a form holds text: a number is written in decimal, nothing is null. */
const textShape = (schema: Schema): Schema => {
  const types = [schema['type']].flat();
  return { ...schema, type: types.includes('string') ? 'string' : 'number' };
};

/** `/result` answers a fault as a page to those who prefer one. */
const withPage = (answers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => {
      const { description, content } = answer as { description: string; content: object };
      return [
        status,
        { description, content: { ...content, 'text/html': { schema: { type: 'string' } } } },
      ];
    }),
  );

/** A form holds text; the former names of the inputs do as well. */
const formSchema = ({ model }: LoadedModel): Schema => {
  const texts = model.inputs.filter(({ kind }) => kind !== 'number');
  return {
    type: 'object',
    description:
      'Also taken: `Airline`, `Origin`, `Destination`, `Terminal`, and `Weekday` with `ScheduledTime` for the next such day.',
    required: texts.filter(({ required }) => required).map(({ name }) => name),
    properties: Object.fromEntries(
      texts.map((input) => [input.name, textShape(inputSchema(input, EXAMPLES_SHOWN))]),
    ),
  };
};

const inferenceExample = (
  { model }: LoadedModel,
  example: Readonly<Record<string, unknown>>,
): unknown => ({
  id: '1',
  inputs: model.inputs
    .filter(({ name }) => Object.hasOwn(example, name))
    .map(({ name, kind }) => ({
      name,
      shape: [1],
      datatype: kind === 'number' ? 'FP64' : 'BYTES',
      data: [example[name]],
    })),
});

const schemasOf = ({ model }: LoadedModel): Readonly<Record<string, Schema>> => {
  const properties = predictionProperties(model);
  const required = Object.keys(properties).filter((name) => name !== 'unknown');
  const explained = {
    reasons: {
      type: 'array',
      description: 'What each input adds to the base, largest first (with explain=true)',
      items: {
        type: 'object',
        required: ['input', 'points', 'text'],
        properties: {
          input: { type: 'string' },
          points: { type: 'number', description: '0.09 is nine percentage points' },
          text: { type: 'string' },
        },
      },
    },
    base: { type: 'number', description: 'The probability when nothing is known of a flight' },
  };
  return {
    Flight: flightSchema(model.inputs, EXAMPLES_SHOWN),
    Batch: {
      type: 'object',
      required: ['flights'],
      properties: { flights: { type: 'array', description: 'Up to 10,000', items: ref('Flight') } },
    },
    Prediction: {
      type: 'object',
      required: [...required, 'model'],
      properties: { ...properties, ...explained, model: MODEL_IDENTITY },
    },
    Predictions: {
      type: 'object',
      required: ['predictions', 'model'],
      properties: {
        predictions: {
          type: 'array',
          items: { type: 'object', required, properties: { ...properties, ...explained } },
        },
        model: MODEL_IDENTITY,
      },
    },
    Model: {
      type: 'object',
      required: ['name', 'version', 'inputs', 'threshold'],
      properties: {
        name: { type: 'string' },
        version: { type: 'string' },
        inputs: { type: 'object', description: 'One flight, as JSON Schema' },
        threshold: { type: 'number' },
        quality: { type: 'object', description: 'Measured on flights the model never saw' },
      },
    },
    InferenceRequest: {
      type: 'object',
      required: ['inputs'],
      properties: {
        id: { type: 'string' },
        inputs: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name', 'shape', 'datatype'],
            properties: {
              name: { enum: model.inputs.map(({ name }) => name) },
              shape: { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 1 },
              datatype: { enum: DATATYPES },
              data: { type: 'array' },
            },
          },
        },
        outputs: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { enum: ['probability', 'delayed'] } },
          },
        },
      },
    },
    Problem: {
      type: 'object',
      required: ['type', 'title', 'status', 'detail', 'code', 'error'],
      properties: {
        type: { type: 'string' },
        title: { type: 'string' },
        status: { type: 'integer' },
        detail: { type: 'string' },
        code: { enum: Object.keys(ERRORS) },
        errors: {
          type: 'array',
          items: {
            type: 'object',
            required: ['pointer', 'detail'],
            properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
          },
        },
        error: { type: 'string', description: 'The detail again, for V2 clients' },
      },
    },
  };
};
