import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CONFIG } from '../config.ts';
import { buildLog } from '../log.ts';
import type { Grant } from './fleet-plan.ts';
import { buildRequest, followPlan } from './follow-plan.ts';

test('the fleet follows what the container grants, asks again when it is not the moment, and rests when nothing changes', async () => {
  let grant: Grant = { processors: 0.5, memoryBytes: 8 * 2 ** 30, descriptors: 1e6 };
  const lines: string[] = [];
  const log = buildLog('info', {}, 'json', (line) => lines.push(line));
  const followed = followPlan(
    DEFAULT_CONFIG,
    () => 2 ** 20,
    log,
    () => grant,
  );
  expect(followed.plan().nWorkers).toBe(1);
  const asked: number[] = [];
  const settled = async (n: number): Promise<void> => {
    while (asked.length < n) await Bun.sleep(1);
  };
  let isBusy = true;
  const stop = followed.start({
    resize: (nWorkers) => {
      asked.push(nWorkers);
      return !isBusy;
    },
    open: () => 0,
    everyMs: 1,
  });
  grant = { ...grant, processors: 4 };
  await settled(3);
  isBusy = false;
  while (!lines.some((line) => line.includes('"workers":4,"before":1'))) await Bun.sleep(1);
  const nAsked = asked.length;
  grant = { ...grant, memoryBytes: 256 * 2 ** 20 };
  await settled(nAsked + 1);
  stop();
  expect([...new Set(asked)]).toEqual([4, 3]);
  expect(followed.plan().isOneByOne).toBe(true);
  expect(lines.join()).toContain('memory allows 3 of 4 workers');
});

test('the fleet grows when many connections are open, and stays so', async () => {
  const log = buildLog('info', {}, 'json', () => {});
  const grant: Grant = { processors: 0.5, memoryBytes: 8 * 2 ** 30, descriptors: 20_000 };
  const followed = followPlan(
    { ...DEFAULT_CONFIG, connections: 50_000 },
    () => 2 ** 20,
    log,
    () => grant,
  );
  expect(followed.plan().nWorkers).toBe(1);
  expect(followed.plan().connections).toBe(55_222);
  let open = 500;
  let nCounts = 0;
  const asked: number[] = [];
  const stop = followed.start({
    resize: (nWorkers) => asked.push(nWorkers) > 0,
    open: () => {
      nCounts++;
      return open;
    },
    everyMs: 1,
  });
  while (nCounts < 2) await Bun.sleep(1);
  expect(asked).toEqual([]);
  open = 600;
  while (asked.length < 1) await Bun.sleep(1);
  open = 60_000;
  while (asked.length < 2) await Bun.sleep(1);
  open = 0;
  const nBefore = nCounts;
  while (nCounts < nBefore + 2) await Bun.sleep(1);
  stop();
  expect(asked).toEqual([2, 3]);
});

const folder = mkdtempSync(join(tmpdir(), 'puntual-request-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a request in a file is looked up again, and stays as it was while the file is not there', () => {
  const file = join(folder, 'cpu-request');
  expect(() => buildRequest({ file })).toThrow(`--cpu-request: ${file} does not exist`);
  Bun.spawnSync(['mkfifo', file]);
  expect(() => buildRequest({ file })).toThrow('is not a regular file');
  rmSync(file);
  writeFileSync(file, 'a lot');
  expect(() => buildRequest({ file })).toThrow("holds 'a lot'");
  writeFileSync(file, '250');
  const requested = buildRequest({ file });
  expect(requested()).toBe(0.25);
  writeFileSync(file, '0');
  expect(requested()).toBe(Number.POSITIVE_INFINITY);
  writeFileSync(file, '1500\n');
  expect(requested()).toBe(1.5);
  rmSync(file);
  expect(requested()).toBe(1.5);
});
