/** What surrounds every route alike: codings, content types, slashes, marks, absent members. */
import { afterAll, describe, expect, test } from 'bun:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { PLANTED_FLIGHT } from '../../../test/planted.ts';
import { startPlantedService } from '../../../test/planted-service.ts';

const service = startPlantedService();
afterAll(() => service.stop());

const FLIGHT = JSON.stringify(PLANTED_FLIGHT);
const FORM = String(new URLSearchParams(PLANTED_FLIGHT));
const INFER = '/v2/models/planted/infer';
const TENSORS = JSON.stringify({
  inputs: Object.entries(PLANTED_FLIGHT).map(([name, value]) => ({
    name,
    shape: [1],
    datatype: 'BYTES',
    data: [value],
  })),
});
const ROUTES = [
  ['/predict', 'application/json', FLIGHT],
  ['/predict', 'application/x-ndjson', `${FLIGHT}\n`],
  ['/result', 'application/x-www-form-urlencoded', FORM],
  [INFER, 'application/json', TENSORS],
  ['/v2/repository/index', 'application/json', '{}'],
] as const;

const send = (
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<Response> => fetch(service.url + path, { method: 'POST', body, headers });
const codeOf = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { code: unknown }).code;

describe.each(ROUTES)('POST %s as %s', (path, type, body) => {
  const headers = { 'content-type': type, accept: 'application/json' };

  test('answers the same to a body that is packed, with a slash at the end, or with a byte order mark', async () => {
    const plain = await (await send(path, body, headers)).text();
    const packed = new Uint8Array(gzipSync(body));
    for (const coding of ['gzip', 'GZIP', 'x-gzip'])
      expect(
        await (await send(path, packed, { ...headers, 'content-encoding': coding })).text(),
      ).toBe(plain);
    for (const coding of ['identity', ''])
      expect(
        await (await send(path, body, { ...headers, 'content-encoding': coding })).text(),
      ).toBe(plain);
    expect(await (await send(`${path}/`, body, headers)).text()).toBe(plain);
    expect(await (await send(path, `\ufeff${body}`, headers)).text()).toBe(plain);
  });

  test('refuses any other coding, and names the one that it takes', async () => {
    for (const coding of ['br', 'gzip, gzip', 'deflate', 'zstd']) {
      const packed = new Uint8Array(brotliCompressSync(body));
      const response = await send(path, packed, { ...headers, 'content-encoding': coding });
      expect([response.status, response.headers.get('accept-encoding')]).toEqual([415, 'gzip']);
      expect(await codeOf(response)).toBe('coding-unsupported');
    }
  });

  test('refuses bytes that are no gzip, that break off, and that unpack to too many', async () => {
    const packed = new Uint8Array(gzipSync(body));
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(64 * 2 ** 20, ' ')));
    const cases = [
      [new Uint8Array(Buffer.from(body)), 'request-malformed'],
      [packed.subarray(0, packed.length - 9), 'request-malformed'],
      [bomb, 'body-too-large'],
    ] as const;
    for (const [bytes, code] of cases) {
      const response = await send(path, bytes, { ...headers, 'content-encoding': 'gzip' });
      // A stream has begun its answer by then: what went wrong is its last line.
      const last = (await response.text()).trim().split('\n').at(-1)!;
      expect((JSON.parse(last) as { code: unknown }).code).toBe(code);
    }
  });
});

test('the index of models is answered to any content type', async () => {
  for (const type of [
    'text/plain',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
  ])
    expect((await send('/v2/repository/index', '', { 'content-type': type })).status).toBe(200);
});

test('a list is answered with the sentence that says how several flights are sent', async () => {
  const response = await send('/predict', `[${FLIGHT}]`, { 'content-type': 'application/json' });
  expect(response.status).toBe(422);
  expect(((await response.json()) as { detail: string }).detail).toContain('{"flights":[...]}');
});

test('members that are null count as absent', async () => {
  const flight = { ...PLANTED_FLIGHT, distanceMiles: null, flights: null };
  const response = await send('/predict', JSON.stringify(flight), {
    'content-type': 'application/json',
  });
  expect(response.status).toBe(200);
});

test('documents are found with a slash at the end too', async () => {
  for (const path of ['/docs/', '/v2/', '/v2/health/ready/', '/model/'])
    expect((await fetch(service.url + path)).status).toBe(200);
});
