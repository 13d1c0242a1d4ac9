import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeAddress, encodePath } from './socket-address.ts';
import {
  firstRefused,
  refusedSocketCall,
  NOTHING_YET,
  nameOfError,
  openSocketCalls,
  READABLE,
  WRITABLE,
} from './socket-calls.ts';

const calls = openSocketCalls(new Uint8Array(65_536))!;

/** Waits for an event with a mark, and returns what happened. */
const eventOf = async (mark: number): Promise<number> => {
  for (;;) {
    for (let e = 0, n = calls.wait(0); e < n; e++) {
      if (calls.firstMarkOf(e) === mark) return calls.whatOf(e);
    }
    await new Promise(setImmediate);
  }
};

const folder = mkdtempSync(join(tmpdir(), 'puntual-socket-'));
afterAll(() => rmSync(folder, { recursive: true }));

const echo = {
  data: (peer: { write: (bytes: Uint8Array) => unknown; end: () => unknown }, bytes: Buffer) => {
    peer.write(bytes);
    peer.end();
  },
};

test.each([
  ['127.0.0.1', 1],
  ['::1', 2],
  ['a path', 3],
] as const)('connects, sends, reads and sees the end: %s', async (host, mark) => {
  const path = join(folder, 'echo');
  const isPath = host === 'a path';
  const server = isPath
    ? Bun.listen({ unix: path, socket: echo })
    : Bun.listen({ hostname: host, port: 0, socket: echo });
  try {
    const address = isPath
      ? encodePath(path)
      : encodeAddress(host, (server as { readonly port: number }).port);
    const socket = calls.connect(address!, [mark, 7]);
    expect(socket).toBeGreaterThan(0);
    expect((await eventOf(mark)) & WRITABLE).toBe(WRITABLE);
    expect(calls.errorOf(socket)).toBe(0);
    expect(calls.receive(socket)).toBe(NOTHING_YET);
    expect(calls.send(socket, Buffer.from('hello'))).toBe(5);
    expect((await eventOf(mark)) & READABLE).toBe(READABLE);
    expect(calls.receive(socket)).toBe(5);
    expect(Buffer.from(calls.received.subarray(0, 5)).toString()).toBe('hello');
    while (calls.receive(socket) === NOTHING_YET) await eventOf(mark);
    expect(calls.receive(socket)).toBe(0);
    calls.close(socket, false);
  } finally {
    server.stop(true);
    rmSync(path, { force: true });
  }
});

test('a port where nothing listens is refused by its name', async () => {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: echo });
  const { port } = server;
  server.stop();
  const found = calls.connect(encodeAddress('127.0.0.1', port)!, [9, 0]);
  if (found >= 0) await eventOf(9);
  const fault = found < 0 ? -found : calls.errorOf(found);
  expect(nameOfError(fault)).toBe('ECONNREFUSED');
  if (found >= 0) calls.close(found, false);
});

test('a call that a filter refuses is told from one that only fails', () => {
  const { EBADF, EINVAL, EPERM, EACCES, ENOSYS } = constants.errno;
  const sound = { epoll_ctl: () => EBADF, socket: () => EINVAL, listen: () => 0 };
  expect(firstRefused(sound)).toBeUndefined();
  for (const [error, name] of [
    [EPERM, 'EPERM'],
    [EACCES, 'EACCES'],
    [ENOSYS, 'ENOSYS'],
  ] as const)
    expect(firstRefused({ ...sound, accept4: () => error })).toEqual({
      call: 'accept4',
      error: name,
    });
  expect(refusedSocketCall()).toBeUndefined();
});
