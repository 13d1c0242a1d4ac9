import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { until } from '../../../test/service/running.ts';
import { findFiles } from '../../flights/reading/files.ts';
import { keepPlan } from './kept-plan.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-plan-'));
afterAll(() => rmSync(dir, { recursive: true }));

const keep = (paths: readonly string[]) =>
  keepPlan({
    paths,
    find: findFiles,
    read: async (all) =>
      Buffer.from(
        findFiles(all)
          .map((file) => basename(file))
          .join(),
      ),
    sharedDir: mkdtempSync(join(dir, 'shared-')),
  });

test('a plan is read from files, folders and patterns, and never from what would be waited for', async () => {
  const file = join(dir, 'flights.csv');
  const folder = join(dir, 'folder');
  const fifo = join(dir, 'fifo.tsv');
  writeFileSync(file, 'x');
  mkdirSync(folder);
  writeFileSync(join(folder, 'more.csv'), 'x');
  expect(Bun.spawnSync(['mkfifo', fifo]).exitCode).toBe(0);
  for (const path of [fifo, join(dir, '*.tsv')])
    await expect(keep([file, path])).rejects.toThrow(`${fifo} is not a regular file`);
  await expect(keep(['/dev/zero'])).rejects.toThrow('/dev/zero is not a regular file');
  const [sparse, empty] = [join(dir, 'sparse'), join(dir, 'empty')];
  writeFileSync(sparse, '');
  truncateSync(sparse, 2 ** 30);
  writeFileSync(empty, '');
  await expect(keep([sparse])).rejects.toThrow(`${sparse} is larger than 512 MB`);
  await expect(keep([empty])).rejects.toThrow(`${empty} is empty`);
  await expect(keep(['/proc/self/environ'])).rejects.toThrow('/proc/self/environ is empty');
  await expect(keep([join(dir, '*.parquet')])).rejects.toThrow('no file matches');
  const plan = await keep([folder, join(dir, '*.csv')]);
  expect(readFileSync(plan.file(), 'utf8')).toBe('more.csv,flights.csv');
});

test('files that come into a folder or under a pattern, or go, are noticed; the plan stays when none is left', async () => {
  const folder = mkdtempSync(join(dir, 'coming-'));
  const put = (name: string): string => {
    writeFileSync(join(folder, name), 'x');
    return join(folder, name);
  };
  put('a.csv');
  const plans = [await keep([folder]), await keep([join(folder, '*.csv')])];
  const unwatch = plans.map((plan) => plan.watch(() => {}, 5));
  const holds = (files: string): Promise<void> =>
    until(() => plans.every((plan) => readFileSync(plan.file(), 'utf8') === files));
  const b = put('b.csv');
  await holds('a.csv,b.csv');
  rmSync(join(folder, 'a.csv'));
  await holds('b.csv');
  rmSync(b);
  await until(() => plans.every((plan) => plan.refusal() !== undefined));
  expect(plans[1]!.refusal()).toContain('no file matches');
  await holds('b.csv');
  put('c.csv');
  await holds('c.csv');
  expect(plans.map((plan) => plan.refusal())).toEqual([undefined, undefined]);
  for (const stop of unwatch) stop();
});
