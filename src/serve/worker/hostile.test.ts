import { afterAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { open, talk } from '../../../test/http-talk.ts';
import { PLANTED_FLIGHT } from '../../../test/planted.ts';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import { ROUTES } from '../labels.ts';
import { buildLog } from '../log.ts';
import { NDJSON } from '../scoring/ndjson.ts';
import { buildTracing } from '../telemetry/trace.ts';
import { buildApp } from './app.ts';

const service = startPlantedService();
afterAll(() => service.stop());

const send = (path: string, body: BodyInit, type = 'application/json', more = {}) =>
  fetch(service.url + path, { method: 'POST', headers: { 'content-type': type, ...more }, body });

/** The service still answers a well-meant request as before. */
const answersStill = async (): Promise<void> => {
  const response = await send('/predict', JSON.stringify(PLANTED_FLIGHT));
  expect(response.status).toBe(200);
  expect(((await response.json()) as { probability: number }).probability).toBeWithin(0, 1);
};

/** What a refusal looks like: a problem document of the 4xx kind, without a stack. */
const expectTame = async (response: Response): Promise<void> => {
  const text = await response.text();
  expect(response.status).toBeLessThan(500);
  expect(text).not.toMatch(/ at .*[.]ts:/);
  if (response.status >= 400 && response.headers.get('content-type') !== 'text/html; charset=utf-8')
    expect(JSON.parse(text)).toMatchObject({ status: response.status, code: expect.any(String) });
};

const strange = fc.oneof(
  fc.constantFrom(
    'DL',
    '',
    null,
    true,
    0,
    -1,
    1e308,
    '2013-07-05T18:30',
    '2013-02-30T00:00',
    '\ud800',
    '\u0000',
  ),
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.array(fc.string(), { maxLength: 3 }),
  fc.dictionary(fc.string(), fc.integer(), { maxKeys: 3 }),
);
const name = fc.constantFrom(
  'airline',
  'origin',
  'destination',
  'scheduledDeparture',
  'distanceMiles',
  'flights',
  '__proto__',
  'constructor',
  'toString',
  'inputs',
  'outputs',
  'id',
  'parameters',
  'name',
  'shape',
  'datatype',
  'data',
);
const hostileObject: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    strange,
    tie('object'),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
  object: fc
    .array(fc.tuple(name, tie('value')), { maxLength: 6 })
    .map((entries) =>
      JSON.parse(
        `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`,
      ),
    ),
})).object;

/** Fields that also a request without a body is asked for. */
const isReadOfAll = (field: string): boolean =>
  !/^(?:Content|Transfer|Inference|Expect)/.test(field);

describe('hostile requests are refused one by one, and the next caller notices nothing', () => {
  test.each([
    '/predict',
    '/v2/models/planted/infer',
    '/v2/repository/index',
  ])('objects with wrong values in right places, to %s', async (path) => {
    await fc.assert(
      fc.asyncProperty(hostileObject, fc.boolean(), async (body, near) => {
        const whole = near ? { ...PLANTED_FLIGHT, ...(body as object) } : body;
        await expectTame(await send(path, JSON.stringify(whole)));
      }),
      { numRuns: 400 },
    );
    await answersStill();
  });

  test('any bytes, under any type that is taken', async () => {
    const type = fc.constantFrom(
      'application/json',
      NDJSON,
      'application/octet-stream',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'multipart/form-data',
      'application/json; charset=utf-16',
      ';',
      'text/html',
    );
    const path = fc.constantFrom(
      '/predict',
      '/result',
      '/v2/models/planted/infer',
      '/',
      '/nothing',
    );
    await fc.assert(
      fc.asyncProperty(path, type, fc.uint8Array({ maxLength: 300 }), async (to, as, bytes) => {
        const response = await send(to, new Uint8Array(bytes), as);
        if (response.status === 200 && as === NDJSON) await response.text();
        else await expectTame(response);
      }),
      { numRuns: 600 },
    );
    await answersStill();
  });

  test('binary tensors with any header length and any sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.integer({ min: -5, max: 600 }).map(String),
          fc.string({ unit: 'grapheme-ascii' }),
        ),
        fc.oneof(fc.integer({ min: -9, max: 99 }), fc.constantFrom(2 ** 53, 1e300)),
        fc.constantFrom('BYTES', 'FP64', 'INT64', 'BOOL', 'FP16'),
        fc.uint8Array({ maxLength: 64 }),
        async (length, size, datatype, bytes) => {
          const head = Buffer.from(
            JSON.stringify({
              inputs: [
                { name: 'airline', shape: [2], datatype, parameters: { binary_data_size: size } },
              ],
            }),
          );
          const headers = {
            'inference-header-content-length': /^[\x21-\x7e]+$/.test(length)
              ? length
              : String(head.length),
          };
          const body = new Uint8Array(Buffer.concat([head, bytes]));
          await expectTame(
            await send('/v2/models/planted/infer', body, 'application/octet-stream', headers),
          );
        },
      ),
      { numRuns: 400 },
    );
    await answersStill();
  });

  test('any field that is read, with any value, while every request is traced and logged', async () => {
    const log = buildLog('info', {}, 'json', () => {});
    const tracing = buildTracing(
      { otlpEndpoint: 'http://127.0.0.1:9', traceShare: 1, accessLogShare: 1 },
      log,
    );
    const config = { corsOrigins: ['https://app.example'] };
    const serviceFeed = { next: async () => '{}' };
    const server = open(tracing.around(buildApp(buildPlantedContext({ config, serviceFeed }))));
    const values = [
      '',
      ',',
      ';',
      ';q=',
      '*/*;q=z',
      'a:b:c',
      '[',
      '%',
      '\u00ff\u00fe',
      '-1',
      '1e999',
      'NaN',
      '0x10',
    ];
    values.push(
      'multipart/form-data; boundary=',
      'multipart/form-data; boundary="\u00e9',
      'gzip;q=0.x',
      '"',
      'W/"',
    );
    values.push(
      'application/json; charset=utf-99',
      '00-0-0-0',
      `00-${'a'.repeat(32)}-${'b'.repeat(16)}-zz`,
      'x'.repeat(9000),
    );
    const fields = [
      'Accept',
      'Accept-Encoding',
      'Accept-Language',
      'Content-Type',
      'Content-Encoding',
      'If-None-Match',
    ];
    fields.push(
      'Inference-Header-Content-Length',
      'Request-Timeout',
      'traceparent',
      'Origin',
      'Authorization',
      'X-API-Key',
    );
    fields.push(
      'Access-Control-Request-Method',
      'Host',
      'Cookie',
      'Expect',
      'Transfer-Encoding',
      'Content-Length',
    );
    const posts = ['/predict', '/result', '/v2/models/planted/infer', '/v2/repository/index'];
    // A stream of events ends with its caller; the door before it is that of `/service`.
    const routes = ROUTES.filter((route) => route !== '/service/events' && route !== 'other');
    for (const route of [...routes, '/nothing']) {
      const path = route.replace('{model}', 'planted').replace('{file}', 'page.css');
      for (const field of posts.includes(path) ? fields : fields.filter(isReadOfAll)) {
        const requests = values.map((value) => {
          const host = field === 'Host' ? '' : 'Host: t\r\n';
          return `${posts.includes(path) ? 'POST' : 'GET'} ${path} HTTP/1.1\r\n${host}${field}: ${value}\r\nConnection: close\r\n\r\n`;
        });
        const talks = requests.map((request) => talk(server, request));
        await Promise.all(talks.map(({ closed }) => closed));
        for (const [i, { heard }] of talks.entries())
          if (!/^HTTP\/1\.1 [1234]\d\d /.test(heard()))
            throw new Error(`${requests[i]}: ${heard()}`);
      }
    }
  });

  test('any query', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, fc.string({ unit: 'binary' }))), async (pairs) => {
        const query = pairs
          .map(([key, value]) => `${key}=${encodeURIComponent(value.toWellFormed())}`)
          .join('&');
        await expectTame(await fetch(`${service.url}/predict?${query}&explain=%ff`));
      }),
      { numRuns: 200 },
    );
    await answersStill();
  });

  test.each([
    [
      'a value of a megabyte',
      JSON.stringify({ ...PLANTED_FLIGHT, airline: 'x'.repeat(1_000_000) }),
      200,
    ],
    [
      'ten thousand members',
      JSON.stringify({
        ...PLANTED_FLIGHT,
        ...Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i])),
      }),
      200,
    ],
    [
      'a lone surrogate',
      '{"airline":"\\ud800","origin":"JFK","destination":"LAX","scheduledDeparture":"2013-07-05T18:30"}',
      200,
    ],
    [
      'a prototype',
      '{"__proto__":{"airline":"DL","origin":"JFK"},"destination":"LAX","scheduledDeparture":"2013-07-05T18:30"}',
      422,
    ],
    ['half a million brackets', `{"flights":${'['.repeat(500_000)}`, 400],
    ['nested flights', `{"flights":${'[{"flights":'.repeat(5000)}0${'}]'.repeat(5000)}}`, 400],
    [
      'a number past every double',
      '{"airline":"DL","origin":"JFK","destination":"LAX","scheduledDeparture":"2013-07-05T18:30","distanceMiles":1e999}',
      422,
    ],
    ['a byte order mark', `\ufeff${JSON.stringify(PLANTED_FLIGHT)}`, 200],
    ['a second document behind the first', `${JSON.stringify(PLANTED_FLIGHT)}{}`, 400],
    [
      'the year 0',
      JSON.stringify({ ...PLANTED_FLIGHT, scheduledDeparture: '0000-01-01T00:00' }),
      200,
    ],
  ])('%s', async (_, body, status) => {
    const response = await send('/predict', body);
    await expectTame(response.clone() as Response);
    expect(response.status).toBe(status);
    await answersStill();
  });
});
