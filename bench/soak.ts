/**
 * Does a service grow while it works? `npx bun bench/soak.ts [SECONDS] [CONNECTIONS]`: wrk asks as much as it can,
 * the bench reads the memory of every worker from the kernel and prints it minute by minute.
 */
import { readFileSync } from 'node:fs';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { beginPuntual, scratchDir } from './lib/http-peers.ts';
import { printMachine } from './lib/measure.ts';
import { runWrk } from './lib/wrk.ts';

const seconds = Number(process.argv[2] ?? 600);
const connections = Number(process.argv[3] ?? 400);
const N_READINGS = 10;
const LIMIT_MB = 90;

printMachine();
storeModel(scratchDir, buildPlantedModel({ nTrees: 100, nLeaves: 31, name: 'bench' }), new Date());
const service = await beginPuntual(scratchDir, 'puntual serve', '--workers', '2');

const workerPids = async (): Promise<number[]> => {
  const response = await fetch(`http://127.0.0.1:${service.port + 1}/workers`);
  const { workers } = (await response.json()) as { workers: { pid: number }[] };
  return workers.map(({ pid }) => pid);
};

/** Resident memory; VmHWM is the most that it ever was. */
const memoryMb = (pid: number, field: 'VmRSS' | 'VmHWM'): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)![1]) / 1024;
};

const pids = await workerPids();
console.log(`\nwrk -t2 -c${connections} for ${seconds} s, two workers\n`);
console.log('| s | MB of each worker |\n|---:|---|');
const load = runWrk(service.port, { connections, seconds });
const readings: number[][] = [];
for (let i = 1; i <= N_READINGS; i++) {
  await Bun.sleep((seconds * 1000) / (N_READINGS + 1));
  readings.push(pids.map((pid) => memoryMb(pid, 'VmRSS')));
  const words = readings.at(-1)!.map((mb) => mb.toFixed(1));
  console.log(`| ${Math.round((i * seconds) / (N_READINGS + 1))} | ${words.join(', ')} |`);
}
const { perSecond, p99Ms, refused, socketErrors } = await load;
const most = Math.max(...pids.map((pid) => memoryMb(pid, 'VmHWM')));
const isSame = (await workerPids()).join() === pids.join();
const meanOf = (part: readonly number[][]): number =>
  part.flat().reduce((sum, mb) => sum + mb, 0) / part.flat().length;
const half = N_READINGS / 2;
console.log(
  `\n${Math.round(perSecond)} answers/s, p99 ${p99Ms.toFixed(1)} ms, not 2xx ${refused}, socket errors ${socketErrors}`,
);
console.log(
  `most ever held by a worker: ${most.toFixed(1)} MB (limit ${LIMIT_MB}); mean of the first half ${meanOf(readings.slice(0, half)).toFixed(1)}, of the second ${meanOf(readings.slice(half)).toFixed(1)} MB; workers ${isSame ? 'the same to the end' : 'were replaced'}`,
);
await service.stop();
