import { describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import { connect } from 'node:net';
import { echo, get, open, post, talk } from '../../test/http-talk.ts';
import { createConnection } from './connection.ts';
import { buildHeldBytes } from './held-bytes.ts';
import type { Socket } from './sockets/socket.ts';

const KIB = 1024;
const NO_SOCKET = {} as Socket;
/** The head of a body of 1 MiB, and some of it. */
const begun = (nBytes: number): string =>
  `POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${KIB * KIB}\r\n\r\n${'x'.repeat(nBytes)}`;

describe('the bytes that are held for all connections together', () => {
  test('are bounded: the youngest gives way with 503, the older ones are finished', async () => {
    const shed: string[] = [];
    const server = open(echo, { heldBytes: 2800 * KIB }, { onShed: (reason) => shed.push(reason) });
    const old = talk(server, begun(900 * KIB));
    const second = talk(server, begun(900 * KIB));
    await settled(() => old.socket.bytesWritten + second.socket.bytesWritten, 1800 * KIB);
    const third = talk(server, begun(1000 * KIB));
    await third.until('unfinished requests already hold too much memory');
    old.socket.write('x'.repeat(KIB * KIB - 900 * KIB));
    await old.until('200 OK');
    second.socket.write('x'.repeat(KIB * KIB - 900 * KIB));
    await second.until('200 OK');
    expect(shed).toContain('memory');
    expect(await talk(server, post('/', 'abc')).until('abc')).toContain('200 OK');
  });

  test('are bounded for requests behind one that is being answered: its answer is the last', async () => {
    const { promise: goOn, resolve: answerAll } = Promise.withResolvers<void>();
    const shed: string[] = [];
    const server = open(
      async ({ path }) => {
        if (path === '/slow') await goOn;
        return path;
      },
      { heldBytes: 150 * KIB },
      { onShed: (reason) => shed.push(reason) },
    );
    const nBehind = Math.ceil((50 * KIB) / get('/behind').length);
    const asked = get('/slow') + get('/behind').repeat(nBehind) + get('/', 'Connection: close\r\n');
    const callers = Array.from({ length: 6 }, () => talk(server, asked));
    await settled(() => shed.length, 3);
    answerAll();
    await Promise.all(callers.map(({ closed }) => closed));
    const counts = callers.map(({ heard }) => heard().match(/HTTP\/1.1 200 OK/g)?.length);
    expect(counts.filter((n) => n === 1)).toHaveLength(shed.length);
    expect(counts.filter((n) => n === nBehind + 2)).toHaveLength(6 - shed.length);
    for (const { heard } of callers) expect(heard()).toContain('Connection: close');
  });

  test('are let go of with the connections that held them', async () => {
    const server = open(echo, { heldBytes: 2500 * KIB });
    for (let round = 0; round < 8; round++) {
      const one = talk(server, begun(1000 * KIB));
      await settled(() => one.socket.bytesWritten, 1000 * KIB);
      one.socket.destroy();
      await one.closed;
      // It has read what was sent, and then the end.
      while (server.nConnections() > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const last = talk(server, begun(KIB * KIB));
    await last.until('200 OK');
  });
});

test('what held something keeps no connection that has gone alive', () => {
  const { count } = buildHeldBytes(KIB * KIB, () => false);
  const gone = Array.from({ length: 400 }, () => {
    const connection = createConnection(NO_SOCKET, 0, 0, 0);
    connection.unread = Buffer.alloc(KIB);
    count(connection);
    connection.isOpen = false;
    count(connection);
    return new WeakRef(connection);
  });
  Bun.gc(true);
  expect(gone.filter((one) => one.deref() !== undefined).length).toBeLessThan(100);
});

describe('an early answer', () => {
  test('is read by who is still sending: up to 4 MiB are read after it', async () => {
    const server = open(() => new Response('no', { status: 415 }));
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    const errors: Error[] = [];
    socket.on('error', (error) => errors.push(error));
    let heard = '';
    socket.on('data', (part) => {
      heard += part;
    });
    socket.write(begun(1000));
    await once(socket, 'end');
    expect(heard).toContain('Connection: close');
    for (let n = 0; n < 15; n++)
      await new Promise<void>((resolve) => socket.write('x'.repeat(60 * KIB), () => resolve()));
    expect(errors).toEqual([]);
    socket.end();
    await once(socket, 'close');
  });
});

describe('a caller who leaves', () => {
  test('is noticed although it had sent more requests behind the one that is worked on', async () => {
    const left = Promise.withResolvers<void>();
    const server = open(async (call) => {
      const signal = call.signal();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      left.resolve();
      return 'x';
    });
    const { socket } = talk(server, get('/slow') + get('/behind') + get('/behind'));
    await settled(() => server.nInFlight(), 1);
    socket.end();
    socket.destroy();
    await left.promise;
  });
});

describe('a stream', () => {
  test('is ended by its own limit, which a line now and then does not move', async () => {
    const server = open((call) => ({ status: 200, headers: new Headers(), parts: linesOf(call) }), {
      idleMs: 600,
    });
    const { socket, until } = talk(
      server,
      'POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const timer = setInterval(() => socket.write('4\r\none\n\r\n'), 50);
    await until('has waited too long for its caller');
    clearInterval(timer);
  });
});

/** A line for each part, and the failure. */
async function* linesOf(call: {
  readonly parts: () => AsyncIterable<Uint8Array<ArrayBuffer>>;
}): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    for await (const part of call.parts()) yield new Uint8Array(part);
  } catch (error) {
    yield new TextEncoder().encode((error as Error).message);
  }
}

/** Resolves when a number has reached another. */
const settled = async (read: () => number, wanted: number): Promise<void> => {
  while (read() < wanted) await new Promise((resolve) => setTimeout(resolve, 1));
};
