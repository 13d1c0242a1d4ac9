/** Workers that die, hang, or cannot start: what the service does about it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCallers } from './callers.ts';
import { isAlive, metricOf, RIGHTS, type Running, startService, until } from './running.ts';

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').map(Number);

test('a worker gives back to the system what it has freed within milliseconds, not within a second', async () => {
  const service = await startService(['--workers', '1']);
  const [worker] = await service.workerList();
  const settings = readFileSync(`/proc/${worker!.pid}/environ`, 'latin1').split('\0');
  expect(settings).toContain('MIMALLOC_PURGE_DELAY=10');
  await service.stop();
});

describe.each(RIGHTS)('a service of two workers, with rights: %s,', (rights) => {
  let service: Running;
  beforeAll(async () => {
    service = await startService(['--hang-limit', '500ms'], undefined, rights);
  });
  afterAll(() => service.stop());

  const readyPids = async (): Promise<number[]> =>
    (await service.workerList()).filter(({ state }) => state === 'ready').map(({ pid }) => pid);

  test('replaces a killed worker, and loses only what that worker had in flight', async () => {
    const callers = startCallers(service.url, 8);
    await until(() => callers.outcomes.ok > 100);
    const [victim, survivor] = await readyPids();
    process.kill(victim!, 'SIGKILL');
    await until(async () => {
      const pids = await readyPids();
      return pids.length === 2 && !pids.includes(victim!);
    });
    expect(await readyPids()).toContain(survivor!);
    const soFar = callers.outcomes.ok;
    await until(() => callers.outcomes.ok > soFar + 100);
    const { lost, refused, notTaken } = await callers.stop();
    expect(lost).toBeLessThanOrEqual(8);
    expect({ refused, notTaken }).toEqual({ refused: {}, notTaken: 0 });
    expect(await metricOf(service, 'puntual_worker_restarts_total{reason="killed"}')).toBe(1);
  }, 180_000);

  test('replaces a worker that hangs', async () => {
    const [victim] = await readyPids();
    process.kill(victim!, 'SIGSTOP');
    await until(async () => {
      const pids = await readyPids();
      return pids.length === 2 && !pids.includes(victim!);
    });
    expect(await metricOf(service, 'puntual_worker_restarts_total{reason="hung"}')).toBe(1);
    expect((await service.predict()).status).toBe(200);
  }, 180_000);

  test('replaces a worker that is asked to end, without losing a request', async () => {
    const callers = startCallers(service.url, 8);
    await until(() => callers.outcomes.ok > 100);
    const [asked] = await readyPids();
    process.kill(asked!, 'SIGTERM');
    await until(async () => {
      const pids = await readyPids();
      return pids.length === 2 && !pids.includes(asked!);
    });
    await until(() => !isAlive(asked!));
    const outcomes = await callers.stop();
    expect({ lost: outcomes.lost, refused: outcomes.refused }).toEqual({ lost: 0, refused: {} });
  }, 180_000);

  test('starts another standby when the one that it has dies', async () => {
    const standbys = async (): Promise<number[]> => {
      const all = (await service.workerList()).map(({ pid }) => pid);
      return childrenOf(service.process.pid).filter((pid) => !all.includes(pid));
    };
    await until(async () => (await standbys()).length === 1);
    const [standby] = await standbys();
    process.kill(standby!, 'SIGKILL');
    await service.logs('the standby worker is gone');
    await until(async () => {
      const [next] = await standbys();
      return next !== undefined && next !== standby;
    });
    expect((await service.predict()).status).toBe(200);
  }, 180_000);

  test('loses its files to somebody who cleans the folder, and starts workers as before', async () => {
    const mark = `-${service.process.pid}-`;
    for (const base of ['/dev/shm', tmpdir()])
      for (const name of readdirSync(base))
        if (name.startsWith('puntual-') && name.includes(mark))
          rmSync(join(base, name), { recursive: true, force: true });
    expect((await service.admin('/metrics')).status).toBe(200);
    expect((await fetch(`${service.url}/model`)).status).toBe(200);
    // As many as there are, and the standby: the last ones find nothing but what came back.
    for (let n = 0; n < 3; n++) {
      const [victim] = await readyPids();
      process.kill(victim!, 'SIGKILL');
      await until(async () => {
        const pids = await readyPids();
        return pids.length === 2 && !pids.includes(victim!);
      });
    }
    await service.logs('are there again');
    expect((await service.predict()).status).toBe(200);
    expect((await service.admin('/reload', {})).status).toBe(200);
  }, 180_000);

  test('keeps its counts when the worker that made them is gone', async () => {
    const predictions = async (): Promise<number> =>
      (await metricOf(service, 'puntual_predictions_total{outcome="on-time"}')) +
      (await metricOf(service, 'puntual_predictions_total{outcome="delayed"}'));
    const before = await predictions();
    for (let i = 0; i < 20; i++) expect((await service.predict()).status).toBe(200);
    for (const pid of await readyPids()) {
      process.kill(pid, 'SIGKILL');
      await until(async () => {
        const pids = await readyPids();
        return pids.length === 2 && !pids.includes(pid);
      });
    }
    expect(await predictions()).toBe(before + 20);
  }, 180_000);

  test('is not ready while it has no worker, and says so where workers are not asked', async () => {
    const all = (await service.workerList()).map(({ pid }) => pid);
    for (const pid of all) process.kill(pid, 'SIGSTOP');
    try {
      expect((await service.admin('/livez')).status).toBe(200);
      for (const pid of all) process.kill(pid, 'SIGKILL');
      const seen = new Set<number>();
      await until(async () => {
        seen.add((await service.admin('/readyz')).status);
        const pids = await readyPids();
        return pids.length === 2 && !pids.some((pid) => all.includes(pid));
      });
      expect((await service.admin('/readyz')).status).toBe(200);
    } finally {
      expect((await service.predict()).status).toBe(200);
    }
  }, 180_000);
});
