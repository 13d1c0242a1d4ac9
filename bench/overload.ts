/**
 * What does a service answer when far more is asked of it than it can do, and do large batches hold up single flights?
 * `npx bun bench/overload.ts [SECONDS]`: capacity by wrk, then planned rates of 1, 2, 5 and 10 times that.
 */
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { beginPuntual, FLIGHT, post, scratchDir } from './lib/http-peers.ts';
import { medianOf, printMachine } from './lib/measure.ts';
import { runWrk } from './lib/wrk.ts';

const seconds = Number(process.argv[2] ?? 8);
const CONNECTIONS = 1000;
const BATCH_ROWS = 10_000;
/** A batch of so many is larger than the usual limit. */
const BODY_LIMIT = ['--body-limit', `${2 ** 22}`];

printMachine();
storeModel(scratchDir, buildPlantedModel({ name: 'bench' }), new Date());
const service = await beginPuntual(
  scratchDir,
  'puntual serve',
  ...['--workers', '2'],
  ...BODY_LIMIT,
);
const url = `http://127.0.0.1:${service.port}/predict`;

interface Report {
  readonly verdict: string;
  readonly throughputPerSecond: number;
  readonly outcomes: { readonly httpError: number; readonly socketError: number };
  readonly serviceTime: { readonly p50Ms: number; readonly p99Ms: number };
}

const stress = async (rate: number, connections: number, forSeconds: number): Promise<Report> => {
  const { stdout } = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, '../src/cli/main.ts'),
      ...['stress', url, '--rate', `${rate}`, '-c', `${connections}`, '-d', `${forSeconds}s`],
      ...['--no-check', '--json'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return (await new Response(stdout).json()) as Report;
};

const restarts = async (): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${service.port + 1}/metrics`)).text();
  return [...text.matchAll(/^puntual_worker_restarts_total\{.*\} (\d+)$/gm)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
};

await runWrk(service.port, { connections: 64, seconds: 2 });
const { perSecond } = await runWrk(service.port, { connections: 64, seconds: 4 });
const capacity = Math.round(perSecond / 100) * 100;
console.log(`\ncapacity by wrk, 64 connections: ${capacity}/s; then ${CONNECTIONS} connections\n`);
console.log(
  '| planned | good answers/s | p50 ms | p99 ms | HTTP errors | socket errors | verdict |\n|---|---:|---:|---:|---:|---:|---|',
);
for (const factor of [1, 2, 5, 10]) {
  const report = await stress(factor * capacity, CONNECTIONS, seconds);
  console.log(
    `| ${factor}x | ${Math.round(report.throughputPerSecond)} | ${report.serviceTime.p50Ms.toFixed(1)} | ${report.serviceTime.p99Ms.toFixed(1)} | ` +
      `${report.outcomes.httpError} | ${report.outcomes.socketError} | ${report.verdict} |`,
  );
}
const startMs = performance.now();
await post(service.port);
console.log(
  `\nfirst answer after the load: ${(performance.now() - startMs).toFixed(1)} ms; workers replaced: ${await restarts()}`,
);

const flights = `{"flights":[${Array.from({ length: BATCH_ROWS }, () => FLIGHT).join(',')}]}`;
const ROUNDS = 5;
const quiet: number[] = [];
const beside: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  quiet.push((await stress(500, 8, 3)).serviceTime.p99Ms);
  let going = true;
  let batches = 0;
  const loop = (async () => {
    while (going) {
      await (await post(service.port, flights)).arrayBuffer();
      batches++;
    }
  })();
  beside.push((await stress(500, 8, 3)).serviceTime.p99Ms);
  going = false;
  await loop;
  if (batches === 0) throw new Error('no batch was answered');
}
const middle = (times: number[]): string => medianOf(times.sort((a, b) => a - b)).toFixed(2);
console.log(
  `single flights, 500/s: p99 ${middle(quiet)} ms alone, ${middle(beside)} ms beside batches of ${BATCH_ROWS} one after the other`,
);
await service.stop();
