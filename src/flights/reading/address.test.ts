/** Files at an address, of a server of our own. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { loadTable } from '../cleaning/load.ts';

const CSV =
  'scheduledDeparture,airline,delayMinutes\n2013-07-05T18:30,UA,11\n2013-07-05T18:40,B6,-3\n';

let server: ReturnType<typeof Bun.serve>;
let breaking: Server;
let broken = '';

beforeAll(async () => {
  server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      switch (pathname) {
        case '/flights.csv':
        case '/bucket/flights.csv':
          return new Response(CSV);
        case '/flights.csv.gz':
          return new Response(gzipSync(CSV));
        case '/coded.csv':
        case '/coded.csv.gz':
          return new Response(gzipSync(CSV), { headers: { 'content-encoding': 'gzip' } });
        case '/brotli.csv':
          return new Response(brotliCompressSync(CSV), { headers: { 'content-encoding': 'br' } });
        case '/not-packed.csv':
          return new Response(CSV, { headers: { 'content-encoding': 'gzip' } });
        case '/moved.csv':
          return Response.redirect('/flights.csv');
        case '/year=2013/zones.parquet':
          return new Response(Bun.file(join(import.meta.dir, '../fixtures/zones.parquet')));
        case '/login.csv':
          return new Response('<!doctype html><title>Log in</title>');
        case '/forbidden.csv':
          return new Response('no', { status: 403 });
        default:
          return new Response('none', { status: 404 });
      }
    },
  });
  breaking = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nscheduled'),
    );
  });
  await new Promise<void>((done) => {
    breaking.listen(0, '127.0.0.1', done);
  });
  broken = `http://127.0.0.1:${(breaking.address() as { port: number }).port}/flights.csv`;
});

afterAll(async () => {
  await server.stop(true);
  breaking.close();
});

const at = (path: string): string => `http://127.0.0.1:${server.port}${path}`;

test.each([
  '/flights.csv',
  '/flights.csv.gz',
  '/coded.csv',
  '/coded.csv.gz',
  '/not-packed.csv',
  '/moved.csv',
  '/flights.csv?token=a.b',
])('%s is read as a file is', async (path) => {
  const { nRows, delayMinutes, source } = await loadTable([at(path)]);
  expect(nRows).toBe(2);
  expect([...delayMinutes]).toEqual([11, -3]);
  expect(source.files).toEqual([at(path.replace(/\?.*/, ''))]);
});

test('Parquet is read from an address, with the columns that its folders name', async () => {
  expect((await loadTable([at('/year=2013/zones.parquet')])).nRows).toBe(2);
});

test.each([
  ['/none.csv', /none\.csv does not exist \(HTTP 404\)/],
  ['/forbidden.csv', /cannot be fetched: HTTP 403/],
  ['/none.csv?token=secret', /none\.csv does not exist/],
  ['/login.csv?token=secret', /login\.csv is a web page/],
  ['/brotli.csv', /it comes packed as br, though it was asked for as it is/],
  ['/login.csv', /is a web page; CSV, TSV, Parquet/],
])('%s is refused in one sentence', async (path, sentence) => {
  const refusal = await loadTable([at(path)]).catch((error: Error) => error.message);
  expect(refusal).toMatch(sentence);
  expect(refusal).not.toContain('secret');
});

test('what breaks off, and who does not answer, is said', async () => {
  await expect(loadTable([broken])).rejects.toThrow(/the connection broke before all had come/);
  await expect(loadTable(['http://127.0.0.1:1/a.csv'])).rejects.toThrow(/nothing listens there/);
  await expect(loadTable(['gs://bucket/a.csv'])).rejects.toThrow(
    /fetched from https:\/\/ and s3:\/\//,
  );
});

test('s3:// is read with the keys of the environment, and without them it is said which are expected', async () => {
  const script = `
    import { loadTable } from ${JSON.stringify(join(import.meta.dir, '../cleaning/load.ts'))};
    try { console.log((await loadTable(['s3://bucket/flights.csv'])).nRows); } catch (error) { console.log(error.message); }`;
  const outputOf = async (env: Readonly<Record<string, string>>): Promise<string> => {
    const { PATH = '', HOME = '', TMPDIR = '' } = process.env;
    const run = Bun.spawn([process.execPath, '-e', script], {
      env: { PATH, HOME, ...(TMPDIR === '' ? {} : { TMPDIR }), ...env },
    });
    return (await new Response(run.stdout).text()).trim();
  };
  const keys = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
  expect(await outputOf({ ...keys, AWS_ENDPOINT: `http://127.0.0.1:${server.port}` })).toBe('2');
  expect(await outputOf({})).toBe(
    's3://bucket/flights.csv cannot be fetched: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; a public file has an https:// address',
  );
});
