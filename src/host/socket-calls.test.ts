import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encodeAddress,
  encodePath,
  NOTHING_YET,
  nameOfError,
  openSocketCalls,
  READABLE,
  WRITABLE,
} from './socket-calls.ts';

const hexOf = (host: string): string | undefined =>
  encodeAddress(host, 0x1f90) && Buffer.from(encodeAddress(host, 0x1f90)!.bytes).toString('hex');

test.each([
  ['127.0.0.1', '02001f907f0000010000000000000000'],
  ['::1', '0a001f90000000000000000000000000000000000000000100000000'],
  ['::', '0a001f90000000000000000000000000000000000000000000000000'],
  ['2001:db8::8:800:200c:417a', '0a001f900000000020010db80000000000080800200c417a00000000'],
  ['fe80::', '0a001f9000000000fe80000000000000000000000000000000000000'],
  ['::ffff:192.0.2.33', '0a001f900000000000000000000000000000ffffc000022100000000'],
  ['1:2:3:4:5:6:7:8', '0a001f90000000000001000200030004000500060007000800000000'],
  ['fe80::1%lo', undefined],
  ['localhost', undefined],
])('the address %s, port 8080, as connect(2) takes it', (host, hex) => {
  expect(hexOf(host)).toBe(hex as string);
});

test('a path as connect(2) takes it, unless it is too long or abstract', () => {
  expect(Buffer.from(encodePath('/a')!.bytes).toString('hex')).toBe('01002f6100');
  expect(encodePath('x'.repeat(107))?.bytes.length).toBe(110);
  expect(encodePath('x'.repeat(108))).toBeUndefined();
  expect(encodePath('\0name')).toBeUndefined();
});

const calls = openSocketCalls()!;

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
