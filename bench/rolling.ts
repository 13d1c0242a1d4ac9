/**
 * Does a service without any rights lose a request when its workers are replaced, its model is changed, or it is followed
 * by another or ended, under all the load that it takes? `npx bun bench/rolling.ts [TIMES] [CONNECTIONS] [kept | new]`, by root: the
 * service runs as user 65534 without capabilities. wrk asks as fast as it is answered, over connections that it keeps, then
 * with a new one for each request. For the end of the service callers count by themselves what they sent and nobody
 * answered: wrk would count the connections that nobody takes afterwards.
 */
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { startCallers } from '../test/service/callers.ts';
import { makeModelsDir, type Running, startService, until } from '../test/service/running.ts';
import { printMachine } from './lib/measure.ts';
import { beginWrk } from './lib/wrk.ts';

const times = Number(process.argv[2] ?? 10);
const connections = Number(process.argv[3] ?? 64);
const kinds = { kept: [false], new: [true] }[process.argv[4] ?? ''] ?? [false, true];
const LONGEST_SECONDS = 600;

printMachine();
const model = buildPlantedModel({ nTrees: 100 });

const reload = async (service: Running): Promise<void> => {
  const second = storeModel(service.modelsDir, buildPlantedModel({ seed: 2 }), new Date(1e9));
  for (let turn = 0; turn < times; turn++) {
    const answer = await (turn % 2 === 0
      ? service.admin('/reload', { model: second.path })
      : service.admin('/rollback', {}));
    if (!answer.ok) throw new Error(await answer.text());
  }
};

const replace = async (service: Running): Promise<void> => {
  for (let turn = 0; turn < times; turn++) {
    const workers = await service.workerList();
    const { pid } = workers[turn % workers.length]!;
    process.kill(pid, 'SIGTERM');
    await until(async () =>
      (await service.workerList()).every(
        (worker) => worker.state === 'ready' && worker.pid !== pid,
      ),
    );
  }
};

const follow = async (service: Running): Promise<void> => {
  service.process.kill('SIGUSR2');
  await service.process.exited;
};

const DISTURBANCES = [
  [`${times} reloads and rollbacks`, reload],
  [`${times} workers asked to end`, replace],
  ['followed by a new supervisor (SIGUSR2)', follow],
] as const;

const start = (): Promise<Running> =>
  startService(['--log-level', 'info'], makeModelsDir(model), 'none');

console.log(`\nas user 65534, no capabilities, ${connections} connections, two workers\n`);
console.log('| what | connections | s | requests | requests/s | p99 ms | failed |');
console.log('|---|---|---:|---:|---:|---:|---:|');
const printRow = (...cells: readonly (string | number)[]): void =>
  console.log(`| ${cells.join(' | ')} |`);

for (const isFresh of kinds) {
  const kind = isFresh ? 'new for each request' : 'kept';
  const service = await start();
  const port = Number(new URL(service.url).port);
  for (const [what, disturb] of DISTURBANCES) {
    const wrk = beginWrk(port, { connections, seconds: LONGEST_SECONDS, isFresh });
    const startMs = performance.now();
    await Bun.sleep(1000);
    await disturb(service);
    await Bun.sleep(1000);
    const seconds = (performance.now() - startMs) / 1000;
    const { requests, perSecond, p99Ms, refused, socketErrors } = await wrk.stop();
    printRow(
      ...[what, kind, seconds.toFixed(0), requests.toLocaleString('en')],
      ...[Math.round(perSecond).toLocaleString('en'), p99Ms.toFixed(1), refused + socketErrors],
    );
  }
  const successor = /"successorPid":(\d+)/.exec(service.logged())?.[1];
  process.kill(Number(successor), 'SIGTERM');

  const ending = await start();
  const startMs = performance.now();
  const callers = startCallers(ending.url, connections, isFresh ? 'close' : 'keep-alive');
  await Bun.sleep(5000);
  await ending.stop();
  const { ok, lost, refused } = await callers.stop();
  const seconds = (performance.now() - startMs) / 1000;
  const nRefused = Object.values(refused).reduce((sum, n) => sum + n, 0);
  printRow(
    ...['ended by SIGTERM', kind, seconds.toFixed(0), ok.toLocaleString('en')],
    ...[Math.round(ok / seconds).toLocaleString('en'), '', lost + nRefused],
  );
}
