/**
 * The schemas that operations of the OpenAPI document refer to by name.
 */
import type { LoadedModel } from '../../core/model-file.ts';
import { HTTP_CODES } from '../formats/problem.ts';
import { DATATYPES } from '../formats/tensor.ts';
import {
  flightSchema,
  MODEL_IDENTITY,
  predictionProperties,
  type Schema,
  weatherProperty,
} from './schema.ts';

/** A schema of this document by its name. */
export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** Known values that are listed per input; `/model` lists all. */
export const EXAMPLES_SHOWN = 12;

export const schemasOf = ({ model }: LoadedModel): Readonly<Record<string, Schema>> => {
  const properties = predictionProperties(model);
  const withWeather = (flight: Schema): Schema => ({
    ...flight,
    properties: { ...(flight['properties'] as Schema), ...weatherProperty(model) },
  });
  const required = Object.keys(properties).filter(
    (name) => name !== 'unknown' && name !== 'notices',
  );
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
    Flight: withWeather(flightSchema(model.inputs, EXAMPLES_SHOWN)),
    Batch: {
      type: 'object',
      required: ['flights'],
      properties: {
        flights: { type: 'array', description: 'Up to 10,000', items: ref('Flight') },
        ...weatherProperty(model),
      },
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
        code: { enum: HTTP_CODES },
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
