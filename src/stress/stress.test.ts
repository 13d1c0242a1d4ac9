import { afterEach, describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import {
  createServer as createHttp2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Socket } from 'bun';
import { runSmallLoad as stress } from '../../test/stress-run.ts';
import { parseSlo } from './analysis/slo.ts';
import { compareRuns } from './results/compare.ts';
import { type RunFile, readRunFile } from './results/run-file.ts';
import schema from './results/run-schema.json' with { type: 'json' };
import type { SessionOptions } from './session.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A service that answers every request with the text that `reply` gives. */
const serve = (fetch: (request: Request) => Response | Promise<Response>): string => {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch });
  stops.push(() => void server.stop(true));
  return `http://127.0.0.1:${server.port}/`;
};

type Peer = { write: (text: string) => void; end: () => void; terminate: () => void };

/** A raw server; `reply` is called once per request, with its number. */
const serveRaw = (reply: (peer: Peer, n: number) => void | Promise<void>): string => {
  let n = 0;
  const server = Bun.listen({
    port: 0,
    hostname: '127.0.0.1',
    socket: {
      data: (socket, bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        if (!text.includes('\r\n\r\n')) return;
        void reply(
          {
            write: (part) => void socket.write(part),
            end: () => void socket.end(),
            terminate: () => void socket.terminate(),
          },
          n++,
        );
      },
    },
  });
  stops.push(() => server.stop(true));
  return `http://127.0.0.1:${server.port}/`;
};

/** Where a server of the test's own listens. */
const listening = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
};

const balanced = ({ main }: RunFile): boolean => {
  const { planned, outcomes } = main.summary;
  return planned === Object.values(outcomes).reduce((sum, count) => sum + count, 0);
};

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello';

const fixture = (name: string) =>
  Bun.file(join(import.meta.dir, '../../test/service/fixtures', name));

describe('what is recorded', () => {
  test('a closed loop counts every request once, and its lag is nothing', async () => {
    const run = await stress(serve(() => new Response('hello')));
    const { summary } = run.main;
    expect(run).toMatchObject({ model: 'closed', connections: { planned: 4, opened: 4 } });
    expect(summary.outcomes.ok).toBe(summary.planned);
    expect(summary.planned).toBeGreaterThan(10);
    expect(summary.responseTime.count).toBe(summary.planned);
    expect(summary.lag.maxMs).toBe(0);
    expect(summary.wrong).toBe(0);
    expect(summary.checked).toBe(summary.planned);
  });

  test('a planned rate plans exactly rate times duration, over two processes as over one', async () => {
    const url = serve(() => new Response('hello'));
    for (const nShards of [1, 2]) {
      const run = await stress(url, { nShards }, { ratePerSecond: 250, durationMs: 800 });
      expect(run.model).toBe('open');
      expect(run.main.summary.planned).toBe(200);
      expect(run.main.summary.outcomes.ok).toBe(200);
      expect(balanced(run)).toBe(true);
    }
  });

  test('what was planned in the warm-up is sent but not counted', async () => {
    let nRequests = 0;
    const url = serve(() => {
      nRequests++;
      return new Response('x');
    });
    const run = await stress(url, {}, { ratePerSecond: 100, durationMs: 1000, warmUpMs: 500 });
    expect(run.main.summary.planned).toBe(50);
    expect(nRequests).toBeGreaterThanOrEqual(100);
  });

  test('an answer that does not come in time is a timeout, counted at its age', async () => {
    const url = serveRaw((peer, n) => {
      if (n < 8) peer.write(ANSWER);
    });
    const run = await stress(url, { timeoutMs: 150 }, { timeoutMs: 150, durationMs: 500 });
    const { summary } = run.main;
    expect(summary.outcomes.timeout).toBeGreaterThan(0);
    expect(summary.responseTime.maxMs!).toBeGreaterThanOrEqual(150);
    expect(balanced(run)).toBe(true);
  });

  test('requests that a silent service holds at the end are waited for, and are errors', async () => {
    const url = serveRaw((peer, n) => {
      if (n < 8) peer.write(ANSWER);
    });
    const run = await stress(url, { timeoutMs: 900 }, { durationMs: 200, timeoutMs: 900 });
    expect(run.main.summary.outcomes).toMatchObject({ unanswered: 0, inFlight: 0, timeout: 4 });
    expect(balanced(run)).toBe(true);
  });

  test('statuses of 400 and more are HTTP errors, apart from the answers in the histogram', async () => {
    let n = 0;
    const url = serve(() => new Response('x', { status: n++ % 2 === 0 ? 200 : 503 }));
    const { main } = await stress(url, { checkAnswers: false });
    expect(main.summary.outcomes.httpError).toBeGreaterThan(0);
    expect(main.summary.reasons['status 503']).toBe(main.summary.outcomes.httpError);
    expect(main.summary.responseTime.count).toBe(main.summary.outcomes.ok);
  });

  test('an answer that was right before the load and is not under it is wrong, and an error', async () => {
    let n = 0;
    const url = serve(() => new Response(n++ < 4 ? 'right' : 'wrong'));
    const { main } = await stress(url);
    expect(main.summary.wrong).toBeGreaterThan(0);
    expect(main.summary.outcomes.wrong).toBe(main.summary.wrong);
    expect(main.summary.outcomes.httpError).toBe(0);
  });

  test('answers that differ by themselves are not called wrong', async () => {
    let n = 0;
    const run = await stress(serve(() => new Response(String(n++))));
    expect(run.main.summary.wrong).toBe(0);
    expect(run.notes[0]).toContain('only their status is checked');
  });
});

describe('sockets', () => {
  test('a service that cuts its answers at every byte position loses none', async () => {
    const chunked =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n';
    const url = serveRaw(async (peer, n) => {
      const text = n % 2 === 0 ? ANSWER : chunked;
      const cut = 1 + ((n >> 1) % (text.length - 1));
      peer.write(text.slice(0, cut));
      await Bun.sleep(1);
      peer.write(text.slice(cut));
    });
    const run = await stress(url, { nConnections: 32 }, { durationMs: 1500 });
    expect(run.main.summary.outcomes.ok).toBeGreaterThan(2 * chunked.length);
    expect(run.main.summary.outcomes.ok).toBe(run.main.summary.planned);
    expect(run.main.summary.wrong).toBe(0);
  });

  test('a service that closes instead of answering gives socket errors, and connections come back', async () => {
    const url = serveRaw((peer, n) => {
      if (n > 8 && n % 3 === 2) peer.end();
      else peer.write(ANSWER);
    });
    const { main } = await stress(url);
    expect(main.summary.outcomes.ok).toBeGreaterThan(0);
    expect(main.summary.reasons['closed before an answer']).toBe(main.summary.outcomes.socketError);
    expect(main.summary.reopened).toBeGreaterThan(0);
  });

  test.each([
    'closes',
    'resets',
  ] as const)('a service that %s idle connections loses no request: they are opened again', async (how) => {
    const peers = new Set<Socket<undefined>>();
    let n = 0;
    const server = Bun.listen<undefined>({
      port: 0,
      hostname: '127.0.0.1',
      socket: {
        open: (socket) => void peers.add(socket),
        close: (socket) => void peers.delete(socket),
        data: (socket) => {
          socket.write(ANSWER);
          if (++n !== 20) return;
          peers.delete(socket);
          for (const peer of peers) {
            if (how === 'closes') peer.end();
            else peer.terminate();
          }
        },
      },
    });
    stops.push(() => server.stop(true));
    const url = `http://127.0.0.1:${server.port}/`;
    const run = await stress(url, { nConnections: 16 }, { ratePerSecond: 25, durationMs: 1600 });
    const { summary } = run.main;
    expect(summary).toMatchObject({ planned: 40, closedIdle: 15, reopened: 15 });
    expect(summary.outcomes).toMatchObject({ ok: 40, socketError: 0 });
  });

  test('an answer cut off in the middle is a socket error', async () => {
    const url = serveRaw((peer, n) => {
      peer.write(n < 8 ? ANSWER : ANSWER.slice(0, 40));
      if (n >= 8) peer.end();
    });
    const { main } = await stress(url);
    expect(main.summary.reasons['closed inside an answer']).toBe(main.summary.outcomes.socketError);
    expect(main.summary.outcomes.socketError).toBeGreaterThan(0);
  });

  test('Connection: close is obeyed without an error', async () => {
    const closing = ANSWER.replace('Content-Type: text/plain', 'Connection: close');
    const url = serveRaw((peer) => {
      peer.write(closing);
      peer.end();
    });
    const { main } = await stress(url);
    expect(main.summary.outcomes.ok).toBe(main.summary.planned);
    expect(main.summary.planned).toBeGreaterThan(4);
  });

  test('an answer without a length is complete when the service closes', async () => {
    const url = serveRaw((peer) => {
      peer.write('HTTP/1.1 200 OK\r\n\r\nhello');
      peer.end();
    });
    const { main } = await stress(url);
    expect(main.summary.outcomes.ok).toBe(main.summary.planned);
  });

  test('keep-alive off opens a connection for every request', async () => {
    const url = serve(() => new Response('x'));
    const { main } = await stress(url, { keepAlive: false });
    expect(main.summary.outcomes.ok).toBe(main.summary.planned);
    expect(main.summary.connectTime.count).toBeGreaterThanOrEqual(main.summary.planned - 4);
  });

  test('a body larger than the socket takes at once arrives whole', async () => {
    const body = 'x'.repeat(900_000);
    const url = serve(async (request) => new Response(String((await request.text()).length)));
    const { main } = await stress(url, { body, method: 'POST' });
    expect(main.summary.outcomes.ok).toBe(main.summary.planned);
    expect(main.summary.checked).toBe(main.summary.planned);
    expect(main.summary.wrong).toBe(0);
  });

  test('what is not HTTP under load is named', async () => {
    const url = serveRaw((peer, n) => peer.write(n < 8 ? ANSWER : 'SSH-2.0-x\r\n'));
    const { main } = await stress(url);
    expect(main.summary.reasons['not an HTTP/1 answer']).toBeGreaterThan(0);
  });
});

describe('errors that nobody can hide from', () => {
  /** A service that answers until it is told to stop: then it keeps every request, or is gone. */
  const serveUntil = (nAnswers: number, end: 'freezes' | 'dies'): string => {
    const server = Bun.listen({
      port: 0,
      hostname: '127.0.0.1',
      socket: {
        data: (socket) => {
          if (nAnswers-- > 0) socket.write(ANSWER);
          else if (end === 'dies') server.stop(true);
        },
      },
    });
    stops.push(() => server.stop(true));
    return `http://127.0.0.1:${server.port}/page`;
  };

  test.each([
    'freezes',
    'dies',
  ] as const)('an open loop whose service %s half way fails by what was not answered', async (end) => {
    const { main, result } = await stress(
      serveUntil(100, end),
      { timeoutMs: 500, checkAnswers: false },
      { ratePerSecond: 100, durationMs: 2500, timeoutMs: 500, thresholds: parseSlo('errors<1%') },
    );
    const { planned, outcomes, errors, longestGapMs } = main.summary;
    expect(planned).toBe(250);
    // The probe took one of the answers; on a machine that is held up an answer may come after the timeout.
    expect(outcomes.ok + outcomes.timeout).toBeGreaterThanOrEqual(99);
    expect(outcomes.ok).toBeLessThanOrEqual(99);
    expect(errors).toBe(250 - outcomes.ok);
    expect(longestGapMs).toBeGreaterThan(1400);
    expect(main.outage).toMatchObject({ isOver: false });
    expect(result.kind).toBe('failed');
    expect(result.sentence).toContain(`errors<1% (was ${(errors / 2.5).toFixed(3)} %)`);
    if (end === 'dies') {
      const { reasons } = main.summary;
      const why = 'not sent: connection refused (ECONNREFUSED)';
      expect(Object.entries(reasons).sort(([, a], [, b]) => b - a)[0]![0]).toBe(why);
      expect(main.windows.at(-1)!.reasons[why]).toBeGreaterThan(0);
    }
  });

  test('a closed loop whose service freezes half way fails, with the length of the outage', async () => {
    const { main, result } = await stress(
      serveUntil(200, 'freezes'),
      { timeoutMs: 400, checkAnswers: false },
      { durationMs: 2500, timeoutMs: 400 },
    );
    expect(main.outage!.lengthMs).toBeGreaterThan(1000);
    expect(result.sentence).toMatch(
      /^FAILED: an outage: no good answer for \d\.\d s, from .* to the end/,
    );
  });

  test('what waits for a connection until the end is an error, and what was sent, answered and achieved is told', async () => {
    const url = serve(async () => {
      await Bun.sleep(100);
      return new Response('x');
    });
    const { main } = await stress(
      url,
      { timeoutMs: 500, checkAnswers: false },
      { ratePerSecond: 200, durationMs: 1000, timeoutMs: 500 },
    );
    const { planned, sent, answered, outcomes, errors, achievedPerSecond } = main.summary;
    expect(planned).toBe(200);
    // Those on the four connections may have been open when the wait was over.
    expect(sent - answered).toBeLessThanOrEqual(4);
    expect(answered).toBeLessThan(70);
    // On a machine that is held up an answer may come after the timeout.
    expect(outcomes.unanswered + outcomes.timeout + outcomes.ok).toBe(200);
    expect(errors).toBe(200 - outcomes.ok);
    expect(achievedPerSecond).toBeLessThan(60);
  });

  test('an answer that comes after the timeout is a timeout, however soon it is looked for', async () => {
    let n = 0;
    const url = serve(async () => {
      // The first is the probe's.
      if (n++ > 0) await Bun.sleep(150);
      return new Response('x');
    });
    const limits = { timeoutMs: 100 };
    const { main } = await stress(
      `${url}page`,
      { ...limits, nConnections: 20, checkAnswers: false },
      { ...limits, ratePerSecond: 50, durationMs: 800 },
    );
    const { ok, timeout, unanswered } = main.summary.outcomes;
    // On a machine that makes the generator wait, the last are sent when the run is nearly over.
    expect({ ok, late: timeout + unanswered }).toEqual({ ok: 0, late: 40 });
    expect(timeout).toBeGreaterThan(20);
  });

  test('a quarter of wrong answers in rotation is seen, as a class of its own', async () => {
    let n = 0;
    const url = serve(() => new Response(n++ > 1 && n % 4 === 0 ? 'wrong' : 'right'));
    const { main } = await stress(`${url}page`, {}, { ratePerSecond: 400, durationMs: 500 });
    expect(main.summary.wrong).toBe(50);
    expect(main.summary.outcomes).toMatchObject({ ok: 150, wrong: 50, httpError: 0 });
  });

  test('a body that carries the time is not called wrong', async () => {
    const url = serve(() => new Response(new Date().toISOString().slice(0, 19)));
    const { main, notes } = await stress(url, {}, { ratePerSecond: 20, durationMs: 1500 });
    expect(main.summary.wrong).toBe(0);
    expect(notes[0]).toContain('only their status is checked');
  });

  test.each([
    ['a text', { kind: 'text', text: 'ready' }],
    ['a pattern', { kind: 'pattern', source: '"state":"rea', flags: '' }],
    ['a value', { kind: 'json', path: ['a', '0', 'state'], value: 'ready' }],
  ] as const)('what a body must hold is expected: %s', async (_, body) => {
    let n = 0;
    const url = serve(() => Response.json({ a: [{ state: n++ % 2 === 1 ? 'ready' : 'late' }] }));
    const { main } = await stress(
      url,
      { checkAnswers: false, expect: { statuses: [200], body } },
      { ratePerSecond: 50, durationMs: 400 },
    );
    expect(main.summary.outcomes).toMatchObject({ ok: 10, wrong: 10 });
  });

  test('which statuses are right can be said; 304 is right and no redirect', async () => {
    const url = serve(() => new Response(null, { status: 304 }));
    const usual = await stress(
      url,
      { checkAnswers: false },
      { ratePerSecond: 50, durationMs: 200 },
    );
    expect(usual.main.summary.outcomes.ok).toBe(10);
    const expect200 = { statuses: [200], body: null };
    const strict = stress(url, { checkAnswers: false, expect: expect200 });
    await expect(strict).rejects.toThrow('redirects (304)');
  });

  test('the handshake counts: without keep-alive a response time holds the opening of its connection', async () => {
    for (const ratePerSecond of [50, null]) {
      const url = serve(() => new Response('x'));
      const { main } = await stress(
        url,
        { keepAlive: false, checkAnswers: false },
        { ratePerSecond, durationMs: 400 },
      );
      const { planned, connectTime, outcomes } = main.summary;
      expect(outcomes.ok).toBe(planned);
      // Those that were opened before the run serve no request of it.
      expect(connectTime.count).toBeGreaterThanOrEqual(planned + 4);
    }
  });

  test('a service that closes after each answer gets its next connection when a request needs it', async () => {
    let nOpen = 0;
    const server = Bun.listen({
      port: 0,
      hostname: '127.0.0.1',
      socket: {
        open: () => void nOpen++,
        data: (socket) => {
          socket.write(ANSWER);
          socket.end();
        },
      },
    });
    stops.push(() => server.stop(true));
    const url = `http://127.0.0.1:${server.port}/page`;
    const { main } = await stress(
      url,
      { checkAnswers: false },
      { ratePerSecond: 20, durationMs: 1000 },
    );
    expect(main.summary.outcomes.ok).toBe(20);
    // One for the probe, four before the run, and one for each request after the first four.
    expect(nOpen).toBeLessThanOrEqual(1 + 4 + 16);
  });

  test('bytes that answer no request are told, though every request was answered', async () => {
    let n = 0;
    const server = Bun.listen({
      port: 0,
      hostname: '127.0.0.1',
      socket: {
        data: (socket) => {
          socket.write(ANSWER);
          if (n++ % 5 === 4) setTimeout(() => socket.write(ANSWER), 1);
        },
      },
    });
    stops.push(() => server.stop(true));
    const { main } = await stress(
      `http://127.0.0.1:${server.port}/page`,
      { checkAnswers: false },
      { ratePerSecond: 20, durationMs: 1000 },
    );
    expect(main.summary.unsolicited).toBeGreaterThan(1);
  });

  test('a head without end is an error long before the timeout', async () => {
    let n = 0;
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => {
        const isProbe = n++ === 0;
        socket.write(isProbe ? ANSWER : `HTTP/1.1 200 OK\r\n${'X-More: again\r\n'.repeat(8000)}`);
      });
    });
    const { main } = await stress(
      `${await listening(server)}page`,
      { checkAnswers: false, timeoutMs: 20_000 },
      { maxRequests: 8, durationMs: 10_000, timeoutMs: 20_000 },
    );
    const { outcomes, reasons } = main.summary;
    expect(outcomes.socketError).toBe(8);
    expect(reasons['a head longer than 65,536 bytes']).toBe(8);
  });

  test('an answer longer than it says is an error; a reset and a close are told apart', async () => {
    const longer = serveRaw((peer, n) => peer.write(n === 0 ? ANSWER : `${ANSWER}more`));
    const { main } = await stress(`${longer}page`, { checkAnswers: false });
    expect(main.summary.outcomes.ok).toBe(0);
    expect(main.summary.reasons['an answer longer than it says']).toBe(
      main.summary.outcomes.socketError,
    );
    const resets = serveRaw((peer, n) => (n === 0 ? peer.write(ANSWER) : peer.terminate()));
    const { main: reset } = await stress(`${resets}page`, { checkAnswers: false });
    expect(reset.summary.reasons['reset (ECONNRESET) before an answer']).toBe(
      reset.summary.outcomes.socketError,
    );
  });

  test('a run that is cut short reports what it measured, and what was in flight then is no error', async () => {
    const url = serve(() => new Response('x'));
    const controller = new AbortController();
    const run = await stress(
      url,
      { checkAnswers: false },
      { ratePerSecond: 100, durationMs: 60_000 },
      {
        watcher: { onWindow: () => controller.abort('Ctrl-C') },
        signal: controller.signal,
      },
    );
    expect(run.cutShort).toBe('Ctrl-C');
    expect(run.main.summary.errors).toBe(0);
    expect(run.main.summary.planned).toBeGreaterThan(90);
    expect(run.main.durationMs).toBeLessThan(30_000);
    expect(run.result.sentence).toContain('cut short: Ctrl-C');
    expect(balanced(run)).toBe(true);
  });

  test('a run ends as soon as a threshold has failed, when that is asked for', async () => {
    const url = serve(() => new Response('x', { status: 503 }));
    const run = await stress(
      url,
      { checkAnswers: false },
      {
        ratePerSecond: 200,
        durationMs: 60_000,
        thresholds: parseSlo('errors<1%'),
        abortOnFail: true,
      },
    );
    expect(run.cutShort).toBe('errors<1% failed');
    expect(run.result.kind).toBe('failed');
  });
});

describe('requests as meant', () => {
  const raw = (requests: readonly Request[]) => requests;
  type Request = NonNullable<SessionOptions['source']>['requests'][number];
  const source = (requests: readonly Request[], momentsMs?: readonly number[]) => ({
    requests: raw(requests),
    sentence: 'some requests',
    model: undefined,
    ...(momentsMs ? { momentsMs } : {}),
  });
  const GET: Request = { method: 'GET', path: '/page', headers: [], body: null };

  test('GET and HEAD beside each other: each answer ends where its own request says', async () => {
    const url = serve(() => new Response('hello'));
    const { main } = await stress(url, {
      checkAnswers: false,
      source: source([GET, { ...GET, method: 'HEAD' }]),
    });
    expect(main.summary.outcomes.ok).toBe(main.summary.planned);
    expect(main.summary.planned).toBeGreaterThan(20);
  });

  test('requests of several names are told by name and by stage, in the shares of their weights', async () => {
    const seen = { login: 0, search: 0 };
    const url = serve(({ url }) => {
      seen[new URL(url).pathname === '/login' ? 'login' : 'search']++;
      return new Response('x');
    });
    const login = { ...GET, name: 'login', path: '/login' };
    const search = { ...GET, name: 'search' };
    const { main, thresholds } = await stress(
      url,
      { checkAnswers: false, source: source([login, search, search, search]), nShards: 2 },
      {
        stages: [
          { fromPerSecond: 100, toPerSecond: 100, durationMs: 400 },
          { fromPerSecond: 0, toPerSecond: 0, durationMs: 300 },
          { fromPerSecond: 100, toPerSecond: 300, durationMs: 400 },
        ],
        durationMs: 1100,
        thresholds: parseSlo('p99{login}<2s,errors{search}<1%,rate{login}>1000'),
      },
    );
    expect(main.names!.map(({ name, planned }) => [name, planned])).toEqual([
      ['login', 30],
      ['search', 90],
    ]);
    expect(main.stages!.map(({ planned }) => planned)).toEqual([40, 0, 80]);
    // The probe asked the first.
    expect(seen).toEqual({ login: 31, search: 90 });
    expect(thresholds.map(({ holds }) => holds)).toEqual([true, true, false]);
    expect(main.outage).toBeNull();
  });

  test('recorded moments are replayed, each with its own request', async () => {
    const paths: string[] = [];
    const url = serve(({ url }) => {
      paths.push(new URL(url).pathname);
      return new Response('x');
    });
    const requests = ['/a', '/b', '/c', '/d'].map((path) => ({ ...GET, path }));
    const { main } = await stress(
      url,
      { checkAnswers: false, source: source(requests, [0, 100, 250, 300]), nShards: 2 },
      { durationMs: 400 },
    );
    expect(main.summary.outcomes.ok).toBe(4);
    expect(paths).toEqual(['/a', '/a', '/b', '/c', '/d']);
  });

  test('a closed loop ends after the requests that it was given', async () => {
    const url = serve(() => new Response('x'));
    const run = await stress(
      url,
      { checkAnswers: false, nShards: 2 },
      { maxRequests: 101, durationMs: 60_000 },
    );
    expect(run.main.summary.outcomes.ok).toBe(101);
    expect(run.main.durationMs).toBeLessThan(30_000);
  });

  test('redirects of the service to itself are followed when asked, and never to another', async () => {
    const seen: string[] = [];
    const url = serve(({ url, method }) => {
      const { pathname } = new URL(url);
      seen.push(`${method} ${pathname}`);
      if (pathname === '/')
        return new Response(null, { status: 303, headers: { Location: '/new' } });
      return new Response('x');
    });
    const { main, notes } = await stress(
      url,
      { follow: true, checkAnswers: false, method: 'POST', body: 'x' },
      { ratePerSecond: 50, durationMs: 200 },
    );
    expect(main.summary.outcomes.ok).toBe(10);
    expect(seen.slice(0, 3)).toEqual(['POST /', 'GET /new', 'GET /new']);
    expect(notes[0]).toContain('redirects (303) to /new');
    // Each path of several is followed by itself.
    const several = serve((request) => {
      const { pathname } = new URL(request.url);
      return pathname.startsWith('/old')
        ? new Response(null, { status: 302, headers: { Location: pathname.replace('old', 'new') } })
        : new Response(pathname);
    });
    const each = await stress(
      `${several}old/a`,
      { follow: true, checkAnswers: false, paths: ['/old/a', '/old/b', '/c'] },
      { ratePerSecond: 50, durationMs: 200 },
    );
    expect(each.main.summary.outcomes.ok).toBe(10);
    expect(each.notes.join()).toContain('/old/b redirects (302) to /new/b');
    const away = serve(() => Response.redirect('http://elsewhere/', 301));
    await expect(stress(away, { follow: true })).rejects.toThrow('another service');
  });

  test('a POST is probed twice at most, and that is said', async () => {
    let n = 0;
    const url = serve(() => {
      n++;
      return new Response('x');
    });
    const requests = Array.from({ length: 40 }, (_, i) => ({
      ...GET,
      method: 'POST',
      path: `/${i}`,
    }));
    const { main, notes } = await stress(
      url,
      { source: source(requests) },
      { ratePerSecond: 50, durationMs: 200 },
    );
    expect(n).toBe(main.summary.planned + 2);
    expect(notes.join(' ')).toContain('2 requests were sent before the load');
  });

  test('a service is reached on ::1 alone, through a Unix socket, and under an address of its own', async () => {
    const six = Bun.serve({ port: 0, hostname: '::1', fetch: () => new Response('x') });
    stops.push(() => void six.stop(true));
    const found = await stress(`http://localhost:${six.port}/`, { checkAnswers: false });
    expect(found.main.summary.outcomes.ok).toBe(found.main.summary.planned);
    const socketPath = join(tmpdir(), `puntual-${process.pid}.sock`);
    const unix = Bun.serve({ unix: socketPath, fetch: () => new Response('x') });
    stops.push(() => void unix.stop(true));
    const access = { verifyTls: true, resolve: new Map<string, string>() };
    const through = await stress('http://service/', {
      checkAnswers: false,
      access: { ...access, socketPath },
    });
    expect(through.main.summary.outcomes.ok).toBe(through.main.summary.planned);
    const hosts = new Set<string | null>();
    const port = new URL(
      serve(({ headers }) => {
        hosts.add(headers.get('host'));
        return new Response('x');
      }),
    ).port;
    const resolve = new Map([[`flights.example:${port}`, '127.0.0.1']]);
    await stress(`http://flights.example:${port}/`, {
      checkAnswers: false,
      access: { ...access, resolve },
    });
    expect([...hosts]).toEqual([`flights.example:${port}`]);
  });

  test('load goes to the one address that was given', async () => {
    const { plan } = await stress(
      serve(() => new Response('x')),
      { checkAnswers: false },
    );
    expect(plan).toContain('over one address with');
  });
});

describe('before the load', () => {
  test.each([
    ['no scheme', 'localhost:1', 'has no scheme'],
    ['another scheme', 'ftp://localhost/', 'http:// or https:// is expected'],
    ['a name and password', 'http://me:secret@localhost/', "--header 'Authorization"],
    ['nobody there', 'http://127.0.0.1:1/', 'refuses connections'],
    ['an unknown name', 'http://nosuch.invalid/', 'is not known to the DNS'],
  ])('%s is refused in one sentence', async (_, url, sentence) => {
    await expect(stress(url)).rejects.toThrow(sentence);
  });

  test('a redirect is not followed but named', async () => {
    const url = serve(() => Response.redirect('http://elsewhere/', 301));
    await expect(stress(url)).rejects.toThrow('redirects (301) to http://elsewhere/');
  });

  test.each([
    ['to itself', '/page', false, 'that is where it was asked'],
    ['in a circle', '/page', true, 'redirects 10 times in a row, most likely in a circle'],
    ['nowhere', undefined, true, 'redirects (302): without an address to go to (Location: none)'],
    ['to no address', 'http://[x/', true, '(Location: http://[x/)'],
  ])('a redirect %s is told before the load', async (_, location, follow, why) => {
    const line = location === undefined ? '' : `Location: ${location}\r\n`;
    const url = serveRaw((peer) =>
      peer.write(`HTTP/1.1 302 Found\r\n${line}Content-Length: 0\r\n\r\n`),
    );
    await expect(stress(`${url}page`, { follow })).rejects.toThrow(why);
  });

  test('a service that closes at once, one that is silent and one that is not HTTP are told apart', async () => {
    await expect(stress(serveRaw((peer) => peer.end()))).rejects.toThrow('closes them without');
    const silent = serveRaw(() => {});
    await expect(stress(silent, { timeoutMs: 200 })).rejects.toThrow('did not answer within 0.2 s');
    const other = serveRaw((peer) => peer.write('SSH-2.0-x\r\n'));
    await expect(stress(other)).rejects.toThrow('not in HTTP/1');
  });

  test('an answer that never ends and one that is cut off are told apart from none', async () => {
    const endless = serveRaw((peer) => peer.write('HTTP/1.1 200 OK\r\n\r\nhello'));
    await expect(stress(endless, { timeoutMs: 200 })).rejects.toThrow('had not ended after 0.2 s');
    const cut = serveRaw((peer) => {
      peer.write(ANSWER.slice(0, 40));
      peer.end();
    });
    await expect(stress(cut)).rejects.toThrow('in the middle of its answer');
  });

  test('a service that closes connections before a request, by FIN or by RST, is named, never waited for', async () => {
    for (const hangUp of ['end', 'terminate'] as const) {
      const server = Bun.listen({
        port: 0,
        hostname: '127.0.0.1',
        socket: { open: (socket) => void socket[hangUp](), data: () => {} },
      });
      stops.push(() => server.stop(true));
      await expect(stress(`http://127.0.0.1:${server.port}/`)).rejects.toThrow(
        'closes them without',
      );
    }
  });

  test('more connections than ports allow are refused with the arithmetic', async () => {
    const url = serve(() => new Response('x'));
    await expect(stress(url, { nConnections: 900_000 })).rejects.toThrow('local ports allow');
  });
});

describe('TLS', () => {
  const serveTls = (): string => {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      tls: { cert: fixture('first.crt'), key: fixture('first.key') },
      fetch: () => new Response('hello'),
    });
    stops.push(() => void server.stop(true));
    return `https://127.0.0.1:${server.port}/`;
  };

  test('a certificate that nobody vouches for is refused, with the flag that takes it', async () => {
    await expect(stress(serveTls())).rejects.toThrow('--insecure takes it as it is');
  });

  test('a certificate that is vouched for is taken, and the own one is shown to a service that asks', async () => {
    const [cert, key] = await Promise.all([
      fixture('first.crt').text(),
      fixture('first.key').text(),
    ]);
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      tls: { cert, key, ca: cert, requestCert: true, rejectUnauthorized: true },
      fetch: () => new Response('hello'),
    });
    stops.push(() => void server.stop(true));
    const url = `https://127.0.0.1:${server.port}/`;
    const access = { verifyTls: false, resolve: new Map<string, string>() };
    const shown = await stress(url, { checkAnswers: false, access: { ...access, cert, key } });
    expect(shown.main.summary.outcomes.ok).toBe(shown.main.summary.planned);
    await expect(stress(url, { checkAnswers: false, access })).rejects.toThrow();
    const plain = serveTls().replace('127.0.0.1', 'localhost');
    const trusted = { verifyTls: true, resolve: new Map<string, string>(), ca: cert };
    const { main } = await stress(plain, { checkAnswers: false, access: trusted });
    expect(main.summary.outcomes.ok).toBe(main.summary.planned);
  });

  test.each([
    true,
    false,
  ])('with --insecure every answer is read and checked (keep-alive %p)', async (keepAlive) => {
    const { main } = await stress(serveTls(), {
      access: { verifyTls: false, resolve: new Map() },
      keepAlive,
    });
    expect(main.summary.planned).toBeGreaterThan(4);
    expect(main.summary.outcomes.ok).toBe(main.summary.planned);
    expect(main.summary.wrong).toBe(0);
  });

  test('a handshake that never ends is a connection that cannot be opened, and an error', async () => {
    const service = new URL(serveTls());
    let nOpened = 0;
    const upstream = new Map<Socket<undefined>, Promise<Socket<undefined>>>();
    // A proxy that passes TLS on, and leaves every third connection of the load without a word.
    const proxy = Bun.listen<undefined>({
      port: 0,
      hostname: '127.0.0.1',
      socket: {
        open: (socket) => {
          if (++nOpened > 1 && nOpened % 3 === 0) return;
          const socketOfService = Bun.connect<undefined>({
            hostname: '127.0.0.1',
            port: Number(service.port),
            socket: {
              data: (_, bytes) => void socket.write(bytes),
              close: () => void socket.end(),
            },
          });
          upstream.set(socket, socketOfService);
        },
        data: (socket, bytes) => {
          const copy = Uint8Array.from(bytes);
          void upstream.get(socket)?.then((other) => other.write(copy));
        },
        close: (socket) => void upstream.get(socket)?.then((other) => other.end()),
      },
    });
    stops.push(() => proxy.stop(true));
    const { main } = await stress(
      `https://127.0.0.1:${proxy.port}/page`,
      {
        access: { verifyTls: false, resolve: new Map() },
        keepAlive: false,
        checkAnswers: false,
        timeoutMs: 400,
      },
      { durationMs: 500, timeoutMs: 400 },
    );
    const { outcomes, reasons, planned } = main.summary;
    expect(reasons['connect: not open within the timeout']).toBeGreaterThan(0);
    expect(outcomes.socketError).toBeGreaterThan(0);
    expect(outcomes.ok + outcomes.socketError).toBe(planned);
  });

  test('https:// where HTTP is spoken and http:// where TLS is are told', async () => {
    const plain = serve(() => new Response('x')).replace('http:', 'https:');
    await expect(stress(plain)).rejects.toThrow('does it speak TLS?');
    const encrypted = serveTls().replace('https:', 'http:');
    await expect(stress(encrypted)).rejects.toThrow('does it expect https://?');
  });
});

describe('HTTP/2', () => {
  const access = { verifyTls: false, resolve: new Map<string, string>(), http2: true };
  const over = { access, checkAnswers: false, nStreams: 5, nConnections: 2 };

  /** A service that speaks HTTP/2 without TLS; `reply` is called once per stream, with its number. */
  const serveStreams = async (reply: (stream: ServerHttp2Stream, n: number) => void) => {
    let n = 0;
    const server = createHttp2Server();
    const sessions = new Set<ServerHttp2Session>();
    server.on('session', (session) => {
      sessions.add(session);
      session.on('error', () => {});
    });
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      reply(stream as ServerHttp2Stream, n++);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => {
      for (const session of sessions) session.destroy();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/page`, sessions };
  };

  const answer = (stream: ServerHttp2Stream): void => {
    stream.respond({ ':status': 200 });
    stream.end('hello');
  };

  test('by ALPN: bodies larger than the windows arrive whole, answers are checked', async () => {
    const [cert, key] = await Promise.all([
      fixture('first.crt').text(),
      fixture('first.key').text(),
    ]);
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      tls: { cert, key },
      http2: true,
      fetch: async (request) => new Response(String((await request.text()).length)),
    });
    stops.push(() => void server.stop(true));
    const { main, load } = await stress(`https://127.0.0.1:${server.port}/`, {
      ...over,
      checkAnswers: true,
      body: 'x'.repeat(300_000),
      method: 'POST',
    });
    const { outcomes, planned, checked, wrong } = main.summary;
    expect(load).toContain('2 connections of HTTP/2 with 5 streams each');
    expect(planned).toBeGreaterThanOrEqual(10);
    expect(outcomes.ok).toBe(planned);
    expect({ checked, wrong }).toEqual({ checked: planned, wrong: 0 });
  });

  test('a planned rate goes over the streams of few connections; wrong answers are found', async () => {
    const { url, sessions } = await serveStreams((stream, n) => {
      stream.respond({ ':status': 200, 'x-long': 'y'.repeat(20_000) });
      stream.end(n % 10 === 9 ? 'jello' : 'hello');
    });
    const expectation = { statuses: null, body: { kind: 'text', text: 'hello' } as const };
    const run = await stress(
      url,
      { ...over, expect: expectation },
      { ratePerSecond: 100, durationMs: 1000 },
    );
    expect(run.main.summary.planned).toBe(100);
    expect(run.main.summary.outcomes).toMatchObject({ ok: 90, wrong: 10 });
    expect(run.connections.opened).toBe(2);
    // One more for the probe.
    expect(sessions.size).toBe(3);
  });

  test('streams that are reset, or never answered, are errors of their own, and the others go on', async () => {
    const frame = (type: number, flags: number, id: number, payload: readonly number[]): Buffer => {
      const head = Buffer.alloc(9);
      head.writeUIntBE(payload.length, 0, 3);
      head[3] = type;
      head[4] = flags;
      head.writeUInt32BE(id, 5);
      return Buffer.concat([head, Buffer.from(payload)]);
    };
    let n = 0;
    // Frame by frame: of ten requests one is reset (INTERNAL_ERROR), one kept for ever, one answered after a 103.
    const server = Bun.listen<{ rest: Buffer }>({
      port: 0,
      hostname: '127.0.0.1',
      socket: {
        open: (socket) => {
          socket.data = { rest: Buffer.alloc(0) };
          socket.write(frame(4, 0, 0, []));
        },
        data: (socket, bytes) => {
          let rest = Buffer.concat([socket.data.rest, bytes]);
          if (rest.indexOf('PRI * HTTP/2.0') === 0) rest = rest.subarray(24);
          for (;;) {
            const length = rest.length < 9 ? Number.POSITIVE_INFINITY : rest.readUIntBE(0, 3);
            if (rest.length < 9 + length) break;
            const id = rest.readUInt32BE(5);
            if (rest[3] === 1) {
              const kind = n++ % 10;
              if (kind === 8) socket.write(frame(3, 0, id, [0, 0, 0, 2]));
              if (kind === 7) socket.write(frame(1, 4, id, [0x48, 3, 0x31, 0x30, 0x33]));
              if (kind < 8) {
                socket.write(Buffer.concat([frame(1, 4, id, [0x88]), frame(0, 1, id, [111, 107])]));
              }
            }
            rest = rest.subarray(9 + length);
          }
          socket.data.rest = rest;
        },
      },
    });
    stops.push(() => server.stop(true));
    const { main } = await stress(
      `http://127.0.0.1:${server.port}/page`,
      { ...over, timeoutMs: 300 },
      { ratePerSecond: 100, durationMs: 1000, timeoutMs: 300 },
    );
    const { outcomes, reasons } = main.summary;
    expect(outcomes).toMatchObject({ ok: 80, socketError: 10 });
    expect(outcomes.timeout + outcomes.unanswered).toBe(10);
    expect(reasons['stream reset (INTERNAL_ERROR)']).toBe(10);
  });

  test('a head without end is an error, and its connection is opened again', async () => {
    const frame = (type: number, flags: number, id: number, payload: Uint8Array): Buffer => {
      const head = Buffer.alloc(9);
      head.writeUIntBE(payload.length, 0, 3);
      head[3] = type;
      head[4] = flags;
      head.writeUInt32BE(id, 5);
      return Buffer.concat([head, payload]);
    };
    const [SETTINGS, HEADERS, CONTINUATION, END_STREAM, END_HEADERS] = [4, 1, 9, 1, 4];
    const part = Buffer.alloc(16_000);
    let n = 0;
    let nConnections = 0;
    const server = createServer((socket) => {
      nConnections++;
      let rest: Buffer = Buffer.alloc(0);
      socket.on('error', () => {});
      socket.write(frame(SETTINGS, 0, 0, part.subarray(0, 0)));
      socket.on('data', (bytes) => {
        rest = Buffer.concat([rest, Buffer.from(bytes)]);
        if (rest.indexOf('PRI * HTTP/2.0') === 0) rest = rest.subarray(24);
        for (;;) {
          const length = rest.length < 9 ? Number.POSITIVE_INFINITY : rest.readUIntBE(0, 3);
          if (rest.length < 9 + length) return;
          const id = rest.readUInt32BE(5);
          if (rest[3] === HEADERS) {
            if (n++ % 20 !== 19) {
              socket.write(frame(HEADERS, END_HEADERS | END_STREAM, id, Buffer.from([0x88])));
            } else {
              socket.write(frame(HEADERS, 0, id, Buffer.from([0x88])));
              for (let k = 0; k < 70; k++) socket.write(frame(CONTINUATION, 0, id, part));
            }
          }
          rest = rest.subarray(9 + length);
        }
      });
    });
    const url = `${await listening(server)}page`;
    const timeoutMs = 20_000;
    const run = await stress(
      url,
      { ...over, timeoutMs },
      { ratePerSecond: 100, durationMs: 1000, timeoutMs },
    );
    const { outcomes, reasons, planned } = run.main.summary;
    expect(reasons['a head without end']).toBe(outcomes.socketError);
    expect(outcomes.socketError).toBeGreaterThanOrEqual(4);
    expect(outcomes.ok + outcomes.socketError).toBe(planned);
    expect(nConnections).toBeGreaterThan(4);
  });

  test('a service that says goodbye to its connections loses no request', async () => {
    const { url, sessions } = await serveStreams((stream, n) => {
      answer(stream);
      if (n % 20 === 19) stream.session?.close();
    });
    const { main } = await stress(url, over, { ratePerSecond: 100, durationMs: 1000 });
    expect(main.summary.outcomes.ok).toBe(100);
    expect(main.summary.sent).toBe(100);
    expect(sessions.size).toBeGreaterThan(5);
  });

  test('a connection that is cut loses what was under way on it, and is opened again', async () => {
    const { url, sessions } = await serveStreams((stream, n) => {
      if (n === 50) stream.session?.destroy();
      else answer(stream);
    });
    const run = await stress(url, over, { ratePerSecond: 100, durationMs: 1000 });
    const { outcomes } = run.main.summary;
    expect(outcomes.socketError).toBeGreaterThanOrEqual(1);
    expect(outcomes.ok + outcomes.socketError).toBe(100);
    expect(sessions.size).toBe(4);
    expect(balanced(run)).toBe(true);
  });

  test('a service without HTTP/2 is told before the load', async () => {
    const plain = serve(() => new Response('x'));
    await expect(stress(plain, over)).rejects.toThrow('does not speak HTTP/2');
  });
});

describe('run file', () => {
  const validate = new Ajv2020({ strict: false }).compile(schema);

  const check = (run: RunFile): void => {
    expect(validate(JSON.parse(JSON.stringify(run))) || validate.errors).toBe(true);
  };

  test('a plain run is what the published schema says, and comes back from disk as it was', async () => {
    const run = await stress(serve(() => new Response('x')));
    check(run);
    const path = join(tmpdir(), `puntual-run-${process.pid}.json`);
    stops.push(() => rmSync(path, { force: true }));
    writeFileSync(path, JSON.stringify(run));
    expect(JSON.stringify(readRunFile(path))).toBe(JSON.stringify(run));
  });

  test('a run against itself is no regression; a third fewer answers is one', async () => {
    const run = await stress(serve(() => new Response('x')));
    expect(compareRuns(run, run).regressed).toBe(false);
    const { main } = run;
    const { summary } = main;
    const slower = { ...summary, throughputPerSecond: summary.throughputPerSecond * 0.66 };
    const worse = { ...run, main: { ...main, summary: slower } };
    expect(compareRuns(run, worse).sentence).toContain('throughput per second is 34 % worse');
  });

  test('a tail is worse when the typical second is, not when one second was bad', async () => {
    const run = await stress(serve(() => new Response('x')));
    const withTails = (p99Ms: number, tails: readonly number[]): RunFile => ({
      ...run,
      main: {
        ...run.main,
        summary: {
          ...run.main.summary,
          responseTime: { ...run.main.summary.responseTime, p99Ms },
        },
        windows: tails.map((tail) => ({ ...run.main.windows[0]!, p99Ms: tail })),
      },
    });
    const before = withTails(4, [4, 4, 4, 4, 4, 4]);
    expect(compareRuns(before, withTails(12, [4, 4, 4, 12, 4, 4])).regressed).toBe(false);
    expect(compareRuns(before, withTails(6, [6, 6, 6, 6, 6, 6])).sentence).toContain('p99 is 50 %');
  });

  test('what is not a run file is refused', () => {
    expect(() => readRunFile('nowhere.json')).toThrow('does not exist');
    expect(() => readRunFile(join(import.meta.dir, 'results/run-schema.json'))).toThrow(
      'not a run file',
    );
  });
});

describe('modes', () => {
  test('thresholds are judged by what was measured', async () => {
    const url = serve(() => new Response('x'));
    const thresholds = parseSlo('p99<10s,errors<0.1%,rate>=1000000');
    const { thresholds: judged } = await stress(url, {}, { thresholds });
    expect(judged.map(({ holds }) => holds)).toEqual([true, true, false]);
  });

  test('a ramp opens each size and says what it saw', async () => {
    const url = serve(() => new Response('x'));
    const plan = { mode: 'ramp', ramp: { from: 4, to: 12 }, ratePerSecond: 50 } as const;
    const run = await stress(url, { nConnections: 12 }, plan);
    expect(run.ramp!.steps.map(({ opened }) => opened)).toEqual([4, 8, 12]);
  });

  test('a reset storm loses only what was in flight, and every connection comes back', async () => {
    const url = serve(() => new Response('x'));
    const fault = {
      text: 'reset-storm@300ms',
      kind: 'reset-storm',
      what: '',
      atMs: 300,
      lastsMs: 0,
      count: 0,
    } as const;
    const run = await stress(url, {}, { ratePerSecond: 200, durationMs: 2000, faults: [fault] });
    expect(run.faults![0]).toMatchObject({ fault: 'reset-storm@300ms', undone: true });
    expect(run.faults![0]!.socketsReopened).toBe(4);
    expect(run.main.summary.outcomes.socketError).toBeLessThanOrEqual(4);
  });
});
