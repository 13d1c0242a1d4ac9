/**
 * How many predictions a second over HTTP, one flight each, beside what others answer on the same two cores?
 * `npx bun bench/http.ts [SECONDS] [PEER...]`, after six seconds of load for each that do not count; needs wrk and nginx, and the Python peers for the last two rows.
 * Peers: twin nginx bare node fastapi flask; without a name all of them.
 */
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import {
  beginBareBun,
  beginFastApi,
  beginFlask,
  beginNginx,
  beginNode,
  beginPuntual,
  beginTwin,
  post,
  type Service,
  scratchDir,
} from './lib/http-peers.ts';
import {
  alternate,
  calm,
  medianOf,
  printFigures,
  printMachine,
  versionLine,
} from './lib/measure.ts';
import { runWrk, type WrkRun } from './lib/wrk.ts';

const WARM_UP_SECONDS = 6;

const seconds = Number(process.argv[2] ?? 4);
const named = process.argv.slice(3);
const peers: Readonly<Record<string, (answer: string) => Promise<Service>>> = {
  twin: beginTwin,
  nginx: beginNginx,
  bare: beginBareBun,
  node: beginNode,
  fastapi: beginFastApi,
  flask: beginFlask,
};
printMachine({
  wrk: versionLine('wrk', '-v').replace(/^wrk (\S+).*/, '$1'),
  nginx: versionLine('nginx', '-v').replace(/.*nginx\//, ''),
  node: process.versions.node && versionLine('node', '--version'),
});

storeModel(scratchDir, buildPlantedModel({ nTrees: 100, nLeaves: 31, name: 'bench' }), new Date());
const services: Service[] = [await beginPuntual(scratchDir, 'puntual serve', '--workers', '2')];
const answer = await (await post(services[0]!.port)).text();
for (const [name, begin] of Object.entries(peers))
  if (named.length === 0 || named.includes(name)) services.push(await begin(answer));

// Runtimes that compile what runs often do so for some seconds of full load, on the processors that are measured.
for (const { port } of services) await runWrk(port, { connections: 400, seconds: WARM_UP_SECONDS });

const runs = new Map<string, WrkRun[]>();
const figures = await alternate(
  services.map(({ name, port }) => ({
    name,
    run: async () => {
      await calm();
      const run = await runWrk(port, { connections: 400, seconds });
      runs.set(name, [...(runs.get(name) ?? []), run]);
      return run.perSecond;
    },
  })),
);
await Promise.all(services.map((service) => service.stop()));

console.log(`\nwrk -t2 -c400 -d${seconds}s, POST /predict, answers of ${answer.length} bytes\n`);
printFigures(figures, 'answers/s', 'bare Bun.serve, 2 processes');
console.log(
  '\n| | p50 ms | p99 ms | its p99 by ours, round by round | not 2xx | socket errors |\n|---|---:|---:|---:|---:|---:|',
);
const ours = runs.get('puntual serve')!;
for (const [name, all] of runs) {
  const middle = (of: (run: WrkRun, round: number) => number, nDecimals = 1): string =>
    medianOf(all.map(of).sort((a, b) => a - b)).toFixed(nDecimals);
  const sum = (of: (run: WrkRun) => number): number => all.reduce((n, run) => n + of(run), 0);
  console.log(
    `| ${name} | ${middle((run) => run.p50Ms)} | ${middle((run) => run.p99Ms)} | ${middle((run, round) => run.p99Ms / ours[round]!.p99Ms, 2)} | ${sum((run) => run.refused)} | ${sum((run) => run.socketErrors)} |`,
  );
}
