import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedFolder } from './shared-folder.ts';

const memory = mkdtempSync(join(tmpdir(), 'puntual-memory-'));
afterAll(() => rmSync(memory, { recursive: true }));

test('files are shared in memory where it has room, else among temporary files', () => {
  expect(sharedFolder(1, memory, '/elsewhere')).toBe(memory);
  expect(sharedFolder(2 ** 60, memory, '/elsewhere')).toBe('/elsewhere');
  expect(sharedFolder(1, join(memory, 'absent'), '/elsewhere')).toBe('/elsewhere');
});
