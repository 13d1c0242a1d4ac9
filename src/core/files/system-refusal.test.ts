import { expect, test } from 'bun:test';
import { constants, closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusalReason } from './system-refusal.ts';

const reasonOf = (work: () => unknown): string => {
  try {
    work();
    return 'it was done';
  } catch (error) {
    return refusalReason(error);
  }
};

test('a refusal of the system is said in words, never as the call that failed', () => {
  const dir = mkdtempSync(join(tmpdir(), 'puntual-refusal-'));
  const pipe = join(dir, 'pipe');
  expect(Bun.spawnSync(['mkfifo', pipe]).exitCode).toBe(0);
  const descriptor = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  expect(reasonOf(() => readSync(descriptor, Buffer.alloc(1)))).toBe(
    'it has nothing to read at present',
  );
  closeSync(descriptor);
  rmSync(dir, { recursive: true });
  expect(reasonOf(() => readSync(descriptor, Buffer.alloc(1)))).toMatch(/^[a-z ]+ \(EBADF\)$/);
  expect(refusalReason(new Error('there is no room for it'))).toBe('there is no room for it');
});
