import { expect, test } from 'bun:test';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedFolders } from './shared-folder.ts';

const memory = mkdtempSync(join(tmpdir(), 'puntual-memory-'));
const other = mkdtempSync(join(tmpdir(), 'puntual-other-'));

test('shared files lie in memory where it may be written and has room; the other folder is tried next', () => {
  expect(sharedFolders(1, memory, other)).toEqual([memory, other]);
  expect(sharedFolders(2 ** 60, memory, other)).toEqual([other, memory]);
  expect(sharedFolders(1, join(memory, 'absent'), other)).toEqual([other]);
  expect(sharedFolders(1, memory, join(other, 'absent'))).toEqual([memory]);
  expect(sharedFolders(1, join(memory, 'absent'), join(other, 'absent'))).toEqual([]);
});
