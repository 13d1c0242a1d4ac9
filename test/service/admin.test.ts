/** The admin ports: who may read, who may control, and what `puntual health` makes of it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN, type Running, startService, until } from './running.ts';

const TOKEN = 'a token of some length';
const tokenFile = join(mkdtempSync(join(tmpdir(), 'puntual-token-')), 'token');
writeFileSync(tokenFile, `${TOKEN.replaceAll(' ', '-')}\n`);

const json = { 'content-type': 'application/json' };
const post = (url: string, headers: Readonly<Record<string, string>> = {}, body = '') =>
  fetch(url, { method: 'POST', headers, body });
const codeOf = async (response: Response): Promise<string> =>
  response.ok ? 'ok' : ((await response.json()) as { code: string }).code;

describe('a service with a health port', () => {
  let service: Running;
  beforeAll(async () => {
    service = await startService(['--workers', '1', '--health-port', '0']);
  });
  afterAll(() => service.stop());

  test('shows health, workers and metrics on it, and nothing that changes the service', async () => {
    for (const path of ['/livez', '/readyz', '/workers', '/metrics'])
      expect((await fetch(service.healthUrl + path)).status).toBe(200);
    for (const path of ['/reload', '/rollback'])
      expect((await post(service.healthUrl + path)).status).toBe(404);
    expect((await service.admin('/livez')).status).toBe(200);
  });

  test.each([
    ['a page by its origin', { origin: 'http://evil.example' }, 'key-refused'],
    ['a page without an origin', { origin: 'null' }, 'key-refused'],
    ['a page of its own', { 'sec-fetch-site': 'same-origin' }, 'key-refused'],
    ['a name that leads here', { host: 'evil.example' }, 'key-refused'],
    ['a caller who names nobody', { ...json, host: '' }, 'key-refused'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'type-unsupported'],
    ['a text', { 'content-type': 'text/plain' }, 'type-unsupported'],
    ['a program', json, 'ok'],
    ['a program by name', { ...json, host: 'localhost:1' }, 'ok'],
  ])('answers a reload by %s as it should', async (_, headers: Record<string, string>, code) => {
    const body = '{"model":"planted"}';
    expect(await codeOf(await post(`${service.adminUrl}/reload`, headers, body))).toBe(code);
  });

  test.each([
    ['{}', 'ok'],
    ['{"model":null}', 'ok'],
    ['[]', 'value-invalid'],
    ['{"model":null,"model":null}', 'value-invalid'],
    ['{"modle":"planted"}', 'value-invalid'],
    ['{"model":""}', 'value-invalid'],
    ['{"model":7}', 'value-invalid'],
    ['{', 'request-malformed'],
  ])('takes a reload with %s for what it says', async (body, code) => {
    expect(await codeOf(await post(`${service.adminUrl}/reload`, json, body))).toBe(code);
  });

  test('answers a Host that is no host, and goes on', async () => {
    const { port } = new URL(service.adminUrl);
    const text = await exchange(
      Number(port),
      'GET /readyz HTTP/1.1\r\nHost: a:b:c\r\nConnection: close\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1.1 (200|400)/);
    expect((await service.admin('/readyz')).status).toBe(200);
    expect(service.logged()).not.toContain('hit a bug');
  });

  test.each([
    'GET /x/../metrics',
    'GET /x\\..\\metrics',
    'GET //metrics',
    'GET /%2e/metrics',
    'POST /x\\..\\reload',
    'POST /x/../reload',
  ])('reads an address as it stands, on both of its ports: %j', async (start) => {
    for (const url of [service.adminUrl, service.healthUrl!]) {
      const { port } = new URL(url);
      const text = await exchange(
        Number(port),
        `${start} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      expect(text).toStartWith('HTTP/1.1 400 ');
      expect(text).toContain('write it plainly');
    }
  });

  test('says which method is expected, passes over a slash at the end, and bounds a body', async () => {
    const wrong = await service.admin('/reload');
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('POST');
    expect(((await wrong.json()) as { detail: string }).detail).toBe(
      'GET is not allowed here; POST is expected',
    );
    expect((await service.admin('/metrics/')).status).toBe(200);
    const large = await post(`${service.adminUrl}/reload`, json, ' '.repeat(70_000));
    expect(await codeOf(large)).toBe('body-too-large');
  });

  test.each([
    'GET /readyz HTTP/1.0\r\n\r\n',
    'GET /readyz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n',
  ])('tells its health also to a balancer that names no host: %j', async (request) => {
    const { port } = new URL(service.adminUrl);
    expect(await exchange(Number(port), request)).toStartWith('HTTP/1.1 200 ');
  });

  test('is healthy for `puntual health`, on each of its ports', async () => {
    for (const url of [service.adminUrl, service.healthUrl!])
      expect(await runHealth(url)).toEqual({ exitCode: 0, out: 'ok\n', error: '' });
    expect(await runHealth(`${service.url}/livez`)).toMatchObject({ exitCode: 0, error: '' });
  });

  test('is healthy for `puntual health` also where the environment names a proxy', async () => {
    const { port } = new URL(service.adminUrl);
    for (const host of ['localhost', '127.0.0.1'])
      expect(
        await runHealth(`http://${host}:${port}`, { HTTP_PROXY: 'http://127.0.0.1:1' }),
      ).toEqual({ exitCode: 0, out: 'ok\n', error: '' });
  });
});

describe('a service with its admin port beyond loopback', () => {
  test('refuses control without a token file, and says what to do', async () => {
    const service = await startService(['--workers', '1', '--admin-host', '0.0.0.0']);
    const answer = await post(`${service.adminUrl}/reload`);
    expect(answer.status).toBe(403);
    expect(((await answer.json()) as { detail: string }).detail).toContain('--control-token-file');
    expect((await fetch(`${service.adminUrl}/metrics`)).status).toBe(200);
    expect(await service.stop()).toBe(0);
  }, 180_000);

  test('takes the holder of the token, and nobody else; the token may change', async () => {
    const service = await startService([
      ...['--workers', '1', '--admin-host', '0.0.0.0', '--control-token-file', tokenFile],
    ]);
    const reload = (headers: Readonly<Record<string, string>>) =>
      post(`${service.adminUrl}/reload`, headers);
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const own = TOKEN.replaceAll(' ', '-');
    expect((await reload({})).status).toBe(401);
    expect((await reload(bearer('another-token-of-some-length'))).status).toBe(403);
    expect((await reload({ ...bearer(own), origin: 'http://evil.example' })).status).toBe(403);
    expect((await reload({ ...bearer(own), host: 'puntual.flights.svc' })).status).toBe(200);
    writeFileSync(tokenFile, 'the-next-token-of-some-length');
    expect((await reload(bearer(own))).status).toBe(403);
    expect((await reload(bearer('the-next-token-of-some-length'))).status).toBe(200);
    expect(await service.stop()).toBe(0);
  }, 180_000);
});

describe('puntual health', () => {
  test('exits 1 with the reason where nothing listens, and where the service is shutting down', async () => {
    const service = await startService([
      '--workers',
      '1',
      '--drain-delay',
      '60s',
      '--drain-limit',
      '120s',
    ]);
    service.process.kill('SIGTERM');
    await until(async () => (await service.admin('/readyz')).status === 503);
    const ending = await runHealth(service.adminUrl);
    expect(ending).toMatchObject({ exitCode: 1, out: '' });
    expect(ending.error).toContain('answers 503: draining');
    service.process.kill('SIGTERM');
    await service.process.exited;
    const gone = await runHealth(service.adminUrl);
    expect(gone).toMatchObject({ exitCode: 1, out: '' });
    expect(gone.error).toContain('nothing listens there');
  }, 180_000);
});

/** Sends bytes and reads until the other side ends. */
const exchange = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('close', () => resolve(text));
  });

const runHealth = async (url: string, env: Readonly<Record<string, string>> = {}) => {
  const child = Bun.spawn([process.execPath, MAIN, 'health', url], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, error] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, out, error };
};
