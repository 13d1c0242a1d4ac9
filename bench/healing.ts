/**
 * Does a service under load come through workers that are killed, paused and given other models?
 * `npx bun bench/healing.ts [RATE] [SECONDS]`: three runs of our own generator at a constant planned rate, while the
 * bench disturbs the workers; prints success, how fast each worker was replaced, and what was lost.
 */
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { beginPuntual, scratchDir } from './http-peers.ts';
import { medianOf, printMachine } from './measure.ts';

const rate = Number(process.argv[2] ?? 8000);
const seconds = Number(process.argv[3] ?? 30);
const STRESS = [process.execPath, join(import.meta.dir, '../src/cli/main.ts'), 'stress'];

printMachine();
const first = storeModel(scratchDir, buildPlantedModel({ name: 'bench', seed: 1 }), new Date(0));
const second = storeModel(scratchDir, buildPlantedModel({ name: 'bench', seed: 2 }), new Date(1e9));
const service = await beginPuntual(scratchDir, 'puntual serve', '--workers', '2');
const admin = `http://127.0.0.1:${service.port + 1}`;

interface Outcomes {
  readonly ok: number;
  readonly httpError: number;
  readonly socketError: number;
  readonly timeout: number;
  readonly dropped: number;
  readonly inFlight: number;
}
interface Report {
  readonly planned: number;
  readonly outcomes: Outcomes;
  readonly responseTime: { readonly p99Ms: number; readonly maxMs: number };
}

const readyPids = async (): Promise<number[]> => {
  const { workers } = (await (await fetch(`${admin}/workers`)).json()) as {
    workers: { pid: number; state: string }[];
  };
  return workers.filter(({ state }) => state === 'ready').map(({ pid }) => pid);
};

/** Milliseconds from the signal until another worker is ready in its place. */
const strike = async (signal: 'SIGKILL' | 'SIGSTOP'): Promise<number> => {
  const pids = await readyPids();
  const victim = pids[Math.floor(Math.random() * pids.length)]!;
  const startMs = performance.now();
  process.kill(victim, signal);
  for (;;) {
    const now = await readyPids();
    if (now.length === 2 && !now.includes(victim)) return performance.now() - startMs;
    await Bun.sleep(2);
  }
};

const change = async (turn: number): Promise<number> => {
  const startMs = performance.now();
  const to = turn % 3 === 0 ? second.path : turn % 3 === 1 ? first.path : undefined;
  const response = await fetch(`${admin}/${to ? 'reload' : 'rollback'}`, {
    method: 'POST',
    body: to ? JSON.stringify({ model: to }) : '',
  });
  if (!response.ok) throw new Error(await response.text());
  return performance.now() - startMs;
};

/** Disturbs again and again while the generator runs, the next not before `everyMs` after the last. */
const runWith = async (
  what: string,
  everyMs: number,
  disturb: (turn: number) => Promise<number>,
): Promise<void> => {
  const generator = Bun.spawn(
    [
      ...STRESS,
      `http://127.0.0.1:${service.port}/predict`,
      ...['--rate', `${rate}`, '-d', `${seconds}s`, '-c', '64', '--no-check', '--json'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const times: number[] = [];
  const endMs = performance.now() + (seconds - 2) * 1000;
  await Bun.sleep(1000);
  for (let turn = 0; performance.now() < endMs; turn++) {
    const startMs = performance.now();
    times.push(await disturb(turn));
    await Bun.sleep(Math.max(0, everyMs - (performance.now() - startMs)));
  }
  const report = (await new Response(generator.stdout).json()) as Report;
  const { ok, httpError, socketError, timeout, dropped } = report.outcomes;
  times.sort((a, b) => a - b);
  console.log(
    `| ${what} | ${times.length} | ${medianOf(times).toFixed(0)} | ${times.at(-1)!.toFixed(0)} | ` +
      `${((100 * ok) / report.planned).toFixed(3)} % | ${httpError} | ${socketError} | ${timeout} | ${dropped} | ${report.responseTime.p99Ms.toFixed(1)} |`,
  );
};

console.log(`\n${rate} requests/s planned for ${seconds} s, two workers\n`);
console.log(
  '| disturbance | times | median ms | most ms | ok of planned | HTTP errors | socket errors | timeouts | dropped | p99 ms |',
);
console.log('|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|');
await runWith('kill -9 of a worker, every second', 1000, () => strike('SIGKILL'));
await runWith('SIGSTOP of a worker, every 5 s', 5000, () => strike('SIGSTOP'));
await runWith('reload or rollback, without pause', 0, change);
await service.stop();
