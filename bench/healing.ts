/**
 * Does a service under load come through workers that are killed, paused and given other models?
 * `npx bun bench/healing.ts [SECONDS] [WORKERS] [CONNECTIONS] [KIND...]`: the highest planned rate that is kept with a p99
 * below 50 ms, by our own generator over the same connections, one request at a time on each; then half of it, while the
 * bench disturbs the workers: `kill`, `pause`, `reload`, or `none`. Prints success, how fast each worker was replaced, and what was lost, by class.
 */
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { beginPuntual, scratchDir } from './lib/http-peers.ts';
import { medianOf, printMachine } from './lib/measure.ts';

const seconds = Number(process.argv[2] ?? 30);
const workers = process.argv[3] ?? '2';
const connections = process.argv[4] ?? '64';
const STRESS = [process.execPath, join(import.meta.dir, '../src/cli/main.ts'), 'stress'];

printMachine();
const first = storeModel(scratchDir, buildPlantedModel({ name: 'bench', seed: 1 }), new Date(0));
const second = storeModel(scratchDir, buildPlantedModel({ name: 'bench', seed: 2 }), new Date(1e9));
const service = await beginPuntual(scratchDir, 'puntual serve', '--workers', workers);
const admin = `http://127.0.0.1:${service.port + 1}`;

const nWorkers = Number(workers);
const KEPT_P99_MS = 50;
/** Parts of what the generator gets in a closed loop: with a plan to keep, it gets less. */
const SHARES = [0.9, 0.75, 0.6, 0.45, 0.3] as const;

interface Outcomes {
  readonly ok: number;
  readonly httpError: number;
  readonly socketError: number;
  readonly timeout: number;
  readonly dropped: number;
  readonly inFlight: number;
}
interface Report {
  readonly throughputPerSecond: number;
  readonly planned: number;
  readonly outcomes: Outcomes;
  readonly responseTime: { readonly p50Ms: number; readonly p99Ms: number };
}

const ask = async (...load: readonly string[]): Promise<Report> => {
  const { stdout } = Bun.spawn(
    [...STRESS, `http://127.0.0.1:${service.port}/predict`, '-c', connections, '--json', ...load],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return (await new Response(stdout).json()) as Report;
};

const findCapacity = async (): Promise<number> => {
  const { throughputPerSecond } = await ask('-d', '5s');
  for (const share of SHARES) {
    const rate = Math.round(throughputPerSecond * share);
    const { planned, outcomes, responseTime } = await ask('-d', '3s', '--rate', `${rate}`);
    if (outcomes.ok === planned && responseTime.p99Ms < KEPT_P99_MS) return rate;
  }
  throw new Error('no rate was kept: the machine has other things to do');
};
const capacity = await findCapacity();
const rate = Math.round(capacity / 200) * 100;

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
    if (now.length === nWorkers && !now.includes(victim)) return performance.now() - startMs;
    await Bun.sleep(2);
  }
};

const change = async (turn: number): Promise<number> => {
  const startMs = performance.now();
  const to = turn % 3 === 0 ? second.path : turn % 3 === 1 ? first.path : undefined;
  const response = await fetch(`${admin}/${to ? 'reload' : 'rollback'}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: to ? JSON.stringify({ model: to }) : '',
  });
  if (!response.ok) throw new Error(await response.text());
  return performance.now() - startMs;
};

interface Disturbance {
  readonly what: string;
  /** The next comes not before so long after the last. */
  readonly everyMs: number;
  /** @returns how long it took until all was well again */
  readonly disturb: (turn: number) => Promise<number>;
}

const DISTURBANCES: Readonly<Record<string, Disturbance>> = {
  none: { what: 'none', everyMs: 1000, disturb: async () => 0 },
  kill: {
    what: 'kill -9 of a worker, every second',
    everyMs: 1000,
    disturb: () => strike('SIGKILL'),
  },
  pause: {
    what: 'SIGSTOP of a worker, every 5 s',
    everyMs: 5000,
    disturb: () => strike('SIGSTOP'),
  },
  reload: { what: 'reload or rollback, without pause', everyMs: 0, disturb: change },
};

/** Disturbs again and again while the generator runs. */
const runWith = async ({ what, everyMs, disturb }: Disturbance): Promise<void> => {
  const generator = Bun.spawn(
    [
      ...STRESS,
      `http://127.0.0.1:${service.port}/predict`,
      ...['--rate', `${rate}`, '-d', `${seconds}s`, '-c', connections, '--no-check', '--json'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const times: number[] = [];
  const endMs = performance.now() + (seconds - 1) * 1000;
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
      `${((100 * ok) / report.planned).toFixed(3)} % | ${httpError} | ${socketError} | ${timeout} | ${dropped} | ${report.responseTime.p50Ms.toFixed(2)} | ${report.responseTime.p99Ms.toFixed(1)} |`,
  );
};

console.log(
  `\n${rate} requests/s planned for ${seconds} s (half of ${capacity}, the highest rate that was kept), ${workers} workers, ${connections} connections\n`,
);
console.log(
  '| disturbance | times | median ms | max ms | ok of planned | HTTP errors | socket errors | timeouts | dropped | p50 ms | p99 ms |',
);
console.log('|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|');
const kinds = process.argv.slice(5);
for (const kind of kinds.length > 0 ? kinds : Object.keys(DISTURBANCES)) {
  const disturbance = DISTURBANCES[kind];
  if (!disturbance) throw new Error(`${kind} is none of ${Object.keys(DISTURBANCES).join(', ')}`);
  await runWith(disturbance);
}
await service.stop();
