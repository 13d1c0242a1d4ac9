import { afterEach, describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Socket } from 'bun';
import { parseSlo } from './analysis/slo.ts';
import { compareRuns } from './results/compare.ts';
import { type RunFile, readRunFile } from './results/run-file.ts';
import schema from './results/run-schema.json' with { type: 'json' };
import { openSession, type SessionOptions } from './session.ts';
import { runStress, type StressPlan } from './stress.ts';

const OPTIONS: Omit<SessionOptions, 'url'> = {
  nConnections: 4,
  headers: [],
  timeoutMs: 2000,
  keepAlive: true,
  verifyTls: true,
  checkAnswers: true,
  seed: 1,
};

const PLAN: StressPlan = {
  mode: 'single',
  ratePerSecond: null,
  arrivals: 'uniform',
  durationMs: 400,
  durationSaid: true,
  warmUpMs: 0,
  timeoutMs: 2000,
  seed: 1,
  thresholds: [],
  faults: [],
  ramp: undefined,
};

const stress = async (
  url: string,
  options: Partial<SessionOptions> = {},
  plan: Partial<StressPlan> = {},
): Promise<RunFile> => {
  const session = await openSession({ ...OPTIONS, ...options, url });
  const machine = { startedAt: new Date(0), descriptors: 1024, cores: 1 };
  try {
    return await runStress({ session, plan: { ...PLAN, ...plan }, machine });
  } finally {
    await session.close();
  }
};

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

const balanced = ({ main }: RunFile): boolean => {
  const { planned, outcomes } = main.summary;
  return planned === Object.values(outcomes).reduce((sum, count) => sum + count, 0);
};

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello';

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

  test('requests that a silent service holds at the end are in flight, and the run ends all the same', async () => {
    const url = serveRaw((peer, n) => {
      if (n < 8) peer.write(ANSWER);
    });
    const run = await stress(url, { timeoutMs: 9000 }, { durationMs: 200, timeoutMs: 9000 });
    expect(run.main.summary.outcomes.inFlight).toBe(4);
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
    expect(main.summary.outcomes.httpError).toBe(main.summary.wrong);
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
  const fixture = (name: string) =>
    Bun.file(join(import.meta.dir, '../../test/service/fixtures', name));
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

  test.each([
    true,
    false,
  ])('with --insecure every answer is read and checked (keep-alive %p)', async (keepAlive) => {
    const { main } = await stress(serveTls(), { verifyTls: false, keepAlive });
    expect(main.summary.planned).toBeGreaterThan(4);
    expect(main.summary.outcomes.ok).toBe(main.summary.planned);
    expect(main.summary.wrong).toBe(0);
  });

  test('https:// where HTTP is spoken and http:// where TLS is are told', async () => {
    const plain = serve(() => new Response('x')).replace('http:', 'https:');
    await expect(stress(plain)).rejects.toThrow('does it speak TLS?');
    const encrypted = serveTls().replace('https:', 'http:');
    await expect(stress(encrypted)).rejects.toThrow('does it expect https://?');
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
