import { afterAll, afterEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSmallLoad } from '../../test/stress-run.ts';
import { parseSlo } from './analysis/slo.ts';
import type { RunFile } from './results/run-file.ts';
import type { SessionOptions } from './session.ts';
import type { StressPlan } from './stress.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-journey-'));
afterAll(() => rmSync(folder, { recursive: true }));
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

let nScripts = 0;
const script = (text: string): string => {
  const path = join(folder, `journey-${nScripts++}.ts`);
  writeFileSync(path, text);
  return path;
};

const walk = (
  url: string,
  text: string,
  plan: Partial<StressPlan>,
  options: Partial<SessionOptions> = {},
): Promise<RunFile> =>
  runSmallLoad(
    url,
    {
      script: script(text),
      nConnections: 8,
      checkAnswers: undefined,
      ...(plan.timeoutMs === undefined ? {} : { timeoutMs: plan.timeoutMs }),
      ...options,
    },
    { durationMs: 1000, ...plan },
  );

const LOGIN = `
export const journey = async ({ request, think, user, row }) => {
  const login = await request('login', { path: '/login', method: 'POST', body: { user, city: row.city }, status: 201 });
  const { token } = login.json();
  await think(1, 5);
  await request('search', {
    path: '/search',
    headers: { authorization: 'Bearer ' + token },
    expect: (answer) => answer.json().user === user && answer.headers.get('x-kind') === 'search',
  });
  await request('buy', { path: '/buy', method: 'POST', follow: true });
};`;

/** A shop that knows its users by token and cookie, and writes down who asked what. */
const serveShop = () => {
  const asked = new Map<string, number>();
  const users = new Set<number>();
  const cities = new Set<string>();
  const count = (path: string): void => void asked.set(path, (asked.get(path) ?? 0) + 1);
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      count(pathname);
      const headers = { 'x-kind': pathname.slice(1) };
      switch (pathname) {
        case '/login': {
          const { user, city } = (await request.json()) as { user: number; city: string };
          users.add(user);
          cities.add(city);
          return Response.json(
            { token: `t${user}` },
            { status: 201, headers: { 'set-cookie': `sid=${user}; Path=/` } },
          );
        }
        case '/search':
          return Response.json(
            { user: Number(request.headers.get('authorization')?.slice('Bearer t'.length)) },
            { headers },
          );
        case '/buy':
          return new Response(null, { status: 303, headers: { location: '/done' } });
        default: {
          const isKnown = users.has(
            Number(/^sid=(\d+)$/.exec(request.headers.get('cookie') ?? '')?.[1]),
          );
          return new Response(isKnown ? 'thanks' : 'who?', { status: isKnown ? 200 : 403 });
        }
      }
    },
  });
  stops.push(() => void server.stop(true));
  return { url: `http://127.0.0.1:${server.port}/`, asked, users, cities };
};

describe('journeys', () => {
  test('users keep their token and cookies, every step is counted as the service counts it', async () => {
    const shop = serveShop();
    const { main, load, thresholds } = await walk(shop.url, LOGIN, {
      maxRequests: 40,
      thresholds: parseSlo('errors{buy}<1%'),
    });
    expect(load).toContain('closed loop: 8 users at once');
    const { outcomes, users, planned } = main.summary;
    expect(users).toEqual({ started: 40, done: 40, failed: 0 });
    expect({ planned, ok: outcomes.ok }).toEqual({ planned: 120, ok: 120 });
    expect(main.names?.map(({ name, planned }) => [name, planned])).toEqual([
      ['login', 40],
      ['search', 40],
      ['buy', 40],
    ]);
    expect(thresholds).toMatchObject([{ holds: true }]);
    // One user more walked before the load; a redirect that is followed is asked with its request.
    expect(Object.fromEntries(shop.asked)).toEqual({
      '/login': 41,
      '/search': 41,
      '/buy': 41,
      '/done': 41,
    });
    expect(shop.users.size).toBe(40);
  });

  test('users that arrive at a rate: as many as planned, over two processes, each with a row of the data', async () => {
    const shop = serveShop();
    const path = join(folder, 'cities.ndjson');
    writeFileSync(path, '{"city":"JFK"}\n{"city":"BOS"}\n');
    const { main, load } = await walk(
      shop.url,
      LOGIN,
      { ratePerSecond: 50 },
      {
        nShards: 2,
        nConnections: 20,
        data: { path, readTable: () => Promise.reject(new Error('not a table')) },
      },
    );
    expect(load).toContain('50 users per second planned');
    expect(main.summary.users).toMatchObject({ started: 50, failed: 0 });
    expect(main.names?.[0]).toMatchObject({ name: 'login', planned: 50 });
    expect(main.summary.outcomes.ok).toBe(main.summary.planned);
    expect([...shop.cities].sort()).toEqual(['BOS', 'JFK']);
  });

  test('a step that fails ends the journey; answers that are not as expected are wrong', async () => {
    let n = 0;
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) => {
        const isFirst = new URL(request.url).pathname === '/one';
        // The rehearsal asks first; of the load every fifth first step is never answered.
        if (isFirst && n++ % 5 === 4) return new Promise<Response>(() => {});
        return new Response(isFirst ? 'one' : 'two');
      },
    });
    stops.push(() => void server.stop(true));
    const { main } = await walk(
      `http://127.0.0.1:${server.port}/`,
      `export const journey = async ({ request }) => {
        await request('one', { path: '/one' });
        await request('two', { path: '/two', expect: ({ body }) => body === 'three' });
      };`,
      { maxRequests: 20, timeoutMs: 300 },
    );
    expect(main.summary.users).toEqual({ started: 20, done: 16, failed: 4 });
    expect(main.summary.outcomes).toMatchObject({ ok: 16, wrong: 16, timeout: 4 });
    expect(main.summary.reasons["wrong answer: 'two' is not as expected"]).toBe(16);
  });

  test('connections that close between steps are opened again, and that counts', async () => {
    let n = 0;
    const server = Bun.listen({
      port: 0,
      hostname: '127.0.0.1',
      socket: {
        data: (socket) => {
          const isLast = n++ % 2 === 1;
          const said = isLast ? 'Connection: close\r\n' : '';
          socket.write(`HTTP/1.1 200 OK\r\n${said}Content-Length: 2\r\n\r\nok`);
          if (isLast) socket.end();
        },
      },
    });
    stops.push(() => server.stop(true));
    const { main } = await walk(
      `http://127.0.0.1:${server.port}/`,
      `export const journey = async ({ request, think }) => {
        await request('one');
        await think(20);
        await request('two');
      };`,
      { ratePerSecond: 40, durationMs: 1000 },
    );
    expect(main.summary.users).toMatchObject({ started: 40, failed: 0 });
    expect(main.summary.outcomes.ok).toBe(main.summary.planned);
  });

  test.each([
    ['export const journey = async () => {};', 'The journey sends no request.'],
    ['export const journey = async ({ request }) => { await request(); };', 'needs a name first'],
    [
      "export const journey = async ({ request }) => { await request('a', { pth: '/' }); };",
      "'pth' is none of",
    ],
    [
      "export const journey = async ({ request }) => { request('a'); await request('b'); };",
      'await each',
    ],
    [
      "export const journey = async ({ request }) => { (await request('a')).json(); };",
      'failed before the load',
    ],
    ["export const journey = async ({ think }) => { await think('soon'); };", 'think("soon")'],
  ])('%s is told before the load', async (text, why) => {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('x') });
    stops.push(() => void server.stop(true));
    await expect(walk(`http://127.0.0.1:${server.port}/`, text, {})).rejects.toThrow(why);
  });

  test('a search, HTTP/2 and what a journey says itself are refused', async () => {
    const shop = serveShop();
    await expect(walk(shop.url, LOGIN, { mode: 'find-max' })).rejects.toThrow(
      'A journey needs users',
    );
    await expect(walk(shop.url, LOGIN, {}, { checkAnswers: true })).rejects.toThrow(
      'leave --check out',
    );
  });
});
