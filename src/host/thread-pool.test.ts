import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startThreads, type ThreadPool } from './thread-pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Task = { readonly add: readonly [number, number] } | 'fail' | 'sleep';
let pool: ThreadPool<Task>;

beforeAll(() => {
  const entry = join(folder, 'thread.ts');
  writeFileSync(
    entry,
    `self.onmessage = ({ data }) => {
      if (data === 'fail') throw new TypeError('a bug');
      if (data !== 'sleep') self.postMessage(data.add[0] + data.add[1]);
    };`,
  );
  pool = startThreads(pathToFileURL(entry), 2);
});
afterAll(() => pool.dismiss());

test('each thread answers its tasks, one after the other', async () => {
  expect(
    await Promise.all([0, 1].map((thread) => pool.send<number>(thread, { add: [thread, 5] }))),
  ).toEqual([5, 6]);
  expect(await pool.send<number>(1, { add: [20, 22] })).toBe(42);
});

test('the first error rejects its task, those under way elsewhere and all that come later', async () => {
  const tasks = await Promise.allSettled([
    pool.send<never>(0, 'sleep'),
    pool.send<never>(1, 'fail'),
  ]);
  expect(tasks.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(pool.send<number>(0, { add: [1, 1] })).rejects.toThrow('a bug');
});
