import { afterAll, expect, test } from 'bun:test';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { checkNamedFile, readNamedFile, unreadable } from './named-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-named-'));
const at = (name: string): string => join(dir, name);
const server = createServer();
afterAll(() => {
  server.close();
  rmSync(dir, { recursive: true });
});

const refusalOf = (path: string, name?: string): string => {
  try {
    readNamedFile(path, name);
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message.replaceAll(dir, '')}`;
    throw error;
  }
  return 'it was read';
};

test('a file is read, a pipe too, and each is told from the other', () => {
  writeFileSync(at('file'), 'content');
  expect(readNamedFile(at('file')).toString()).toBe('content');
  expect(checkNamedFile(at('file'))).toBe('file');
  expect(Bun.spawnSync(['mkfifo', at('pipe')]).exitCode).toBe(0);
  expect(checkNamedFile(at('pipe'))).toBe('pipe');
});

test('what cannot be read is refused with what it is', async () => {
  mkdirSync(at('folder'));
  symlinkSync('gone', at('dangling'));
  symlinkSync('loop', at('loop'));
  writeFileSync(at('plain'), '');
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
  expect(refusalOf(at('absent'))).toBe('file-missing: /absent does not exist');
  expect(refusalOf(at('absent'), '--data')).toBe('file-missing: --data does not exist');
  expect(refusalOf(at('dangling'))).toBe(
    'file-missing: /dangling is a link to gone, which does not exist',
  );
  expect(refusalOf(at('loop'))).toBe(
    'file-unreadable: /loop cannot be read: its symbolic links go in a circle',
  );
  expect(refusalOf(at('folder'))).toBe('file-unreadable: /folder is a folder; a file is expected');
  expect(refusalOf(at('socket'))).toBe('file-unreadable: /socket is a socket; a file is expected');
  expect(refusalOf('/dev/zero')).toBe('file-unreadable: /dev/zero is a device; a file is expected');
  expect(refusalOf(at('plain/inside'))).toBe(
    'file-unreadable: /plain/inside cannot be read: a part of its path is no folder',
  );
});

test('a file that may not be opened is refused with the reason', () => {
  const denied: NodeJS.ErrnoException = Object.assign(new Error('EACCES'), { code: 'EACCES' });
  const error = unreadable('/proc/self/fd/9', denied, 'secret.csv');
  expect(error.code).toBe('file-unreadable');
  expect(error.message).toBe('secret.csv cannot be read: permission denied');
});

test('no more than the limit is read, of a file, of one of the kernel, of a pipe', () => {
  writeFileSync(at('hundred'), 'x'.repeat(100));
  const read = (path: string, limitBytes: number): string => {
    try {
      return `${readNamedFile(path, 'it', limitBytes).length} bytes`;
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(read(at('hundred'), 100)).toBe('100 bytes');
  expect(read(at('hundred'), 99)).toBe('it is larger than 99 bytes');
  expect(read('/proc/self/status', 100_000)).toMatch(/^\d+ bytes$/);
  expect(read('/proc/self/status', 99)).toBe('it is larger than 99 bytes');
  expect(Bun.spawnSync(['mkfifo', at('full')]).exitCode).toBe(0);
  const writer = openSync(at('full'), constants.O_RDWR | constants.O_NONBLOCK);
  try {
    writeSync(writer, 'x'.repeat(100));
    expect(read(at('full'), 99)).toBe('it is larger than 99 bytes');
  } finally {
    closeSync(writer);
  }
});
