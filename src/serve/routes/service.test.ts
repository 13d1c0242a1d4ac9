import { afterAll, describe, expect, test } from 'bun:test';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import type { ServeState } from '../context.ts';

let nAsked = 0;
let state: ServeState = 'ready';
const serviceFeed = { next: async () => JSON.stringify({ nAsked: ++nAsked }) };
const open = (serviceView: 'auto' | 'on' | 'off', host = '127.0.0.1') =>
  startPlantedService(
    buildPlantedContext({ serviceFeed, state: () => state, config: { serviceView, host } }),
  );
const services = [
  open('auto'),
  open('off'),
  open('auto', '0.0.0.0'),
  open('on', '0.0.0.0'),
] as const;
const [auto, off, everywhere, on] = services;
afterAll(() => Promise.all(services.map((service) => service.stop())));

describe('the state of the service', () => {
  test('comes as server-sent events, and ends when the worker does', async () => {
    const response = await fetch(`${auto.url}/service/events`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const reader = response.body!.getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    expect(first).toMatch(/^data: \{"nAsked":\d+\}\n\n$/);
    state = 'draining';
    let isDone = false;
    while (!isDone) ({ done: isDone } = await reader.read());
    state = 'ready';
  });

  test('is there once as JSON', async () => {
    expect(await (await fetch(`${on.url}/service`)).json()).toHaveProperty('nAsked');
  });

  test.each([
    ['nobody where it is off', off, {}],
    ['nobody, left to itself, where other machines may call', everywhere, {}],
    [
      'nobody under a foreign name, which a browser may have been led to',
      auto,
      { host: 'evil.example' },
    ],
    ['nobody behind a proxy', auto, { 'x-forwarded-for': '192.0.2.1' }],
  ] as const)('is shown to %s', async (_, { url }, headers) => {
    for (const path of ['/service', '/service/events']) {
      const response = await fetch(url + path, { headers });
      expect(response.status).toBe(404);
      expect(await response.json()).toHaveProperty('code', 'not-found');
    }
  });
});
