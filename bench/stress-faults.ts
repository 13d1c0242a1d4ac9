/**
 * Do the measures of each fault agree with what `puntual serve` itself counted? Each fault once, at a planned rate;
 * /metrics before and after. `bun bench/stress-faults.ts [RATE]`
 */
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { beginPuntual, scratchDir } from './lib/http-peers.ts';
import { printMachine } from './lib/measure.ts';
import { runStress, type StressResult } from './stress-peers.ts';

const rate = Number(process.argv[2] ?? 1000);
const SECONDS = 6;

printMachine();
storeModel(scratchDir, buildPlantedModel({ name: 'bench', seed: 1 }), new Date(0));
const service = await beginPuntual(scratchDir, 'puntual serve', '--workers', '2');
const URL = `http://127.0.0.1:${service.port}/predict`;
const admin = `http://127.0.0.1:${service.port + 1}`;

/** What the service counted: requests of /predict by status, restarts by reason, reloads. */
interface Counts {
  readonly answered: number;
  readonly refused4xx: number;
  readonly restarts: number;
  readonly killed: number;
  readonly hung: number;
  readonly reloads: number;
}

const readCounts = async (): Promise<Counts> => {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const sum = (form: RegExp): number =>
    text
      .split('\n')
      .filter((line) => form.test(line))
      .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
  const ended = 'http_server_request_duration_seconds_count\\{';
  return {
    answered: sum(new RegExp(`^${ended}.*"/predict".*"200"`)),
    refused4xx: sum(new RegExp(`^${ended}.*"4\\d\\d"`)),
    restarts: sum(/^puntual_worker_restarts_total/),
    killed: sum(/^puntual_worker_restarts_total\{reason="killed"/),
    hung: sum(/^puntual_worker_restarts_total\{reason="hung"/),
    reloads: sum(/^puntual_reloads_total\{outcome="ok"/),
  };
};

const minus = (after: Counts, before: Counts): Counts =>
  Object.fromEntries(
    Object.entries(after).map(([name, count]) => [name, count - before[name as keyof Counts]]),
  ) as unknown as Counts;

/** The probe before the load sends some requests, which the service counts as well. */
const probes = async (): Promise<number> => {
  const before = await readCounts();
  const { outcomes } = await runStress([URL, '--rate', '100', '-d', '1s']);
  return minus(await readCounts(), before).answered - (outcomes['ok'] ?? 0);
};

type Check = (run: StressResult, counts: Counts) => boolean;

/** What the service must have counted, beside an answer for every answer. */
const FAULTS: readonly (readonly [string, Check])[] = [
  ['kill-worker@2s', (_, counts) => counts.killed === 1 && counts.restarts === 1],
  ['pause-worker@2s+3s', (run, counts) => counts.restarts === (run.faults?.[0]?.restarts ?? -1)],
  ['reload@2s', (_, counts) => counts.reloads === 1 && counts.killed + counts.hung === 0],
  ['slow-clients@2s+2s:500', (_, counts) => counts.restarts === 0],
  ['garbage@2s+2s', (_, counts) => counts.restarts === 0 && counts.refused4xx >= 0],
  ['reset-storm@2s', (_, counts) => counts.restarts === 0],
];

try {
  const nProbes = await probes();
  console.log(
    '\n| fault | planned | ok | lost, by us | 200 by the service | more than ok | restarts us / service | reloads | 4xx by the service | recovered ms | |',
  );
  console.log('|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|');
  let nWrong = 0;
  for (const [fault, check] of FAULTS) {
    const before = await readCounts();
    const run = await runStress([
      URL,
      ...['--rate', String(rate), '-c', '64', '-d', `${SECONDS}s`, '--fault', fault],
      ...['--admin', admin],
    ]);
    const counts = minus(await readCounts(), before);
    const [result] = run.faults ?? [];
    const { ok = 0, socketError = 0, httpError = 0, timeout = 0 } = run.outcomes;
    const lost = socketError + httpError + timeout;
    // A request that is lost may have been answered by the service: then it counted one more than we saw.
    const more = counts.answered - nProbes - ok;
    const agrees = more >= 0 && more <= lost && result?.undone === true && check(run, counts);
    if (!agrees) nWrong++;
    console.log(
      `| ${fault} | ${run.planned} | ${ok} | ${result?.requestsLost} | ${counts.answered - nProbes} | ${more} | ${result?.restarts ?? '-'} / ${counts.restarts} | ${counts.reloads} | ${counts.refused4xx} | ${result?.recoveredMs?.toFixed(0) ?? '-'} | ${agrees ? 'agrees' : 'DIFFERS'} |`,
    );
    for (const note of result?.notes ?? []) console.log(`  ${note}`);
  }
  console.log(`\n${nWrong === 0 ? 'holds' : 'FAILS'}: ${nWrong} faults whose measures differ`);
} finally {
  await service.stop();
}
