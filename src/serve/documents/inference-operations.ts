/**
 * The operations of the OpenAPI document that speak the Open Inference Protocol.
 */
import type { LoadedModel } from '../../core/model-file.ts';
import {
  answer,
  type Failures,
  json,
  NOT_READY,
  type Operations,
  reading,
  ref,
} from './operation.ts';
import { exampleFlight, type Schema } from './schema.ts';

const TAG = 'Open Inference Protocol V2';

const OBJECT: Schema = { type: 'object' };
const SERVER: Schema = { type: 'object', required: ['name', 'version', 'extensions'] };
const MODEL: Schema = { type: 'object', required: ['name', 'platform'] };

export const inferenceOperations = (loaded: LoadedModel, failures: Failures): Operations => {
  const own = `/v2/models/${encodeURIComponent(loaded.model.name)}`;
  const health = { ...failures.plain, ...NOT_READY };
  return {
    '/v2': reading('v2', TAG, 'The server', SERVER, failures.plain),
    '/v2/health/live': reading('v2Live', TAG, 'Whether the server lives', OBJECT, failures.plain),
    '/v2/health/ready': reading('v2Ready', TAG, 'Whether the server is ready', OBJECT, health),
    [own]: reading('v2Model', TAG, 'Inputs and outputs of the model', MODEL, failures.plain),
    [`${own}/ready`]: reading('v2ModelReady', TAG, 'Whether the model is ready', OBJECT, health),
    [`${own}/infer`]: {
      post: {
        operationId: 'v2Infer',
        tags: [TAG],
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
        tags: [TAG],
        summary: 'The models that are loaded',
        requestBody: { content: json({}) },
        responses: { '200': answer('The models', json({ type: 'array' })), ...failures.ofBody },
      },
    },
  };
};

const inferenceExample = ({ model }: LoadedModel): unknown => {
  const example = exampleFlight(model.inputs);
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
