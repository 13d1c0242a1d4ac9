/**
 * The operations of the OpenAPI document: what every path takes, answers and can fail with. Those that predict, those
 * that tell about the service, and those of the Open Inference Protocol.
 */
import { LANGUAGES } from '../../core/language.ts';
import type { LoadedModel } from '../../core/model-file.ts';
import { NDJSON } from '../scoring/ndjson.ts';
import { EXAMPLES_SHOWN, ref } from './components.ts';
import { inferenceOperations } from './inference-operations.ts';
import {
  answer,
  type Failures,
  failuresOf,
  json,
  NOT_READY,
  OBJECT,
  type Operations,
  reading,
} from './operation.ts';
import { exampleFlight, inputSchema, type Schema } from './schema.ts';

/**
 * Every operation, by path and method.
 * @param named further models that are asked for by name
 * @param hasAuth whether callers need a key
 */
export const operationsOf = (
  loaded: LoadedModel,
  named: readonly LoadedModel[],
  hasAuth: boolean,
): Operations => {
  const failures = failuresOf(hasAuth);
  return {
    ...predictionOperations(loaded, named, failures),
    ...serviceOperations(modelParameters(loaded, named), failures),
    ...Object.assign(
      {},
      ...[loaded, ...named].map((one, i) =>
        inferenceOperations(one, i === 0 ? '' : `${i + 1}`, failures),
      ),
    ),
  };
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
  {
    name: 'lang',
    in: 'query',
    description: 'Language of reasons, notices and details of errors; else Accept-Language decides',
    schema: { enum: LANGUAGES },
  },
];

/** Which model is asked, where there are several. */
const modelParameters = (loaded: LoadedModel, named: readonly LoadedModel[]): readonly unknown[] =>
  named.length === 0
    ? []
    : [
        {
          name: 'model',
          in: 'query',
          description: `The model that answers; \`${loaded.model.name}\` unless another is named. The others have inputs of their own: see /model?model=NAME`,
          schema: {
            type: 'string',
            enum: [loaded, ...named].map(({ model }) => model.name),
            default: loaded.model.name,
          },
        },
      ];

const predictionOperations = (
  loaded: LoadedModel,
  named: readonly LoadedModel[],
  failures: Failures,
): Operations => {
  const switches = [...SWITCHES, ...modelParameters(loaded, named)];
  const { inputs } = loaded.model;
  const example = exampleFlight(loaded.model);
  return {
    '/predict': {
      get: {
        operationId: 'predictByQuery',
        tags: ['Predictions'],
        summary: 'One flight, asked for in the address',
        parameters: [
          ...inputs.map((input) => ({
            name: input.name,
            in: 'query',
            required: input.required,
            schema: textShape(inputSchema(input, EXAMPLES_SHOWN)),
            ...(Object.hasOwn(example, input.name) ? { example: example[input.name] } : {}),
          })),
          ...switches,
        ],
        responses: {
          '200': answer('The prediction', json(ref('Prediction'))),
          ...failures.ofQuery,
        },
      },
      post: {
        operationId: 'predict',
        tags: ['Predictions'],
        summary: 'One flight, a batch, or a stream of lines',
        description:
          'One object is one flight. `{"flights":[...]}` is a batch of up to 10,000. As `application/x-ndjson`, any number: one flight a line, one answer a line; a bad line becomes an error line.',
        parameters: switches,
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
          '200': answer('The prediction, or all of them in order', {
            'application/json': { schema: { anyOf: [ref('Predictions'), ref('Prediction')] } },
            [NDJSON]: { schema: { type: 'string' } },
          }),
          ...failures.ofBody,
        },
      },
    },
    '/result': {
      post: {
        operationId: 'result',
        tags: ['Predictions'],
        summary: 'One flight from an HTML form',
        description: 'Answers a page, or JSON when `Accept` prefers it.',
        parameters: modelParameters(loaded, named),
        requestBody: {
          required: true,
          content: {
            'application/x-www-form-urlencoded': { schema: formSchema(loaded), example },
            'multipart/form-data': { schema: formSchema(loaded), example },
          },
        },
        responses: {
          '200': answer('The prediction', {
            'text/html': { schema: { type: 'string' } },
            'application/json': { schema: ref('Prediction') },
          }),
          ...withPage(failures.ofBody),
        },
      },
    },
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

const serviceOperations = (parameters: readonly unknown[], failures: Failures): Operations => ({
  '/': {
    get: {
      operationId: 'page',
      tags: ['Pages'],
      summary: 'The page with the form',
      parameters,
      responses: {
        '200': answer('The page', { 'text/html': { schema: { type: 'string' } } }),
        ...failures.plain,
      },
    },
  },
  '/model': reading(
    {
      operationId: 'model',
      tag: 'Model',
      summary: 'The model: inputs, training, measured quality',
      schema: ref('Model'),
    },
    failures.plain,
  ),
  '/livez': reading(
    { operationId: 'live', tag: 'Health', summary: 'Whether the service lives', schema: OBJECT },
    failures.plain,
  ),
  '/readyz': reading(
    {
      operationId: 'ready',
      tag: 'Health',
      summary: 'Whether the service may be sent work',
      schema: OBJECT,
    },
    {
      ...failures.plain,
      ...NOT_READY,
    },
  ),
});
