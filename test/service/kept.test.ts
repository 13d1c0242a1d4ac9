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

const KILLS = 4;

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

/** One after the other, so that the worker is through with all but the last when that one is answered. */
const askEach = async (callers: readonly Caller[], n: number): Promise<void> => {
  for (const caller of callers) {
    caller.write(REQUEST);
    await caller.answers(n);
  }
};

const keptOf = (service: Running): Promise<number> => metricOf(service, 'puntual_connections_kept');
const adoptedOf = (service: Running): Promise<number> =>
  metricOf(service, 'puntual_connections_adopted_total');
const resetOf = (service: Running): Promise<number> =>
  metricOf(service, 'puntual_connections_reset_total');

const readyPids = async (service: Running): Promise<number[]> =>
  (await service.workerList()).filter(({ state }) => state === 'ready').map(({ pid }) => pid);

const waitForOther = (service: Running, victim: number, nWorkers: number): Promise<void> =>
  until(async () => {
    const pids = await readyPids(service);
    return pids.length === nWorkers && !pids.includes(victim);
  });

describe.each(RIGHTS)('two workers, with rights: %s,', (rights) => {
  let service: Running;
  beforeAll(async () => {
    service = await startService([], undefined, rights);
  });
  afterAll(() => service.stop());

  test('are killed again and again, and connections at rest go on, whosever they were', async () => {
    const N = 12;
    let callers = await openCallers(service.url, N);
    let nAsked = 0;
    const counts = callers.map(() => 0);
    for (let turn = 0; turn < KILLS; turn++) {
      await until(async () => (await keptOf(service)) === N);
      for (const [i, caller] of callers.entries()) await askEach([caller], ++counts[i]!);
      nAsked += N;
      const before = { adopted: await adoptedOf(service), reset: await resetOf(service) };
      // In turn, so that none dies young.
      const victim = (await readyPids(service))[turn % 2]!;
      process.kill(victim, 'SIGKILL');
      await waitForOther(service, victim, 2);
      // Those of whom nobody has heard: a question tells whether they are open.
      for (const [i, caller] of callers.entries()) await askEach([caller], ++counts[i]!);
      const nLost = callers.filter((caller) => caller.isClosed()).length;
      // The worker may have been killed between the last answer and its note of it.
      expect(nLost).toBeLessThanOrEqual(1);
      expect((await resetOf(service)) - before.reset).toBe(nLost);
      expect(await adoptedOf(service)).toBeGreaterThanOrEqual(before.adopted);
      for (const [i, caller] of callers.entries()) {
        expect(await caller.answers(counts[i]!)).toBe(counts[i]! - (caller.isClosed() ? 1 : 0));
        if (caller.isClosed()) counts[i] = 0;
      }
      callers = await Promise.all(
        callers.map((caller) => (caller.isClosed() ? openCaller(service.url) : caller)),
      );
    }
    expect(nAsked).toBe(KILLS * N);
    expect(await adoptedOf(service)).toBeGreaterThan(0);
    await service.logs('go on with others');
    for (const caller of callers) caller.close();
    await until(async () => (await keptOf(service)) === 0);
  }, 180_000);

  test('are killed under load, and lose no more than they were busy with', async () => {
    const callers = startCallers(service.url, 8);
    const before = await resetOf(service);
    for (let turn = 0; turn < 3; turn++) {
      await until(async () => (await keptOf(service)) === 8);
      const soFar = callers.outcomes.ok;
      await until(() => callers.outcomes.ok > soFar + 100);
      const victim = (await readyPids(service))[turn % 2]!;
      process.kill(victim, 'SIGKILL');
      await waitForOther(service, victim, 2);
    }
    await until(async () => (await keptOf(service)) === 8);
    const { lost, refused, notTaken } = await callers.stop();
    expect(lost).toBeLessThanOrEqual((await resetOf(service)) - before);
    expect({ refused, notTaken }).toEqual({ refused: {}, notTaken: 0 });
  }, 180_000);

  test('end their connections when they drain, and nobody takes those over', async () => {
    const callers = await openCallers(service.url, 6);
    await until(async () => (await keptOf(service)) === 6);
    const before = await adoptedOf(service);
    const asked = await readyPids(service);
    for (const pid of asked) {
      process.kill(pid, 'SIGTERM');
      await waitForOther(service, pid, 2);
    }
    await Promise.all(callers.map(({ closed }) => closed));
    await until(async () => (await keptOf(service)) === 0);
    expect(await adoptedOf(service)).toBe(before);
  }, 180_000);
});

describe('one worker', () => {
  let service: Running;
  beforeAll(async () => {
    service = await startService(['--workers', '1', '--hang-limit', '500ms']);
  });
  afterAll(() => service.stop());

  const workerPid = async (): Promise<number> => {
    await until(async () => (await readyPids(service)).length === 1);
    return (await readyPids(service))[0]!;
  };

  test('is killed: a request that it has read goes to nobody else, its connection is closed', async () => {
    const pid = await workerPid();
    const [busy, atRest, last] = (await openCallers(service.url, 3)) as [Caller, Caller, Caller];
    // What is answered was read together with what follows it.
    busy.write(REQUEST + HALF);
    expect(await busy.answers(1)).toBe(1);
    await askEach([atRest, last], 1);
    await until(async () => (await keptOf(service)) === 3);
    const before = await resetOf(service);
    process.kill(pid, 'SIGKILL');
    await busy.closed;
    busy.close();
    await askEach([atRest], 2);
    expect(await atRest.answers(2)).toBe(2);
    expect((await resetOf(service)) - before).toBeGreaterThanOrEqual(1);
    for (const caller of [atRest, last]) caller.close();
    await until(async () => (await keptOf(service)) === 0);
  }, 180_000);

  test('hangs: what its callers have sent meanwhile is answered by the next', async () => {
    const pid = await workerPid();
    const callers = await openCallers(service.url, 5);
    await askEach(callers, 1);
    await until(async () => (await keptOf(service)) === 5);
    // Whoever is answered after them shows that their turn is over.
    expect((await service.predict()).status).toBe(200);
    process.kill(pid, 'SIGSTOP');
    for (const caller of callers) caller.write(REQUEST);
    expect(await Promise.all(callers.map((caller) => caller.answers(2)))).toEqual([2, 2, 2, 2, 2]);
    expect(callers.some((caller) => caller.isClosed())).toBe(false);
    expect(await workerPid()).not.toBe(pid);
    for (const caller of callers) caller.close();
    await until(async () => (await keptOf(service)) === 0);
  }, 180_000);

  test('leaves no descriptor of a connection that has ended behind, whoever ended it', async () => {
    const pid = await workerPid();
    const descriptorsOf = (process: number): number =>
      readdirSync(`/proc/${process}/task/${process}/fd`).length;
    const countAll = (): number => descriptorsOf(service.process.pid) + descriptorsOf(pid);
    const before = countAll();
    const callers = await openCallers(service.url, 200);
    await Promise.all(callers.map((caller) => askEach([caller], 1)));
    await until(async () => (await keptOf(service)) === 200);
    expect(countAll()).toBeGreaterThanOrEqual(before + 400);
    for (const caller of callers.slice(0, 100)) caller.close();
    for (const caller of callers.slice(100)) caller.write(LAST_REQUEST);
    expect(await Promise.all(callers.slice(100).map((caller) => caller.answers(2)))).toEqual(
      callers.slice(100).map(() => 2),
    );
    await Promise.all(callers.map(({ closed }) => closed));
    for (let n = 0; n < 800; n += 50) {
      const brief = await openCallers(service.url, 50);
      for (const caller of brief) caller.write(LAST_REQUEST);
      await Promise.all(brief.map(({ closed }) => closed));
    }
    // Some are of those who ask for the metrics.
    await until(async () => (await keptOf(service)) === 0 && countAll() <= before + 10);
  }, 180_000);
});
