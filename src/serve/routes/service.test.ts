import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import { readStressReport } from '../documents/stress-reports.ts';
import { buildPage } from '../../report/page.ts';
import type { ServeState } from '../context.ts';

let nAsked = 0;
let state: ServeState = 'ready';
const serviceFeed = { next: async () => JSON.stringify({ nAsked: ++nAsked }) };
const reportsDir = mkdtempSync(join(tmpdir(), 'puntual-reports-'));
const open = (serviceView: 'auto' | 'on' | 'off', host = '127.0.0.1') =>
  startPlantedService(
    buildPlantedContext({
      serviceFeed,
      state: () => state,
      config: { serviceView, host, reportsDir },
    }),
  );
const services = [
  open('auto'),
  open('off'),
  open('auto', '0.0.0.0'),
  open('on', '0.0.0.0'),
] as const;
const [auto, off, everywhere, on] = services;
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  rmSync(reportsDir, { recursive: true, force: true });
});

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
    '127.0.0.1',
    'localhost',
    'LOCALHOST:80',
    '[::1]:8080',
    '[::1]',
  ])('is shown under %s', async (host) => {
    expect((await fetch(`${auto.url}/service`, { headers: { host } })).status).toBe(200);
  });

  test.each([
    ['nobody where it is off', off, {}],
    ['nobody, left to itself, where other machines may call', everywhere, {}],
    [
      'nobody under a foreign name, which a browser may have been led to',
      auto,
      { host: 'evil.example' },
    ],
    ['nobody under a name that is none', auto, { host: 'a:b:c' }],
    ['nobody who names nobody', auto, { host: '' }],
    ['nobody behind a proxy', auto, { 'x-forwarded-for': '192.0.2.1' }],
  ] as const)('is shown to %s', async (_, { url }, headers) => {
    for (const path of ['/service', '/service/events', '/service/reports']) {
      const response = await fetch(url + path, { headers });
      expect(response.status).toBe(404);
      expect(await response.json()).toHaveProperty('code', 'not-found');
    }
  });
});

describe('the stress reports of a folder', () => {
  const run = (startedAt: string): object => ({
    startedAt,
    url: 'http://localhost:8080/predict',
    result: 'passed',
    sentence: 'It <held> "all".',
    headline: 'It answered 2,000/s.',
  });
  const page = (content: string): string =>
    `<!doctype html><meta name="puntual-stress" content="${content}"><title>Stress</title>`;

  test('are listed newest first, and shown without any right in the service', async () => {
    const write = (name: string, text: string): void => writeFileSync(join(reportsDir, name), text);
    const first = buildPage({
      title: 'Stress',
      summary: { name: 'puntual-stress', content: run('2026-01-01T00:00:00.000Z') },
      lead: [],
      sections: [],
    });
    write('first.html', first);
    write(
      'second.html',
      page(JSON.stringify(run('2026-02-01T00:00:00.000Z')).replaceAll('"', '&quot;')),
    );
    write('other.html', '<!doctype html><title>Something else</title>');
    write('broken.html', page('{'));
    write('secret.txt', 'secret');
    expect(Bun.spawnSync(['mkfifo', join(reportsDir, 'fifo.html')]).exitCode).toBe(0);
    const list = await (await fetch(`${auto.url}/service/reports`)).json();
    expect(list).toEqual({
      reports: [
        { file: 'second.html', ...run('2026-02-01T00:00:00.000Z') },
        { file: 'first.html', ...run('2026-01-01T00:00:00.000Z') },
      ],
    });
    const shown = await fetch(`${auto.url}/service/reports?file=first.html`);
    expect(await shown.text()).toBe(first);
    expect(shown.headers.get('content-security-policy')).toContain('sandbox allow-scripts');
    for (const file of [
      'secret.txt',
      'fifo.html',
      'other.html',
      '../secret.txt',
      '',
      '/etc/passwd',
    ])
      expect(
        (await fetch(`${auto.url}/service/reports?${new URLSearchParams({ file })}`)).status,
      ).toBe(404);
  });

  test('are read within a bound, whatever has become of a page since it was listed', async () => {
    const file = 'large.html';
    const path = join(reportsDir, file);
    const head = page(JSON.stringify(run('2026-03-01T00:00:00.000Z')).replaceAll('"', '&quot;'));
    const whole = 8 * 2 ** 20;
    const lengthAfter = async (change: () => void): Promise<number | undefined> => {
      writeFileSync(path, head);
      const reading = readStressReport(reportsDir, file, change);
      return (await reading)?.length;
    };
    expect(await lengthAfter(() => {})).toBe(head.length);
    expect(await lengthAfter(() => truncateSync(path, whole))).toBe(whole);
    expect(await lengthAfter(() => truncateSync(path, whole + 1))).toBeUndefined();
    expect(await lengthAfter(() => rmSync(path))).toBeUndefined();
    const pipe = (): void => {
      rmSync(path);
      Bun.spawnSync(['mkfifo', path]);
    };
    expect(await lengthAfter(pipe)).toBeUndefined();
    rmSync(path);
    const link = (): void => {
      rmSync(path);
      symlinkSync('/proc/self/status', path);
    };
    expect(await lengthAfter(link)).toBe(0);
    rmSync(path);
  });

  test('are none where there is no such folder', async () => {
    const none = startPlantedService(
      buildPlantedContext({ serviceFeed, config: { reportsDir: join(reportsDir, 'none') } }),
    );
    expect(await (await fetch(`${none.url}/service/reports`)).json()).toEqual({ reports: [] });
    await none.stop();
  });
});
