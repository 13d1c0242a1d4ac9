/**
 * Does the generator tell the truth? A paused service must show in response time and not in service time;
 * a queue of known theory (M/M/1) must show its quantiles, and those of the service's own log of the same requests.
 * `bun bench/stress-honesty.ts [pause|0.5|0.8]`: a pause, a queue at one utilisation, or all of them.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildRandom } from '../src/core/random.ts';
import { buildSchedule, steadyLoad } from '../src/stress/generator/schedule.ts';
import { printMachine } from './lib/measure.ts';
import { runStress, startPeer, stop } from './stress-peers.ts';

const PORT = 18_000 + Math.floor(Math.random() * 1000);
const URL = `http://127.0.0.1:${PORT}/`;

const only = process.argv[2];
const MEAN_MS = 20;
const SECONDS = 50;
/** The probe asks two requests before the load, and each takes a service time from the seed. */
const N_PROBES = 2;
const QUANTILES = [0.5, 0.9, 0.99];

const checkPause = async (): Promise<void> => {
  console.log('\nA service paused for 1.4 s in a run of 20 s at 1,000 requests per second\n');
  const constant = await startPeer('constant.ts', PORT, []);
  try {
    const running = runStress([URL, '--rate', '1000', '-d', '20s']);
    await Bun.sleep(8000);
    constant.kill('SIGSTOP');
    await Bun.sleep(1400);
    constant.kill('SIGCONT');
    const { responseTime, serviceTime } = await running;
    console.log('| | p50 ms | p99 ms |\n|---|---:|---:|');
    for (const [name, { p50Ms, p99Ms }] of Object.entries({ responseTime, serviceTime })) {
      console.log(`| ${name} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} |`);
    }
    const holds = responseTime.p99Ms > 1000 && serviceTime.p99Ms < 100;
    console.log(`\n${holds ? 'holds' : 'FAILS'}: response p99 over 1 s, service p99 not`);
  } finally {
    constant.kill('SIGCONT');
    await stop(constant);
  }
};

/** Response times of one path of the queue, by Lindley's recursion. */
const simulate = (rate: number, seed: number): number[] => {
  const random = buildRandom(seed);
  const serviceMs = (): number => -MEAN_MS * Math.log(1 - random());
  for (let i = 0; i < N_PROBES; i++) serviceMs();
  const next = buildSchedule(steadyLoad(rate, SECONDS * 1000, 'poisson', seed), 0, 1);
  const times: number[] = [];
  let leaves = 0;
  for (let at = next(); at !== Number.POSITIVE_INFINITY; at = next()) {
    leaves = Math.max(at / 1000, leaves) + serviceMs();
    times.push(leaves - at / 1000);
  }
  return times.sort((a, b) => a - b);
};

const quantile = (sorted: readonly number[], p: number): number =>
  sorted[Math.ceil(p * sorted.length) - 1]!;

/** M/M/1: response times are exponential with mean s / (1 - utilisation). */
const theory = (utilisation: number, p: number): number =>
  (-Math.log(1 - p) * MEAN_MS) / (1 - utilisation);

/**
 * A queue near its limit forgets slowly: 50 s of one path lie up to 30 % off the theory. So the first seed whose path
 * is itself within 1 % of the theory is taken, and what is left to differ is the measuring. More lanes do not spare
 * the choice: the p99 of 200 together strays by 4.5 % from seed to seed (by Lindley's recursion, eight seeds).
 */
const seedFor = (utilisation: number): number => {
  for (let seed = 1; ; seed++) {
    const path = simulate((1000 / MEAN_MS) * utilisation, seed);
    const isNear = (p: number): boolean =>
      Math.abs(quantile(path, p) / theory(utilisation, p) - 1) < 0.01;
    if (QUANTILES.every(isNear)) return seed;
  }
};

/** Response times of the very requests of a run, by the service's own log: as they should have been, and as they were. */
const readLog = (path: string): { readonly due: number[]; readonly written: number[] } => {
  const rows = readFileSync(path, 'latin1')
    .trim()
    .split('\n')
    .slice(N_PROBES)
    .map((line) => line.split(' ').map(Number));
  const sorted = (at: number): number[] =>
    rows.map((row) => row[at]! - row[0]!).sort((a, b) => a - b);
  return { due: sorted(1), written: sorted(2) };
};

const checkQueue = async (utilisations: readonly number[]): Promise<void> => {
  console.log('\nM/M/1, mean service time 20 ms, 50 s each; all in milliseconds\n');
  console.log(
    '| utilisation | quantile | theory | this path, as planned | by the log: due | by the log: written | measured: service time | measured: response time | off the log | off the theory |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
  );
  const folder = mkdtempSync(join(tmpdir(), 'puntual-honesty-'));
  let worstOfLog = 0;
  let worstOfTheory = 0;
  for (const utilisation of utilisations) {
    const seed = seedFor(utilisation);
    const rate = (1000 / MEAN_MS) * utilisation;
    const path = simulate(rate, seed);
    const log = join(folder, `${utilisation}.log`);
    const queue = await startPeer('lane.ts', PORT, ['exponential', MEAN_MS, seed, log]);
    try {
      const asked = [
        '--rate',
        String(rate),
        '--poisson',
        '-d',
        `${SECONDS}s`,
        '-c',
        '400',
        '-t',
        '1',
      ];
      const run = await runStress([URL, ...asked, '--seed', String(seed)], 0);
      const { due, written } = readLog(log);
      for (const p of QUANTILES) {
        const key = `p${p * 100}Ms` as 'p50Ms';
        const measured = run.responseTime[key];
        const truth = quantile(written, p);
        const offLog = measured / truth - 1;
        const offTheory = measured / theory(utilisation, p) - 1;
        worstOfLog = Math.max(worstOfLog, Math.abs(offLog));
        worstOfTheory = Math.max(worstOfTheory, Math.abs(offTheory));
        const figures = [
          theory(utilisation, p),
          quantile(path, p),
          quantile(due, p),
          truth,
          run.serviceTime[key],
          measured,
        ];
        console.log(
          `| ${utilisation} | p${p * 100} | ${figures.map((ms) => ms.toFixed(2)).join(' | ')} | ${(offLog * 100).toFixed(2)} % | ${(offTheory * 100).toFixed(1)} % |`,
        );
      }
    } finally {
      await stop(queue);
    }
  }
  rmSync(folder, { recursive: true });
  console.log(
    `\n${worstOfLog <= 0.03 ? 'holds' : 'FAILS'}: every quantile within 3 % of the service's own log (${(worstOfLog * 100).toFixed(2)} %)`,
  );
  console.log(
    `${worstOfTheory <= 0.03 ? 'holds' : 'FAILS'}: every quantile within 3 % of the theory (${(worstOfTheory * 100).toFixed(1)} %); what lies between theory and log is this path's and this machine's`,
  );
};

printMachine();
if (only === undefined || only === 'pause') await checkPause();
if (only !== 'pause') await checkQueue(only === undefined ? [0.5, 0.8] : [Number(only)]);
