/**
 * Does a service grow while it works? `npx bun bench/soak.ts [SECONDS] [CONNECTIONS] [PLACE] [RELOAD-SECONDS]`: wrk
 * asks as much as it can, the bench reads the memory of every worker from the kernel, and prints it ten times. Places other
 * than 0 need root: a number of MB, a control group in which the whole service holds no more; `CPUS:MB`, a container without
 * rights (`lib/place.ts`). With seconds, one model follows another meanwhile.
 */
import { readFileSync } from 'node:fs';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { scratchDir } from './lib/http-peers.ts';
import { printMachine } from './lib/measure.ts';
import { placeOf } from './lib/place.ts';
import { runWrk } from './lib/wrk.ts';

const seconds = Number(process.argv[2] ?? 600);
const connections = Number(process.argv[3] ?? 400);
const place = placeOf(process.argv[4] ?? '0');
const reloadSeconds = Number(process.argv[5] ?? 0);
const N_READINGS = 10;
const LIMIT_MB = 90;

printMachine();
const versions = [1, 2].map((seed) =>
  storeModel(
    scratchDir,
    buildPlantedModel({ nTrees: 100, nLeaves: 31, name: 'bench', seed }),
    new Date(seed * 1e9),
  ),
);
const service = await place.begin({
  modelsDir: scratchDir,
  flags: place.cpus === undefined ? ['--workers', '2'] : [],
});
const admin = `http://127.0.0.1:${service.port + 1}`;

const workerPids = async (): Promise<number[]> => {
  const { workers } = (await (await fetch(`${admin}/workers`)).json()) as {
    workers: { pid: number }[];
  };
  return workers.map(({ pid }) => service.pidOf(pid));
};

/** Resident memory; VmHWM is the most that it ever was. */
const memoryOf = (pid: number, field: 'VmRSS' | 'VmHWM'): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)![1]) / 1024;
};

const first = await workerPids();
console.log(
  `\nwrk -t2 -c${connections} for ${seconds} s, ${place.words}, workers: ${first.length}\n`,
);
console.log('| s | MB of each worker |\n|---:|---|');
const load = runWrk(service.port, { connections, seconds });
const readings: number[][] = [];
let isOver = false;
let nReloads = 0;
const reloading = (async () => {
  while (reloadSeconds > 0 && !isOver) {
    await Bun.sleep(reloadSeconds * 1000);
    const model = versions[nReloads % 2]!.path;
    const answer = await fetch(`${admin}/reload`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    nReloads++;
  }
})();
let most = 0;
for (let i = 1; i <= N_READINGS; i++) {
  await Bun.sleep((seconds * 1000) / (N_READINGS + 1));
  const pids = await workerPids();
  readings.push(pids.map((pid) => memoryOf(pid, 'VmRSS')));
  most = Math.max(most, ...pids.map((pid) => memoryOf(pid, 'VmHWM')));
  const words = readings.at(-1)!.map((mb) => mb.toFixed(1));
  console.log(`| ${Math.round((i * seconds) / (N_READINGS + 1))} | ${words.join(', ')} |`);
}
const { perSecond, p99Ms, refused, socketErrors } = await load;
isOver = true;
await reloading;
const isSame = (await workerPids()).join() === first.join();
const metrics = await (await fetch(`${admin}/metrics`)).text();
const restarts = metrics
  .split('\n')
  .filter((line) => /^puntual_worker_restarts_total\{.*\} [1-9]/.test(line));
const meanOf = (part: readonly number[][]): number =>
  part.flat().reduce((sum, mb) => sum + mb, 0) / part.flat().length;
const half = N_READINGS / 2;
console.log(
  `\n${Math.round(perSecond)} answers/s, p99 ${p99Ms.toFixed(1)} ms, not 2xx ${refused}, socket errors ${socketErrors}`,
);
console.log(
  `most ever held by a worker: ${most.toFixed(1)} MB (limit ${LIMIT_MB}); mean of the first half ${meanOf(readings.slice(0, half)).toFixed(1)}, of the second ${meanOf(readings.slice(half)).toFixed(1)} MB; workers ${isSame ? 'the same to the end' : 'others at the end'}`,
);
console.log(
  `reloads ${nReloads}; workers replaced beside them: ${restarts.join(', ') || 'none'}${place.memoryMb === undefined ? '' : `; all together held ${service.mostMb()!.toFixed(0)} MB at most of ${place.memoryMb}, ended by the kernel ${service.nKills()}`}`,
);
await service.stop();
process.exit(0);
