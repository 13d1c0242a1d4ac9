/**
 * HTTP/2 beside h2load at equal connections and streams: requests per second against nginx, and latencies at a fixed rate
 * against a service of 5, 10, 20, 40 and 60 ms. Generator on core 0, service on core 1, alternating.
 * `bun bench/stress-http2.ts`
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alternate, printFigures, printMachine, summarise, versionLine } from './lib/measure.ts';
import { onCore, runStress, startNginx, startPeer, stop } from './stress-peers.ts';

const PORT = 18_194;
const URL = `http://127.0.0.1:${PORT}/`;
const folder = mkdtempSync(join(tmpdir(), 'puntual-http2-'));

const textOf = async (command: readonly string[]): Promise<string> => {
  const child = Bun.spawn(onCore(0, command), { stdio: ['ignore', 'pipe', 'ignore'] });
  return new Response(child.stdout).text();
};

printMachine({ h2load: versionLine('h2load', '--version'), nginx: versionLine('nginx', '-v') });

let nFailed = 0;
const nginx = await startNginx(PORT, 1, 'http2');
try {
  for (const [connections, streams] of [
    [4, 16],
    [32, 32],
  ] as const) {
    console.log(
      `\n${connections} connections with ${streams} streams each, nginx with a constant\n`,
    );
    const contenders = [
      {
        name: 'h2load',
        run: async () => {
          const text = await textOf([
            'h2load',
            '-t1',
            `-c${connections}`,
            `-m${streams}`,
            '-D2',
            URL,
          ]);
          return Number(/, ([\d.]+) req\/s/.exec(text)?.[1]);
        },
      },
      {
        name: 'puntual stress --http2',
        run: async () => {
          const asked = [
            '--http2',
            '-t',
            '1',
            '-c',
            `${connections}`,
            '--streams',
            `${streams}`,
            '-d',
            '2s',
          ];
          return (await runStress([URL, ...asked], 0)).throughputPerSecond;
        },
      },
    ];
    const figures = await alternate(contenders, 5, 1);
    printFigures(figures, 'requests/s', 'h2load');
    const [theirs, ours] = figures;
    if (ours!.median < 0.5 * theirs!.median) nFailed++;
  }
} finally {
  await stop(nginx);
}

/** Quantiles of what h2load wrote of each request: its start, status, and time in microseconds. */
const h2loadTimes = async (rate: number, seconds: number): Promise<readonly number[]> => {
  const log = join(folder, `${performance.now()}.log`);
  await textOf([
    'h2load',
    '-t1',
    '-c4',
    '-m16',
    `--rps=${rate / 4}`,
    `-D${seconds}`,
    `--log-file=${log}`,
    URL,
  ]);
  const times = readFileSync(log, 'latin1')
    .trim()
    .split('\n')
    .map((line) => Number(line.split('\t')[2]) / 1000)
    .sort((a, b) => a - b);
  return QUANTILES.map((p) => times[Math.ceil(p * times.length) - 1]!);
};
const QUANTILES = [0.5, 0.9, 0.99];

console.log(
  '\n200 requests a second over 4 connections for 6 s, answers after 5, 10, 20, 40 and 60 ms; median of 3 runs\n',
);
const delayed = await startPeer('delayed-http2.ts', PORT, []);
try {
  const theirs: (readonly number[])[] = [];
  const ours: (readonly number[])[] = [];
  for (let round = 0; round < 3; round++) {
    theirs.push(await h2loadTimes(200, 6));
    const asked = ['--http2', '-t', '1', '-c', '4', '--streams', '16', '--rate', '200', '-d', '6s'];
    const { serviceTime } = await runStress([URL, ...asked], 0);
    ours.push([serviceTime.p50Ms, serviceTime.p90Ms, serviceTime.p99Ms]);
  }
  console.log('| | h2load ms | puntual ms | off by |\n|---|---:|---:|---:|');
  for (const [i, p] of QUANTILES.entries()) {
    const [one, other] = [theirs, ours].map(
      (runs) =>
        summarise(
          '',
          runs.map((run) => run[i]!),
        ).median,
    );
    const off = other! / one! - 1;
    if (Math.abs(off) > 0.05) nFailed++;
    console.log(
      `| p${p * 100} | ${one!.toFixed(2)} | ${other!.toFixed(2)} | ${(off * 100).toFixed(1)} % |`,
    );
  }
} finally {
  await stop(delayed);
}
console.log(
  `\n${nFailed === 0 ? 'holds' : 'FAILS'}: at least half of h2load's requests, latencies within 5 %`,
);
rmSync(folder, { recursive: true });
