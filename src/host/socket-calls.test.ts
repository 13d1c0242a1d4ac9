import { afterAll, describe, expect, test } from 'bun:test';
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
  openSocketLibrary,
  READABLE,
  tellRefusedOptions,
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

describe('an option of a socket that the system refuses', () => {
  const c = openSocketLibrary()!;
  const [SOL_SOCKET, TCP, IPV6] = [1, 6, 41];
  const OPTIONS = {
    'no delay': [TCP, 1],
    'its port again': [SOL_SOCKET, 2],
    linger: [SOL_SOCKET, 13],
    'a shared port': [SOL_SOCKET, 15],
    'IPv6 alone': [IPV6, 26],
  } as const;
  let nTold = 0;
  tellRefusedOptions(() => {
    nTold++;
  });
  afterAll(() => tellRefusedOptions(() => {}));
  const without = (option: keyof typeof OPTIONS) => {
    nTold = 0;
    const [level, name] = OPTIONS[option];
    return openSocketCalls(new Uint8Array(64), {
      ...c,
      setsockopt: ((socket, atLevel, called, value, bytes) => {
        const isRefused = atLevel === level && called === name;
        return c.setsockopt(isRefused ? -1 : socket, atLevel, called, value, bytes);
      }) as typeof c.setsockopt,
    })!;
  };
  const [v4, v6] = [encodeAddress('127.0.0.1', 0)!, encodeAddress('::', 0)!];

  test.each([
    'a shared port',
    'IPv6 alone',
  ] as const)('and without which some callers would be lost is an error of the port: %s', (option) => {
    const found = without(option).listen(option === 'IPv6 alone' ? v6 : v4, 8);
    expect(nameOfError(-found)).toBe('EBADF');
  });

  test.each([
    'no delay',
    'its port again',
  ] as const)('and a port can do without is told: %s', (option) => {
    const lacking = without(option);
    const port = lacking.listen(v4, 8);
    expect([port > 0, nTold]).toEqual([true, 1]);
    lacking.close(port, false);
    expect(nTold).toBe(1);
  });

  test('and with which a connection would wait is an error of the connection', () => {
    const found = without('no delay').connect(encodeAddress('127.0.0.1', 1)!, [1, 1]);
    expect(nameOfError(-found)).toBe('EBADF');
  });

  test('and a reset needs is told', () => {
    const lacking = without('linger');
    lacking.close(lacking.listen(v4, 8), true);
    expect(nTold).toBe(1);
  });
});
