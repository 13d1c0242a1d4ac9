/**
 * A server of the HTTP room with a handler of the test's own, and one connection to it, byte by byte.
 */
import { afterAll } from 'bun:test';
import { connect, type Socket } from 'node:net';
import type { Call, Handlers } from '../src/http/call.ts';
import type { Limits } from '../src/http/limits.ts';
import { type HttpOptions, type HttpServer, openHttp } from '../src/http/server.ts';

/** What a server can stand on, and whether `opener` is to take the runtime's. */
export const SOCKETS = [
  ['the system', false],
  ['the runtime', true],
] as const;

const LIMITS: Limits = { requestMs: 10_000, idleMs: 75_000 };
const LIMIT_BYTES = 1024 * 1024;

const servers: HttpServer[] = [];
afterAll(() => {
  for (const server of servers) {
    server.stopListening();
    server.endConnections('all');
  }
});

/** @param byRuntime over the runtime's sockets */
export const opener =
  (byRuntime: boolean) =>
  (
    answer: Handlers['answer'],
    limits: Partial<Limits> = {},
    more: Partial<Handlers> = {},
    tls?: HttpOptions['tls'],
  ): HttpServer => {
    const server = openHttp({
      hostname: '127.0.0.1',
      port: 0,
      limits: { ...LIMITS, ...limits },
      ...(tls && { tls }),
      byRuntime,
      handlers: {
        answer,
        refused: ({ code }) => JSON.stringify({ code }),
        failed: (error) => new Response(error.message, { status: 500 }),
        onShed: () => {},
        ...more,
      },
    });
    servers.push(server);
    return server;
  };

export const open = opener(false);

/** Tells method, path and body. */
export const echo = async (call: Call): Promise<string> => {
  const body = await call.bytes(LIMIT_BYTES);
  return JSON.stringify([call.method, call.path, Buffer.from(body).toString()]);
};

interface Talk {
  readonly socket: Socket;
  readonly heard: () => string;
  /** Resolves when the text has been heard; rejects when the connection ends without. */
  readonly until: (part: string | RegExp) => Promise<string>;
  readonly closed: Promise<void>;
}

export const talk = (server: Pick<HttpServer, 'port'>, first = ''): Talk => {
  let heard = '';
  let isClosed = false;
  const watchers = new Set<() => void>();
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }, () => {
    if (first !== '') socket.write(first, 'latin1');
  });
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const wake = (): void => {
    for (const watcher of watchers) watcher();
  };
  const end = (): void => {
    isClosed = true;
    socket.destroy();
    resolve();
    wake();
  };
  socket.on('data', (part) => {
    heard += part.toString('latin1');
    wake();
  });
  socket.on('end', end);
  socket.on('close', end);
  socket.on('error', () => {});
  const until = (part: string | RegExp): Promise<string> =>
    new Promise((resolve_, reject) => {
      const look = (): void => {
        if (typeof part === 'string' ? heard.includes(part) : part.test(heard)) resolve_(heard);
        else if (isClosed) reject(new Error(`closed after ${heard}`));
        else return;
        watchers.delete(look);
      };
      watchers.add(look);
      look();
    });
  return { socket, heard: () => heard, until, closed };
};

export const get = (path: string, fields = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: t\r\n${fields}\r\n`;
export const post = (path: string, body: string, fields = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: t\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
