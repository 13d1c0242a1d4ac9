/** The end of a service: what a balancer, a caller in the middle of a request, and an operator see. */
import { describe, expect, test } from 'bun:test';
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
    const body = JSON.stringify(PLANTED_FLIGHT);
    const { port } = new URL(service.url);
    const answer = Promise.withResolvers<string>();
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(
        `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
      );
    });
    let text = '';
    socket.on('data', (part) => {
      text += part;
      answer.resolve(text);
    });
    socket.on('close', () => answer.resolve(text));
    await until(async () => (await service.predict()).ok);
    const ended = service.stop();
    await until(
      async () =>
        !(await fetch(service.url).then(
          () => true,
          () => false,
        )),
    );
    socket.write(body.slice(10));
    expect(await answer.promise).toStartWith('HTTP/1.1 200');
    socket.destroy();
    expect(await ended).toBe(0);
  }, 180_000);

  test('ends at once when it is told a second time', async () => {
    const service = await start('--drain-delay', '60s', '--drain-limit', '120s');
    service.process.kill('SIGTERM');
    await until(async () => (await service.admin('/readyz')).status === 503);
    service.process.kill('SIGINT');
    expect(await service.process.exited).toBe(130);
  }, 180_000);
});
