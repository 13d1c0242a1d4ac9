import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPlan } from './kept-plan.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-plan-'));
afterAll(() => rmSync(dir, { recursive: true }));

const keep = (files: readonly string[]) =>
  keepPlan({ files, sharedDir: dir, read: async (all) => Buffer.from(all.join()) });

test('a plan is read from files, folders and patterns, and never from what would be waited for', async () => {
  const file = join(dir, 'flights.csv');
  const folder = join(dir, 'folder');
  const fifo = join(dir, 'fifo');
  writeFileSync(file, '');
  mkdirSync(folder);
  expect(Bun.spawnSync(['mkfifo', fifo]).exitCode).toBe(0);
  await expect(keep([file, fifo])).rejects.toThrow(`${fifo} is not a regular file`);
  await expect(keep(['/dev/zero'])).rejects.toThrow('/dev/zero is not a regular file');
  const all = [file, folder, join(dir, '*.csv')];
  expect(readFileSync((await keep(all)).file(), 'utf8')).toBe(all.join());
});
