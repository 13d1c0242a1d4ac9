/**
 * Does a service without any rights lose a request when its workers are replaced, its model is changed, or it is followed
 * by another or ended, under all the load that it takes? `npx bun bench/rolling.ts [TIMES] [CONNECTIONS] [kept | new | both]
 * [CPUS:MB]`, by root: the service runs as user 65534 without capabilities, with a size in a container of runc, where none
 * can follow its first process. wrk asks as fast as it is answered, over connections that it keeps, then with a new one for
 * each request. For the end of the service callers count by themselves what they sent and nobody answered: wrk would count
 * the connections that nobody takes afterwards.
 */
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { startCallers } from '../test/service/callers.ts';
import { makeModelsDir, type Running, startService, until } from '../test/service/running.ts';
import { printMachine } from './lib/measure.ts';
import { placeOf } from './lib/place.ts';
import { beginWrk } from './lib/wrk.ts';

const times = Number(process.argv[2] ?? 10);
const connections = Number(process.argv[3] ?? 64);
const kinds = { kept: [false], new: [true] }[process.argv[4] ?? ''] ?? [false, true];
const size = process.argv[5];
const place = size === undefined ? undefined : placeOf(size);
const LONGEST_SECONDS = 600;

printMachine();
const model = buildPlantedModel({ nTrees: 100 });

/** A service, wherever it runs. */
interface Rolled extends Pick<Running, 'url' | 'modelsDir' | 'admin' | 'workerList'> {
  readonly pidOf: (own: number) => number;
  /** Lets another supervisor follow; undefined where none can. */
  readonly follow: (() => Promise<void>) | undefined;
  readonly stop: () => Promise<unknown>;
}

const startHere = async (): Promise<Rolled> => {
  const service = await startService(['--log-level', 'info'], makeModelsDir(model), 'none');
  let successor: string | undefined;
  return {
    ...service,
    pidOf: (own) => own,
    follow: async () => {
      service.process.kill('SIGUSR2');
      await service.process.exited;
      successor = /"successorPid":(\d+)/.exec(service.logged())?.[1];
    },
    stop: async () =>
      successor === undefined ? service.stop() : process.kill(Number(successor), 'SIGTERM'),
  };
};

const startConfined = async (): Promise<Rolled> => {
  const modelsDir = makeModelsDir(model);
  storeModel(modelsDir, buildPlantedModel({ seed: 2 }), new Date(1e9));
  for (const name of ['', ...readdirSync(modelsDir, { recursive: true, encoding: 'utf8' })])
    chmodSync(join(modelsDir, name), 0o755);
  const service = await place!.begin({ modelsDir });
  const adminUrl = `http://127.0.0.1:${service.port + 1}`;
  const admin: Running['admin'] = (path, body) =>
    fetch(adminUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return {
    ...service,
    url: `http://127.0.0.1:${service.port}`,
    modelsDir,
    admin,
    workerList: async () => {
      const { workers } = (await (await fetch(`${adminUrl}/workers`)).json()) as {
        readonly workers: Awaited<ReturnType<Running['workerList']>>;
      };
      return workers;
    },
    follow: undefined,
  };
};
const start = (): Promise<Rolled> => (place ? startConfined() : startHere());

const reload = async (service: Rolled): Promise<void> => {
  const second = storeModel(service.modelsDir, buildPlantedModel({ seed: 2 }), new Date(1e9));
  chmodSync(second.path, 0o644);
  for (let turn = 0; turn < times; turn++) {
    const answer = await (turn % 2 === 0
      ? service.admin('/reload', { model: second.path })
      : service.admin('/rollback', {}));
    if (!answer.ok) throw new Error(await answer.text());
  }
};

const replace = async (service: Rolled): Promise<void> => {
  for (let turn = 0; turn < times; turn++) {
    const workers = await service.workerList();
    const { pid } = workers[turn % workers.length]!;
    process.kill(service.pidOf(pid), 'SIGTERM');
    await until(async () =>
      (await service.workerList()).every(
        (worker) => worker.state === 'ready' && worker.pid !== pid,
      ),
    );
  }
};

const follow = (service: Rolled): Promise<void> | undefined => service.follow?.();

const DISTURBANCES = [
  [`${times} reloads and rollbacks`, reload],
  [`${times} workers asked to end`, replace],
  ['followed by a new supervisor (SIGUSR2)', follow],
] as const;

const words = place?.words ?? 'as user 65534, no capabilities, two workers';
console.log(`\n${words}, ${connections} connections\n`);
console.log('| what | connections | s | requests | requests/s | p99 ms | failed |');
console.log('|---|---|---:|---:|---:|---:|---:|');
const printRow = (...cells: readonly (string | number)[]): void =>
  console.log(`| ${cells.join(' | ')} |`);

for (const isFresh of kinds) {
  const kind = isFresh ? 'new for each request' : 'kept';
  const service = await start();
  const port = Number(new URL(service.url).port);
  for (const [what, disturb] of DISTURBANCES) {
    if (disturb === follow && !service.follow) continue;
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
  await service.stop();

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
process.exit(0);
