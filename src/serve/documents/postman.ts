/**
 * A Postman collection that runs as it is, with a check behind every request; newman runs it too.
 *
 * @source https://schema.getpostman.com/json/collection/v2.1.0/collection.json
 */
import type { LoadedModel } from '../../core/model-file.ts';
import type { OpenApi } from './openapi.ts';
import type { Operation } from './operation.ts';

/** @param origin where the service was asked for it: the collection's base address */
export const buildCollection = (
  { model }: LoadedModel,
  { paths }: OpenApi,
  example: Readonly<Record<string, unknown>>,
  origin: string,
): unknown => {
  const folders = new Map<string, unknown[]>();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const folder = operation.tags[0]!;
      const item = itemOf(path, method.toUpperCase(), operation, example);
      folders.set(folder, [...(folders.get(folder) ?? []), item]);
    }
  }
  return {
    info: {
      name: `Puntual: ${model.name}`,
      description: 'Every request runs as it is and checks its answer.',
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    variable: [
      { key: 'origin', value: origin },
      { key: 'key', value: '' },
    ],
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{key}}', type: 'string' }] },
    item: [...folders].map(([name, item]) => ({ name, item })),
  };
};

const itemOf = (
  path: string,
  method: string,
  operation: Operation,
  example: Readonly<Record<string, unknown>>,
): unknown => {
  const body = operation.requestBody?.content;
  const type = Object.keys(body ?? {})[0];
  const query =
    operation.operationId === 'predictByQuery'
      ? Object.entries(example).map(([key, value]) => ({ key, value: String(value) }))
      : [];
  const tail = query.map(({ key, value }) => `${key}=${encodeURIComponent(value)}`).join('&');
  return {
    name: operation.summary,
    request: {
      method,
      header: type === undefined ? [] : [{ key: 'Content-Type', value: type }],
      url: {
        raw: `{{origin}}${path}${tail === '' ? '' : `?${tail}`}`,
        host: ['{{origin}}'],
        path: path.split('/').slice(1),
        ...(query.length === 0 ? {} : { query }),
      },
      ...(type === undefined ? {} : { body: bodyOf(type, body![type]!.example ?? {}) }),
    },
    event: [
      {
        listen: 'test',
        script: {
          type: 'text/javascript',
          exec: [
            "pm.test('is answered with 200', () => pm.response.to.have.status(200));",
            ...(operation.operationId.startsWith('predict')
              ? [
                  "pm.test('holds a probability', () => pm.expect(pm.response.json().probability).to.be.within(0, 1));",
                ]
              : []),
          ],
        },
      },
    ],
  };
};

const bodyOf = (type: string, example: unknown): unknown =>
  type === 'application/x-www-form-urlencoded'
    ? {
        mode: 'urlencoded',
        urlencoded: Object.entries(example as object).map(([key, value]) => ({
          key,
          value: String(value),
        })),
      }
    : {
        mode: 'raw',
        raw: JSON.stringify(example, null, 2),
        options: { raw: { language: 'json' } },
      };
