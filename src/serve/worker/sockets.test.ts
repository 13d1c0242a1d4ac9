import { afterAll, expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { openHttp } from '../../http/server.ts';
import { openSockets } from './sockets.ts';

const failures: string[] = [];
const sockets = openSockets((call) => failures.push(call))!;
const opened: Socket[] = [];
afterAll(() => {
  for (const socket of opened) socket.destroy();
});

const serverOn = (hostname: string) => {
  let isHolding = false;
  const server = openHttp({
    hostname,
    port: 0,
    limits: { requestMs: 10_000, idleMs: 10_000 },
    handlers: {
      answer: () => new Response('ok'),
      refused: () => '',
      failed: () => new Response(),
      onShed: () => {},
    },
    onAccept: (connection) => {
      if (isHolding) sockets.takeNew(connection);
    },
  });
  const listener = server.descriptor!;
  return {
    server,
    hold: () => {
      isHolding = sockets.holdNew(listener);
      return isHolding;
    },
    take: () => sockets.takeNew(listener),
  };
};

/** Connects and sends a request; resolves with the answer's first line. */
const ask = (host: string, port: number): { socket: Socket; answer: Promise<string> } => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ host, port }, () => socket.write('GET / HTTP/1.1\r\nHost: t\r\n\r\n'));
  opened.push(socket);
  socket.on('data', (part) => resolve(String(part).split('\r\n')[0]!));
  return { socket, answer: promise };
};

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['::', '127.0.0.1'],
])(
  'a listener on %s held back takes no new connection from %s, keeps those it has, and takes them again',
  async (at, from) => {
    const { server, hold, take } = serverOn(at);
    const early = ask(from, server.port);
    expect(await early.answer).toBe('HTTP/1.1 200 OK');
    expect(hold()).toBe(true);
    const late = ask(from, server.port);
    for (let i = 0; i < 3; i++) {
      const again = Promise.withResolvers<void>();
      early.socket.once('data', () => again.resolve());
      early.socket.write('GET / HTTP/1.1\r\nHost: t\r\n\r\n');
      await again.promise;
    }
    expect({ accepted: server.nAccepted(), isConnecting: late.socket.connecting }).toEqual({
      accepted: 1,
      isConnecting: true,
    });
    expect(take()).toBe(true);
    expect(await late.answer).toBe('HTTP/1.1 200 OK');
    expect(failures).toEqual([]);
    server.stopListening();
    server.endConnections('all');
  },
  180_000,
);

test('a call that the system refuses is told and counted, not passed over', () => {
  expect(sockets.holdNew(1_000_000)).toBe(false);
  expect(failures.splice(0)).toEqual(['getsockopt']);
});
