/** A new supervisor in place of a running one: an upgrade that nobody notices. */
import { expect, test } from 'bun:test';
import { startCallers } from './callers.ts';
import { RIGHTS, startService, until } from './running.ts';

test.each(
  RIGHTS,
)('SIGUSR2 puts a new supervisor in place without losing a request, with rights: %s', async (rights) => {
  const service = await startService([], undefined, rights);
  const before = (await service.workerList()).map(({ pid }) => pid);
  const callers = startCallers(service.url, 8);
  await until(() => callers.outcomes.ok > 100);
  service.process.kill('SIGUSR2');
  expect(await service.process.exited).toBe(0);
  const after = await service.workerList();
  const soFar = callers.outcomes.ok;
  await until(() => callers.outcomes.ok > soFar + 100);
  const { lost, refused, notTaken } = await callers.stop();
  expect({ lost, refused, notTaken }).toEqual({ lost: 0, refused: {}, notTaken: 0 });
  expect(after.every(({ pid, state }) => state === 'ready' && !before.includes(pid))).toBe(true);
  const metrics = await (await service.admin('/metrics')).text();
  expect(metrics).toContain('puntual_workers{state="ready"} 2');
  await service.logs('successorPid');
  const pid = /"successorPid":(\d+)/.exec(service.logged())![1]!;
  process.kill(Number(pid), 'SIGTERM');
  await until(
    async () =>
      !(await service.admin('/livez').then(
        () => true,
        () => false,
      )),
  );
}, 180_000);
