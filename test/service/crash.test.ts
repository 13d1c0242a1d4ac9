/** Workers that die as soon as they are there: the service stops thrashing, says so, and comes back by itself. */
import { expect, test } from 'bun:test';
import { startService, until } from './running.ts';

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
}, 60_000);

/** It may have died before this. */
const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has.
  }
};
