/** The end of a service: what a balancer, a caller in the middle of a request, and an operator see. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { SYSTEM_CALLS } from '../../src/serve/labels.ts';
import { PLANTED_FLIGHT } from '../planted.ts';
import { startCallers } from './callers.ts';
import { metricOf, RIGHTS, startService, until } from './running.ts';

describe.each(RIGHTS)('a service that is told to end, with rights: %s,', (rights) => {
  const start = (...flags: string[]) => startService(flags, undefined, rights);

  test('finishes every request that it took, and exits 0', async () => {
    const service = await start();
    const callers = startCallers(service.url, 16);
    await until(() => callers.outcomes.ok > 200);
    const code = await service.stop();
    const { lost, refused } = await callers.stop();
    expect({ code, lost, refused }).toEqual({ code: 0, lost: 0, refused: {} });
  }, 180_000);

  test('says at its start how it drains, and meets no refusal of the system', async () => {
    const service = await start();
    await service.logs('a draining worker holds new connections back');
    for (const call of SYSTEM_CALLS)
      expect(await metricOf(service, `puntual_system_call_failures_total{call="${call}"}`)).toBe(0);
    expect(await service.stop()).toBe(0);
  }, 180_000);

  test('says first that it is not ready, then closes connections with their next answer', async () => {
    const service = await start('--drain-delay', '300ms');
    service.process.kill('SIGTERM');
    await until(async () => (await service.admin('/readyz')).status === 503);
    expect((await service.admin('/livez')).status).toBe(200);
    await until(async () => (await fetch(`${service.url}/readyz`)).status === 503);
    const { status } = (await (await fetch(`${service.url}/readyz`)).json()) as { status: string };
    expect(status).toBe('draining');
    await until(async () => (await service.predict()).headers.get('connection') === 'close');
    expect(await service.process.exited).toBe(0);
  }, 180_000);

  test('waits for a body that is still arriving', async () => {
    const service = await start();
    const { answer, finish } = beginRequest(service.url);
    await until(async () => (await service.predict()).ok);
    const ended = service.stop();
    await until(
      async () =>
        !(await fetch(service.url).then(
          () => true,
          () => false,
        )),
    );
    finish();
    expect(await answer).toStartWith('HTTP/1.1 200');
    expect(await ended).toBe(0);
  }, 180_000);

  test('in the middle of a reload brings up no more workers, says so, and loses no request', async () => {
    const service = await start('--request-timeout', '170s', '--drain-limit', '170s');
    const before = (await service.workerList()).map(({ pid }) => pid);
    const callers = startCallers(service.url, 8, 'close');
    const { answer, finish } = beginRequest(service.url);
    await until(() => callers.outcomes.ok > 100);
    const reload = service.admin('/reload', {});
    await until(async () => (await service.workerList()).some(({ pid }) => !before.includes(pid)));
    expect(await metricOf(service, 'puntual_workers{state="draining"}')).toBeGreaterThan(0);
    const ended = service.stop();
    const { code, detail } = (await (await reload).json()) as { code: string; detail: string };
    expect({ code, detail }).toEqual({ code: 'not-ready', detail: 'the service is shutting down' });
    // The worker that waits for the rest of a body is the last.
    await until(() => childrenOf(service.process.pid).length === 1);
    finish();
    expect(await answer).toStartWith('HTTP/1.1 200');
    expect(await ended).toBe(0);
    const { lost, refused } = await callers.stop();
    expect({ lost, refused }).toEqual({ lost: 0, refused: {} });
    expect(service.logged()).not.toContain('was refused');
  }, 180_000);

  test('replaces a worker that dies while it waits for its balancers', async () => {
    const service = await start('--drain-delay', '60s', '--drain-limit', '120s', '--workers', '1');
    service.process.kill('SIGTERM');
    await until(async () => (await service.admin('/readyz')).status === 503);
    const [victim] = await service.workerList();
    process.kill(victim!.pid, 'SIGKILL');
    await until(async () => {
      const [worker] = await service.workerList();
      return worker!.state === 'ready' && worker!.pid !== victim!.pid;
    });
    expect((await service.predict()).status).toBe(200);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
    service.process.kill('SIGTERM');
    expect(await service.process.exited).toBe(143);
  }, 180_000);

  test('ends at once when it is told a second time', async () => {
    const service = await start('--drain-delay', '60s', '--drain-limit', '120s');
    service.process.kill('SIGTERM');
    await until(async () => (await service.admin('/readyz')).status === 503);
    service.process.kill('SIGINT');
    expect(await service.process.exited).toBe(130);
  }, 180_000);
});

const childrenOf = (pid: number): readonly string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);

/** A request of which only the beginning is sent, until `finish` sends the rest. */
const beginRequest = (url: string) => {
  const body = JSON.stringify(PLANTED_FLIGHT);
  const { promise: answer, resolve } = Promise.withResolvers<string>();
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
    socket.write(
      `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
    );
  });
  socket.on('data', (part) => {
    resolve(String(part));
    socket.destroy();
  });
  socket.on('close', () => resolve('closed'));
  return { answer, finish: () => void socket.write(body.slice(10)) };
};
