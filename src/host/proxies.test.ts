import { afterEach, expect, test } from 'bun:test';
import { askDirectly } from './proxies.ts';

const NAMES = ['HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy'] as const;
const before = NAMES.map((name) => [name, process.env[name]] as const);
afterEach(() => {
  for (const [name, value] of before)
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
});

test.each([
  'localhost',
  '127.0.0.1',
])('%s is asked directly whatever proxy the environment names, and whatever it exempts', async (host) => {
  const server = Bun.serve({ hostname: host, port: 0, fetch: () => new Response('here') });
  const url = `http://${host}:${server.port}/`;
  process.env['HTTP_PROXY'] = process.env['http_proxy'] = 'http://127.0.0.1:1';
  for (const exempted of [undefined, 'NO_PROXY', 'no_proxy'] as const) {
    for (const name of ['NO_PROXY', 'no_proxy']) delete process.env[name];
    if (exempted) process.env[exempted] = 'elsewhere.example';
    await expect(fetch(url)).rejects.toThrow();
    askDirectly();
    expect(await (await fetch(url)).text()).toBe('here');
    expect(process.env['NO_PROXY']).toStartWith(exempted ? 'elsewhere.example,' : 'localhost,');
  }
  await server.stop(true);
});

test('where a proxy was exempted for all, it stays so', () => {
  process.env['NO_PROXY'] = '*';
  delete process.env['no_proxy'];
  askDirectly();
  expect(process.env['no_proxy']).toStartWith('*');
});
