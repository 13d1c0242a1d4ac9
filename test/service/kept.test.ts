/**
 * Connections that outlive their worker: a killed worker loses the requests that it was busy with, and no connection that
 * was at rest.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { PLANTED_FLIGHT } from '../planted.ts';
import { startCallers } from './callers.ts';
import { metricOf, RIGHTS, type Running, startService, until } from './running.ts';

const BODY = JSON.stringify(PLANTED_FLIGHT);
const requestOf = (connection: 'keep-alive' | 'close'): string =>
  `POST /predict HTTP/1.1\r\nHost: test\r\nConnection: ${connection}\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const REQUEST = requestOf('keep-alive');
const LAST_REQUEST = requestOf('close');
const HALF = REQUEST.slice(0, REQUEST.length / 2);

const KILLS = 3;

interface Caller {
  readonly write: (text: string) => void;
  /** Resolves with the number of answers 200 once there are so many, or the connection is closed. */
  readonly answers: (n: number) => Promise<number>;
  /** Resolves when the connection is. */
  readonly closed: Promise<void>;
  readonly isClosed: () => boolean;
  readonly close: () => void;
}

const openCaller = async (url: string): Promise<Caller> => {
  let nAnswers = 0;
  let isClosed = false;
  let rest = '';
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) }, opened.resolve);
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    rest += part;
    for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
      const length = Number(/^content-length: (\d+)/im.exec(rest.slice(0, end))?.[1] ?? 0);
      if (rest.length < end + 4 + length) return;
      if (rest.startsWith('HTTP/1.1 200 ')) nAnswers++;
      rest = rest.slice(end + 4 + length);
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
    opened.resolve();
    closed.resolve();
  });
  await opened.promise;
  return {
    write: (text) => void socket.write(text, 'latin1'),
    answers: async (n) => {
      await until(() => nAnswers >= n || isClosed);
      return nAnswers;
    },
    closed: closed.promise,
    isClosed: () => isClosed,
    close: () => socket.destroy(),
  };
};

const openCallers = (url: string, n: number): Promise<Caller[]> =>
  Promise.all(Array.from({ length: n }, () => openCaller(url)));

/** Asks all of them; resolves when each has so many answers. */
const askAll = async (callers: readonly Caller[], n: number): Promise<void> => {
  for (const caller of callers) caller.write(REQUEST);
  await Promise.all(callers.map((caller) => caller.answers(n)));
};

const keptOf = (service: Running): Promise<number> => metricOf(service, 'puntual_connections_kept');
const adoptedOf = (service: Running): Promise<number> =>
  metricOf(service, 'puntual_connections_adopted_total');
const resetOf = (service: Running): Promise<number> =>
  metricOf(service, 'puntual_connections_reset_total');

const readyPids = async (service: Running): Promise<number[]> =>
  (await service.workerList()).filter(({ state }) => state === 'ready').map(({ pid }) => pid);

const waitForOther = (service: Running, victim: number): Promise<void> =>
  until(async () => {
    const pids = await readyPids(service);
    return pids.length === 2 && !pids.includes(victim);
  });

/** So many connections more: each worker has one of them. */
const SENTINELS = 16;

/**
 * Resolves when `n` connections are kept, and their workers are through with what they have answered: they have sent
 * duplicates of connections that were opened after that.
 */
const settle = async (service: Running, n: number): Promise<void> => {
  const sentinels = await openCallers(service.url, SENTINELS);
  await until(async () => (await keptOf(service)) === n + SENTINELS);
  for (const sentinel of sentinels) sentinel.close();
  await until(async () => (await keptOf(service)) === n);
};

/** @returns when another is ready in its place */
const kill = async (service: Running, victim: number): Promise<void> => {
  process.kill(victim, 'SIGKILL');
  await waitForOther(service, victim);
};

/** Kills workers in turn; no connection may end. */
const killInTurn = async (service: Running): Promise<void> => {
  const callers = await openCallers(service.url, 12);
  let nAsked = 0;
  for (let turn = 0; turn < KILLS; turn++) {
    await askAll(callers, ++nAsked);
    await settle(service, callers.length);
    await kill(service, (await readyPids(service))[turn % 2]!);
    await askAll(callers, ++nAsked);
    expect(callers.filter((caller) => caller.isClosed()).length).toBe(0);
  }
  expect(await adoptedOf(service)).toBeGreaterThan(0);
  expect(await resetOf(service)).toBe(0);
  await service.logs('go on with others');
  for (const caller of callers) caller.close();
  await until(async () => (await keptOf(service)) === 0);
};

describe('of two workers', () => {
  let service: Running;
  beforeAll(async () => {
    service = await startService(['--hang-limit', '1s']);
  });
  afterAll(() => service.stop());

  test('one is killed, again and again, and all connections at rest go on', async () => {
    await killInTurn(service);
  }, 180_000);

  test('one is killed under load, and no more is lost than it was busy with', async () => {
    const before = await resetOf(service);
    const callers = startCallers(service.url, 8);
    for (let turn = 0; turn < 3; turn++) {
      await until(async () => (await keptOf(service)) === 8);
      const soFar = callers.outcomes.ok;
      await until(() => callers.outcomes.ok > soFar + 100);
      await kill(service, (await readyPids(service))[turn % 2]!);
    }
    await until(async () => (await keptOf(service)) === 8);
    const { lost, refused, notTaken } = await callers.stop();
    expect(lost).toBeLessThanOrEqual((await resetOf(service)) - before);
    expect({ refused, notTaken }).toEqual({ refused: {}, notTaken: 0 });
    await until(async () => (await keptOf(service)) === 0);
  }, 180_000);

  test('one is killed with a part of a request in hand: nobody else gets it, its connection is closed', async () => {
    const [busy, ...others] = (await openCallers(service.url, 7)) as [Caller, ...Caller[]];
    // What is answered was read together with what follows it.
    busy.write(REQUEST + HALF);
    expect(await busy.answers(1)).toBe(1);
    await askAll(others, 1);
    await settle(service, 7);
    const before = await resetOf(service);
    const [first, second] = await readyPids(service);
    await kill(service, first!);
    if ((await resetOf(service)) === before) await kill(service, second!);
    await busy.closed;
    expect(await busy.answers(2)).toBe(1);
    expect(await resetOf(service)).toBe(before + 1);
    await askAll(others, 2);
    expect(others.filter((caller) => caller.isClosed()).length).toBe(0);
    for (const caller of others) caller.close();
    await until(async () => (await keptOf(service)) === 0);
  }, 180_000);

  test('one hangs, and what its callers have sent meanwhile is answered', async () => {
    const callers = await openCallers(service.url, 8);
    await askAll(callers, 1);
    await settle(service, 8);
    const [victim] = await readyPids(service);
    process.kill(victim!, 'SIGSTOP');
    await askAll(callers, 2);
    expect(callers.filter((caller) => caller.isClosed()).length).toBe(0);
    for (const caller of callers) caller.close();
    await waitForOther(service, victim!);
    await until(async () => (await keptOf(service)) === 0);
  }, 180_000);

  test('both end in order, and so do their connections: nobody takes them over', async () => {
    const callers = await openCallers(service.url, 6);
    await until(async () => (await keptOf(service)) === 6);
    const before = await adoptedOf(service);
    for (const pid of await readyPids(service)) {
      process.kill(pid, 'SIGTERM');
      await waitForOther(service, pid);
    }
    await Promise.all(callers.map(({ closed }) => closed));
    await until(async () => (await keptOf(service)) === 0);
    expect(await adoptedOf(service)).toBe(before);
  }, 180_000);
});

test.each(
  RIGHTS.filter((rights) => rights === 'none'),
)('the same with rights: %s', async (rights) => {
  const service = await startService([], undefined, rights);
  await killInTurn(service);
  expect(await service.stop()).toBe(0);
}, 180_000);

test('a connection that has ended leaves no descriptor behind, whoever ended it', async () => {
  const service = await startService(['--workers', '1']);
  const [pid] = await readyPids(service);
  const descriptorsOf = (process: number): number =>
    readdirSync(`/proc/${process}/task/${process}/fd`).length;
  const countAll = (): number => descriptorsOf(service.process.pid) + descriptorsOf(pid!);
  const before = countAll();
  const callers = await openCallers(service.url, 200);
  await askAll(callers, 1);
  await until(async () => (await keptOf(service)) === 200);
  expect(countAll()).toBeGreaterThanOrEqual(before + 400);
  const ended = callers.slice(100);
  for (const caller of callers.slice(0, 100)) caller.close();
  for (const caller of ended) caller.write(LAST_REQUEST);
  expect(await Promise.all(ended.map((caller) => caller.answers(2)))).toEqual(ended.map(() => 2));
  await Promise.all(callers.map(({ closed }) => closed));
  for (let n = 0; n < 800; n += 50) {
    const brief = await openCallers(service.url, 50);
    for (const caller of brief) caller.write(LAST_REQUEST);
    await Promise.all(brief.map(({ closed }) => closed));
  }
  // Some are of those who ask for the metrics.
  await until(async () => (await keptOf(service)) === 0 && countAll() <= before + 10);
  expect(await service.stop()).toBe(0);
}, 180_000);
