import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryTaken, sharedFolders } from './shared-folder.ts';

const memory = mkdtempSync(join(tmpdir(), 'puntual-memory-'));
const other = mkdtempSync(join(tmpdir(), 'puntual-other-'));

test('shared files lie in memory where it may be written and has room; the other folder is tried next', () => {
  expect(sharedFolders(1, memory, other)).toEqual([memory, other]);
  expect(sharedFolders(2 ** 60, memory, other)).toEqual([other, memory]);
  expect(sharedFolders(1, join(memory, 'absent'), other)).toEqual([other]);
  expect(sharedFolders(1, memory, join(other, 'absent'))).toEqual([memory]);
  expect(sharedFolders(1, join(memory, 'absent'), join(other, 'absent'))).toEqual([]);
});

test('a file takes memory in a folder of memory that has room for it, and none elsewhere', () => {
  expect(memoryTaken(['/proc'], 0)).toBe(0);
  expect(memoryTaken([join(memory, 'absent')], 1)).toBe(0);
  const isMemory = existsSync('/dev/shm') && statfsSync('/dev/shm').type === 0x0102_1994;
  if (isMemory) expect(memoryTaken(['/dev/shm'], 4096)).toBe(4096);
  expect(memoryTaken(['/dev/shm'], 2 ** 60)).toBe(0);
});
