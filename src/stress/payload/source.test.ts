import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCurl, payloadOfCurl } from './curl.ts';
import { readSource, type SourceFiles } from './source.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-source-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
};

const TARGET = new URL('http://staging.example/');
const read = (files: Partial<SourceFiles>) =>
  readSource({ speed: 1, ...files }, TARGET, [['X-A', 'b']])!;

test.each([
  ['curl http://h/p', 'GET', '/p', null],
  ["curl -sSL 'http://h/p?q=1' -H 'X: y'", 'GET', '/p?q=1', null],
  ["curl http://h/p -d a=1 -d 'b=2 3'", 'POST', '/p', 'a=1&b=2 3'],
  [`curl -X PUT --json '{"a": "it'\\''s"}' http://h/`, 'PUT', '/', '{"a": "it\'s"}'],
  ["curl -G http://h/s --data-urlencode 'q=a b'", 'GET', '/s?q=a%20b', null],
  ['curl -I h/x', 'HEAD', '/x', null],
  ["curl \\\n  --request=PATCH \\\n  --data-raw $'a\\nb' \\\n http://h/", 'PATCH', '/', 'a\nb'],
  ['curl -XPOST http://h/', 'POST', '/', null],
])('%s', (text, method, path, body) => {
  const [request] = payloadOfCurl(parseCurl(text)).requests;
  expect(request).toMatchObject({ method, path });
  expect(request!.body === null ? null : Buffer.from(request!.body).toString()).toBe(body);
});

test('a curl command gives its headers, its user, its certificates and what it trusts', () => {
  const command = parseCurl(
    "curl -k -u me:secret -b 'a=1' --cacert ca.pem --resolve h:443:127.0.0.1 -H 'accept: text/html' https://h/",
  );
  expect(command).toMatchObject({ insecure: true, cacert: 'ca.pem', resolve: ['h:443:127.0.0.1'] });
  expect(command.headers).toEqual([
    'accept: text/html',
    `Authorization: Basic ${btoa('me:secret')}`,
    'Cookie: a=1',
  ]);
});

test.each([
  ['curl', '0 URLs'],
  ['curl http://a/ http://b/', '2 URLs'],
  ["curl 'http://a/", 'a quote that is not closed'],
  ['curl --ftp-pasv http://a/', "'--ftp-pasv' of the curl command is not understood"],
  [
    'curl -d @nowhere.txt http://a/',
    "'@nowhere.txt' of the curl command: nowhere.txt does not exist",
  ],
])('%s is refused in one sentence', (text, sentence) => {
  expect(() => parseCurl(`${text} `)).toThrow(sentence);
});

const entry = (method: string, url: string, text?: string) => ({
  request: {
    method,
    url,
    headers: [
      { name: 'Cookie', value: 'secret=1' },
      { name: 'Host', value: 'x' },
      { name: 'Accept', value: '*/*' },
    ],
    ...(text === undefined ? {} : { postData: { text } }),
  },
});

test('a HAR file gives the requests to one service; recorded of another, without its cookies', () => {
  const entries = [
    entry('GET', 'https://shop.example/a?b=1'),
    entry('POST', 'https://shop.example/c', '{}'),
    entry('GET', 'https://tracker.example/x'),
  ];
  const har = file('shop.har', JSON.stringify({ log: { entries } }));
  const other = read({ har });
  expect(other.requests.map(({ name, path, body }) => [name, path, body && String(body)])).toEqual([
    ['GET /a', '/a?b=1', null],
    ['POST /c', '/c', '{}'],
  ]);
  expect(other.requests[0]!.headers).toEqual([['Accept', '*/*']]);
  expect(other.sentence).toContain(
    '1 to other services left out; recorded of https://shop.example',
  );
  const same = readSource({ har, speed: 1 }, new URL('https://shop.example/'), [])!;
  expect(same.requests[0]!.headers[0]).toEqual(['Cookie', 'secret=1']);
  expect(() => read({ har: file('no.har', '[]') })).toThrow('is not a HAR file');
});

test('an access log is replayed with its times, at its speed or a multiple', () => {
  const line = (clock: string, request: string): string =>
    `127.0.0.1 - - [31/Jan/2026:${clock} +0100] "${request} HTTP/1.1" 200 5 "-" "agent"`;
  const lines = [
    line('23:59:59', 'GET /a'),
    line('23:59:59', 'GET /b?c=1'),
    line('23:59:59', 'POST /d'),
    'nonsense',
    `10.0.0.1 - - [01/Feb/2026:00:00:01 +0100] "HEAD /e HTTP/1.1" 304 0`,
  ];
  const accessLog = file('access.log.gz', Bun.gzipSync(Buffer.from(lines.join('\n'))));
  const once = read({ accessLog });
  expect(once.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /a',
    'GET /b?c=1',
    'HEAD /e',
  ]);
  expect(once.momentsMs).toEqual([0, 500, 2000]);
  expect(once.requests[0]!.headers).toEqual([['X-A', 'b']]);
  expect(once.sentence).toContain(
    '1 with bodies or odd addresses left out; 1 lines not understood',
  );
  expect(read({ accessLog, speed: 2 }).momentsMs).toEqual([0, 250, 1000]);
  expect(() => read({ accessLog: file('no.log', 'a\nb\n') })).toThrow('holds no GET or HEAD');
});

test('an OpenAPI document gives the operations whose examples are whole', () => {
  const openapi = file(
    'api.yaml',
    `openapi: 3.1.0
servers: [{ url: https://api.example/v1 }]
paths:
  /flights/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer, example: 7 } }]
    get:
      operationId: flight
      parameters: [{ name: lang, in: query, schema: { default: en } }, { name: X-B, in: header, example: c }]
    delete: {}
  /predict:
    post:
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Flight' } } } }
  /secret/{key}:
    get: { parameters: [{ name: key, in: path, required: true, schema: { type: string } }] }
components:
  schemas:
    Flight: { type: object, required: [to], properties: { to: { enum: [LAX, JFK] }, note: { type: string } } }
`,
  );
  const { requests, sentence } = read({ openapi });
  expect(
    requests.map(({ name, method, path, body }) => [name, method, path, body && String(body)]),
  ).toEqual([
    ['flight', 'GET', '/v1/flights/7?lang=en', null],
    ['POST /predict', 'POST', '/v1/predict', '{"to":"LAX"}'],
  ]);
  expect(new Map(requests[0]!.headers).get('X-B')).toBe('c');
  expect(sentence).toContain('left out for want of an example: GET /secret/{key}');
  expect(() => read({ openapi: file('no.yaml', 'a: 1') })).toThrow('is not an OpenAPI document');
  expect(() => read({ openapi, har: 'x.har' })).toThrow('Give one of');
});
