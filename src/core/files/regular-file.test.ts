import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { readRegularFile } from './regular-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-regular-'));
const at = (name: string): string => join(dir, name);
const server = createServer();
afterAll(() => {
  server.close();
  rmSync(dir, { recursive: true });
});

const refusalOf = (path: string, limitBytes = 100): string => {
  try {
    readRegularFile(path, limitBytes);
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message.replace(dir, '')}`;
    throw error;
  }
  return 'it was read';
};

test('a regular file is read whole, up to the limit and not a byte further', () => {
  writeFileSync(at('hundred'), 'x'.repeat(100));
  expect(readRegularFile(at('hundred'), 100).toString()).toBe('x'.repeat(100));
  expect(refusalOf(at('hundred'), 99)).toBe('file-unreadable: /hundred is larger than 99 bytes');
  writeFileSync(at('empty'), '');
  expect(readRegularFile(at('empty'), 100)).toHaveLength(0);
});

test('a file of the kernel, which says that it is empty, is read and bounded too', () => {
  expect(readRegularFile('/proc/self/status', 100_000).toString()).toStartWith('Name:');
  expect(refusalOf('/proc/self/status', 10)).toContain('is larger than 10 bytes');
});

test('what is no regular file is refused at once, with what it is', async () => {
  expect(Bun.spawnSync(['mkfifo', at('fifo')]).exitCode).toBe(0);
  mkdirSync(at('folder'));
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
  expect(refusalOf(at('fifo'))).toBe('file-unreadable: /fifo is not a regular file');
  expect(refusalOf(at('socket'))).toBe('file-unreadable: /socket is not a regular file');
  expect(refusalOf('/dev/zero')).toBe('file-unreadable: /dev/zero is not a regular file');
  expect(refusalOf(at('folder'))).toBe(
    'file-unreadable: /folder is a directory, a file is expected',
  );
  expect(refusalOf(at('absent'))).toBe('file-missing: /absent does not exist');
});
