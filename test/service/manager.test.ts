/**
 * A service that systemd started says when it is ready, lives, takes another model and ends: over a socket such as
 * systemd's, read by the C library since the runtime has no datagrams on Unix sockets.
 */
import { CString, dlopen, ptr } from 'bun:ffi';
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeModelsDir, startService, until } from './running.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-manager-'));
afterAll(() => rmSync(folder, { recursive: true }));

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

/** All that has been said at a socket; a name that begins with `@` lies in no folder. */
const listenAt = (path: string): (() => readonly string[]) => {
  const { symbols: library } = dlopen('libc.so.6', {
    socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    bind: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    recv: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i64' },
  });
  const descriptor = library.socket(AF_UNIX, SOCK_DGRAM, 0);
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(path.replace(/^@/, '\0'))]);
  expect(library.bind(descriptor, address, address.length)).toBe(0);
  const heard: string[] = [];
  return () => {
    const bytes = Buffer.alloc(4096);
    while (library.recv(descriptor, bytes, bytes.length - 1, MSG_DONTWAIT) > 0) {
      heard.push(String(new CString(ptr(bytes))));
      bytes.fill(0);
    }
    return heard;
  };
};

test.each([
  ['a path', join(folder, 'notify')],
  ['a name', `@puntual-${process.pid}-notify`],
])(
  'is told over %s what the service does',
  async (_, path) => {
    const heard = listenAt(path);
    const service = await startService(['--workers', '1'], makeModelsDir(), 'ours', {
      NOTIFY_SOCKET: path,
      WATCHDOG_USEC: '300000',
    });
    const says = (what: RegExp): Promise<void> =>
      until(() => heard().some((text) => what.test(text)));
    await says(/^READY=1\nSTATUS=serving planted \S+ on port \d+$/);
    await says(/^WATCHDOG=1$/);
    service.process.kill('SIGHUP');
    await says(/^RELOADING=1\nMONOTONIC_USEC=\d{6,}$/);
    await until(() => heard().filter((text) => text.startsWith('READY=1')).length === 2);
    expect((await service.admin('/reload', { model: 'none' })).status).not.toBe(200);
    await says(/^READY=1\nSTATUS=serving planted .*; the model none was refused/);
    expect(await service.stop()).toBe(0);
    await says(/^STOPPING=1\n/);
  },
  180_000,
);
