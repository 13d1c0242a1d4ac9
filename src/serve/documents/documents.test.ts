import { afterAll, describe, expect, test } from 'bun:test';
import Ajv2020 from 'ajv/dist/2020.js';
import { PLANTED_FLIGHT } from '../../../test/planted.ts';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../../core/errors.ts';
import { HTTP_CODES } from '../formats/problem.ts';
import type { OpenApi } from './openapi.ts';

const SRC = join(import.meta.dir, '../..');
const service = startPlantedService();
afterAll(() => service.stop());
const openApi = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenApi;

describe('the OpenAPI document', () => {
  test('names only paths and methods that are there, and what they answer', async () => {
    for (const [path, operations] of Object.entries(openApi.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const content = operation.requestBody?.content ?? {};
        const [type, body] = Object.entries(content)[0] ?? [];
        const query =
          operation.operationId === 'predictByQuery'
            ? `?${new URLSearchParams(PLANTED_FLIGHT)}`
            : '';
        const example = (body?.example ?? {}) as Record<string, string>;
        const response = await fetch(service.url + path + query, {
          method: method.toUpperCase(),
          ...(type && {
            headers: { 'content-type': type },
            body: type.includes('urlencoded')
              ? new URLSearchParams(example)
              : JSON.stringify(example),
          }),
        });
        expect([path, response.status]).toEqual([path, 200]);
        const answered = response.headers.get('content-type')!.split(';')[0]!;
        const described = operation.responses['200'] as { content: object };
        expect(Object.keys(described.content)).toContain(answered);
      }
    }
  });

  test('describes predictions as they are', async () => {
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ ...openApi, $id: 'api' } as object);
    const post = async (body: unknown, query = '') =>
      (
        await fetch(`${service.url}/predict${query}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      ).json();
    const fits = (name: string, value: unknown) =>
      ajv.validate({ $ref: `api#/components/schemas/${name}` }, value);
    expect(fits('Prediction', await post(PLANTED_FLIGHT, '?explain=true'))).toBeTrue();
    expect(
      fits('Predictions', await post({ flights: [PLANTED_FLIGHT, PLANTED_FLIGHT] })),
    ).toBeTrue();
    expect(fits('Problem', await post({ flights: [{}] }))).toBeTrue();
    expect(fits('Prediction', await post({}))).toBeFalse();
    expect(fits('Model', await (await fetch(`${service.url}/model`)).json())).toBeTrue();
  });

  test('knows every code that the service can answer with, and none of the command line alone', () => {
    const problem = openApi.components['schemas']!['Problem'] as {
      properties: { code: { enum: string[] } };
    };
    const folders = ['formats', 'guard', 'routes', 'scoring', 'worker'].map(
      (room) => `serve/${room}`,
    );
    const files = [...folders, 'http']
      .flatMap((folder) => [...new Bun.Glob(`${folder}/*.ts`).scanSync(SRC)])
      .filter((file) => !file.endsWith('.test.ts'));
    const text = files.map((file) => readFileSync(join(SRC, file), 'utf8')).join('\n');
    const thrown = Object.keys(ERRORS).filter((code) =>
      new RegExp(`(?:AppError\\(|code:|: \\[)\\s*'${code}'`).test(text),
    );
    // What is said at the start or in the log (of certificates, of a key set at an address) is never an answer.
    const untold = [
      'usage',
      'limit-system',
      'model-unfit',
      'file-unreadable',
      'target-unreachable',
    ];
    const answered = thrown.filter((code) => !untold.includes(code));
    expect([...problem.properties.code.enum].sort()).toEqual(answered.sort());
  });
});

test('the Postman collection holds every operation, each with a check', async () => {
  const collection = (await (await fetch(`${service.url}/postman.json`)).json()) as {
    info: { schema: string };
    variable: { key: string; value: string }[];
    item: { item: { event: unknown[] }[] }[];
  };
  expect(collection.info.schema).toEndWith('/v2.1.0/collection.json');
  expect(collection.variable[0]).toEqual({ key: 'origin', value: service.url });
  const items = collection.item.flatMap(({ item }) => item);
  const operations = Object.values(openApi.paths).flatMap((path) => Object.keys(path));
  expect(items).toHaveLength(operations.length);
  for (const { event } of items) expect(event).toHaveLength(1);
});

test('the documentation page shows every path and every error code', async () => {
  const html = await (await fetch(`${service.url}/docs`)).text();
  for (const path of Object.keys(openApi.paths)) expect(html).toContain(`<code>${path}</code>`);
  for (const code of HTTP_CODES) expect(html).toContain(`id="${code}"`);
});

test.each(['/', '/docs', '/openapi.json'])('%s is not sent again to who has it', async (path) => {
  const first = await fetch(service.url + path);
  const etag = first.headers.get('etag')!;
  const again = await fetch(service.url + path, { headers: { 'if-none-match': `"x", ${etag}` } });
  expect(again.status).toBe(304);
  expect(await again.text()).toBe('');
});

test('pages load nothing foreign and cannot be framed', async () => {
  for (const path of ['/', '/docs']) {
    const { headers } = await fetch(service.url + path);
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  }
});

test('a large answer is packed for who takes it, and holds the same', async () => {
  const ask = async (accept: string): Promise<Response> =>
    fetch(`${service.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-encoding': accept },
      body: JSON.stringify({ flights: new Array(1000).fill(PLANTED_FLIGHT) }),
      decompress: false,
    });
  const packed = await ask('gzip, br');
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  expect(packed.headers.get('vary')).toBe('accept-language, accept-encoding');
  const plain = await ask('identity');
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect((await ask('gzip;q=0')).headers.get('content-encoding')).toBeNull();
  const text = Buffer.from(Bun.gunzipSync(new Uint8Array(await packed.arrayBuffer()))).toString();
  expect(text).toBe(await plain.text());
});

describe('other origins', () => {
  const headers = { origin: 'https://app.example' };

  test('get no leave to read, unless configured', async () => {
    const response = await fetch(`${service.url}/model`, { headers });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('that are configured may ask and read; others still may not', async () => {
    const open = startPlantedService(
      buildPlantedContext({ config: { corsOrigins: ['https://app.example'] } }),
    );
    const preflight = await fetch(`${open.url}/predict`, {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example');
    for (const field of ['content-type', 'content-encoding'])
      expect(preflight.headers.get('access-control-allow-headers')).toContain(field);
    const allowed = await fetch(`${open.url}/model`, { headers });
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    const other = await fetch(`${open.url}/model`, { headers: { origin: 'https://evil.example' } });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    await open.stop();
  });
});
