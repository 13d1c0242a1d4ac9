/**
 * The operations of the Open Inference Protocol in the OpenAPI document.
 */
import type { LoadedModel } from '../../core/model-file.ts';
import { ref } from './components.ts';
import {
  answer,
  type Failures,
  json,
  NOT_READY,
  OBJECT,
  type Operations,
  reading,
} from './operation.ts';
import { exampleFlight, type Schema } from './schema.ts';

const INFERENCE = 'Open Inference Protocol V2';

const SERVER: Schema = { type: 'object', required: ['name', 'version', 'extensions'] };
const MODEL: Schema = { type: 'object', required: ['name', 'platform'] };

/** @param suffix of the names of operations that each model has */
export const inferenceOperations = (
  loaded: LoadedModel,
  suffix: string,
  failures: Failures,
): Operations => {
  const own = `/v2/models/${encodeURIComponent(loaded.model.name)}`;
  const health = { ...failures.plain, ...NOT_READY };
  return {
    '/v2': reading(
      { operationId: 'v2', tag: INFERENCE, summary: 'The server', schema: SERVER },
      failures.plain,
    ),
    '/v2/health/live': reading(
      {
        operationId: 'v2Live',
        tag: INFERENCE,
        summary: 'Whether the server lives',
        schema: OBJECT,
      },
      failures.plain,
    ),
    '/v2/health/ready': reading(
      {
        operationId: 'v2Ready',
        tag: INFERENCE,
        summary: 'Whether the server is ready',
        schema: OBJECT,
      },
      health,
    ),
    [own]: reading(
      {
        operationId: `v2Model${suffix}`,
        tag: INFERENCE,
        summary: 'Inputs and outputs of the model',
        schema: MODEL,
      },
      failures.plain,
    ),
    [`${own}/ready`]: reading(
      {
        operationId: `v2ModelReady${suffix}`,
        tag: INFERENCE,
        summary: 'Whether the model is ready',
        schema: OBJECT,
      },
      health,
    ),
    [`${own}/infer`]: {
      post: {
        operationId: `v2Infer${suffix}`,
        tags: [INFERENCE],
        summary: 'Flights as columns, by JSON or by binary tensors',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: ref('InferenceRequest'),
              example: inferenceExample(loaded),
            },
          },
        },
        responses: {
          '200': answer(
            'The outputs',
            json({ type: 'object', required: ['model_name', 'outputs'] }),
          ),
          ...failures.ofBody,
        },
      },
    },
    '/v2/repository/index': {
      post: {
        operationId: 'v2Index',
        tags: [INFERENCE],
        summary: 'The models that are loaded',
        requestBody: { content: json({}) },
        responses: { '200': answer('The models', json({ type: 'array' })), ...failures.ofBody },
      },
    },
  };
};

const inferenceExample = ({ model }: LoadedModel): unknown => {
  const example = exampleFlight(model);
  return {
    id: '1',
    inputs: model.inputs
      .filter(({ name }) => Object.hasOwn(example, name))
      .map(({ name, kind }) => ({
        name,
        shape: [1],
        datatype: kind === 'number' ? 'FP64' : 'BYTES',
        data: [example[name]],
      })),
  };
};
