/** Workers that die as soon as they are there: the service stops thrashing, says so, and comes back by itself. */
import { expect, test } from 'bun:test';
import { readdirSync, readlinkSync } from 'node:fs';
import { metricOf, startService, until } from './running.ts';

test('a service whose workers keep dying calls itself not ready, and ready again once they stay', async () => {
  const service = await startService(['--workers', '1', '--log-level', 'error']);
  let reasons = '';
  await until(async () => {
    const [worker] = await service.workerList();
    if (worker?.state === 'ready') kill(worker.pid);
    const health = await service.admin('/readyz?verbose');
    reasons = ((await health.json()) as { reasons: string[] }).reasons.join();
    return health.status === 503 && reasons.includes('died');
  });
  expect(reasons).toMatch(/worker 1 died \d+ times in a row/);
  await until(async () => (await service.admin('/readyz')).status === 200);
  expect((await service.predict()).status).toBe(200);
  expect(await service.stop()).toBe(0);
}, 180_000);

/** It may have died before this. */
const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has.
  }
};

/** Sockets in the table of descriptors of one thread. */
const socketsOf = (pid: number, thread: number): readonly string[] => {
  const dir = `/proc/${pid}/task/${thread}/fd`;
  return readdirSync(dir).flatMap((name) => {
    try {
      const target = readlinkSync(`${dir}/${name}`);
      return target.startsWith('socket:') ? [target] : [];
    } catch {
      // It was closed this very moment.
      return [];
    }
  });
};

test('the main thread of a worker has its port for itself, so that a killed worker closes it at once', async () => {
  const service = await startService(['--workers', '1', '--log-level', 'error']);
  const { pid } = (await service.workerList())[0]!;
  const other = readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .find((thread) => thread !== pid)!;
  const shared = new Set(socketsOf(pid, other));
  const isOwn = socketsOf(pid, pid).some((socket) => !shared.has(socket));
  const nRefused = await metricOf(
    service,
    'puntual_system_call_failures_total{call="close_range"}',
  );
  expect(isOwn).toBe(nRefused === 0);
  expect(await service.stop()).toBe(0);
}, 180_000);
