/**
 * The operations of the OpenAPI document that tell about the service: the page, the model, health.
 */
import { answer, type Failures, NOT_READY, type Operations, reading, ref } from './operation.ts';
import type { Schema } from './schema.ts';

const OBJECT: Schema = { type: 'object' };

export const serviceOperations = (failures: Failures): Operations => ({
  '/': {
    get: {
      operationId: 'page',
      tags: ['Pages'],
      summary: 'The page with the form',
      responses: {
        '200': answer('The page', { 'text/html': { schema: { type: 'string' } } }),
        ...failures.plain,
      },
    },
  },
  '/model': reading(
    'model',
    'Model',
    'The model: inputs, training, measured quality',
    ref('Model'),
    failures.plain,
  ),
  '/livez': reading('live', 'Health', 'Whether the service lives', OBJECT, failures.plain),
  '/readyz': reading('ready', 'Health', 'Whether the service may be sent work', OBJECT, {
    ...failures.plain,
    ...NOT_READY,
  }),
});
