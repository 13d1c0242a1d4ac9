/**
 * Does the generator tell the truth? A paused service must show in response time and not in service time;
 * a queue of known theory (M/M/1) must show its quantiles.
 */
import { buildRandom } from '../src/core/random.ts';
import { buildSchedule, steadyLoad } from '../src/stress/generator/schedule.ts';
import { printMachine } from './lib/measure.ts';
import { runStress, startPeer, stop } from './stress-peers.ts';

const PORT = 18_197;
const URL = `http://127.0.0.1:${PORT}/`;

printMachine();

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

const MEAN_MS = 20;
const SECONDS = 50;
/** The probe asks two requests before the load, and each takes a service time from the seed. */
const N_PROBES = 2;

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

const QUANTILES = [0.5, 0.9, 0.99];
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

console.log('\nM/M/1, mean service time 20 ms, 50 s each\n');
console.log(
  '| utilisation | quantile | theory ms | measured ms | off by |\n|---:|---:|---:|---:|---:|',
);
let worst = 0;
for (const utilisation of [0.5, 0.8]) {
  const seed = seedFor(utilisation);
  const rate = (1000 / MEAN_MS) * utilisation;
  const queue = await startPeer('lane.ts', PORT, ['exponential', MEAN_MS, seed]);
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
    const { responseTime } = await runStress([URL, ...asked, '--seed', String(seed)], 0);
    for (const p of QUANTILES) {
      const expected = theory(utilisation, p);
      const measured = responseTime[`p${p * 100}Ms` as 'p50Ms'];
      worst = Math.max(worst, Math.abs(measured / expected - 1));
      console.log(
        `| ${utilisation} | p${p * 100} | ${expected.toFixed(2)} | ${measured.toFixed(2)} | ${((measured / expected - 1) * 100).toFixed(1)} % |`,
      );
    }
  } finally {
    await stop(queue);
  }
}
console.log(`\n${worst <= 0.03 ? 'holds' : 'FAILS'}: every quantile within 3 % of the theory`);
