/** Senders who never finish: they are told so and sent away, and nobody waits behind them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { metricOf, type Running, startService, until } from './running.ts';

let service: Running;
beforeAll(async () => {
  service = await startService(['--request-timeout', '1s']);
});
afterAll(() => service.stop());

interface Dribble {
  readonly heard: () => string;
  readonly isClosed: () => boolean;
}

/** Sends a start, then a byte now and then for as long as the connection holds. */
const dribble = (start: string): Dribble => {
  let heard = '';
  let closed = false;
  const socket: Socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => {
    socket.write(start);
  });
  const timer = setInterval(() => socket.write('a'), 100);
  socket.on('data', (part) => {
    heard += part;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
    clearInterval(timer);
  });
  return { heard: () => heard, isClosed: () => closed };
};

describe('a sender who never finishes', () => {
  const cases: readonly [what: string, start: string][] = [
    ['his headers', 'POST /predict HTTP/1.1\r\nHost: t\r\nX-Slow: '],
    [
      'his body',
      'POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{',
    ],
    [
      'the body of his second request',
      'GET /livez HTTP/1.1\r\nHost: t\r\n\r\nPOST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{',
    ],
  ];
  for (const [what, start] of cases)
    test(`with ${what} is told 408 and sent away`, async () => {
      const sender = dribble(start);
      await until(sender.isClosed);
      expect(sender.heard()).toContain('HTTP/1.1 408');
    }, 180_000);

  test('does not take the place of others', async () => {
    const senders = Array.from({ length: 300 }, () => dribble(cases[0]![1]));
    for (let i = 0; i < 50; i++) expect((await service.predict()).status).toBe(200);
    await until(() => senders.every(({ isClosed }) => isClosed()));
    expect(await metricOf(service, 'puntual_shed_total{reason="slow"}')).toBeGreaterThanOrEqual(
      300,
    );
  }, 180_000);

  test('is told apart from a connection that is only idle', async () => {
    let closed = false;
    let heard = '';
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => {
      socket.write('GET /livez HTTP/1.1\r\nHost: t\r\n\r\n');
    });
    socket.on('data', (part) => {
      heard += part;
    });
    socket.on('close', () => {
      closed = true;
    });
    await until(() => heard.includes('200'));
    const slow = dribble(cases[0]![1]);
    await until(slow.isClosed);
    expect(closed).toBe(false);
    heard = '';
    socket.write('GET /livez HTTP/1.1\r\nHost: t\r\n\r\n');
    await until(() => heard.includes('200'));
    socket.destroy();
  }, 180_000);
});
