/**
 * What a generator takes of the processor for each request, beside wrk and h2load: user and system microseconds, alternating,
 * nginx returning a constant on the other core. It holds on a machine that does other work too, where requests per second do
 * not. `bun bench/stress-processor.ts [ROUNDS] [64|400|http2]`
 */
import { medianOf, printMachine, versionLine } from './lib/measure.ts';
import { type Effort, effortOf, onCore, startNginx, stop, stressEffort } from './stress-peers.ts';

const PORT = 18_000 + Math.floor(Math.random() * 1000);
const SECONDS = 3;
const URL = `http://127.0.0.1:${PORT}/`;
const rounds = Number(process.argv[2] ?? 5);
const only = process.argv[3];

const run = async (command: readonly string[], count: RegExp): Promise<Effort> => {
  const child = Bun.spawn(onCore(0, command), { stdio: ['ignore', 'pipe', 'ignore'] });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return effortOf(child, Number(count.exec(text)?.[1]), SECONDS);
};

interface Pair {
  readonly title: string;
  readonly peer: readonly [name: string, run: () => Promise<Effort>];
  readonly flags: readonly string[];
}

const http1 = (connections: number): Pair => ({
  title: `${connections} connections`,
  peer: [
    'wrk -t1',
    () => run(['wrk', '-t1', `-c${connections}`, `-d${SECONDS}s`, URL], /(\d+) requests in/),
  ],
  flags: ['-c', String(connections)],
});

const http2 = (connections: number, streams: number): Pair => ({
  title: `HTTP/2, ${connections} connections with ${streams} streams each`,
  peer: [
    'h2load -t1',
    () =>
      run(
        ['h2load', '-t1', `-c${connections}`, `-m${streams}`, `-D${SECONDS}`, URL],
        /(\d+) succeeded/,
      ),
  ],
  flags: ['--http2', '-c', String(connections), '--streams', String(streams)],
});

const median = (efforts: readonly Effort[], read: (effort: Effort) => number): number =>
  medianOf(efforts.map(read).sort((a, b) => a - b));

const compare = async ({ title, peer, flags }: Pair): Promise<void> => {
  console.log(`\n${title}\n`);
  console.log('| | user us | system us | together | ratio | requests/s | ratio |');
  console.log('|---|---:|---:|---:|---:|---:|---:|');
  const theirs: Effort[] = [];
  const ours: Effort[] = [];
  for (let round = 0; round < rounds; round++) {
    theirs.push(await peer[1]());
    ours.push(await stressEffort([URL, ...flags, '-d', `${SECONDS}s`], 0));
  }
  const sumOf = ({ userUs, systemUs }: Effort): number => userUs + systemUs;
  const ratio = (read: (effort: Effort) => number): string =>
    medianOf(
      ours.map((effort, i) => read(effort) / read(theirs[i]!)).sort((a, b) => a - b),
    ).toFixed(2);
  for (const [name, efforts] of [
    [peer[0], theirs],
    ['puntual stress', ours],
  ] as const) {
    const isPeer = efforts === theirs;
    const figures = [
      median(efforts, ({ userUs }) => userUs).toFixed(2),
      median(efforts, ({ systemUs }) => systemUs).toFixed(2),
      median(efforts, sumOf).toFixed(2),
      isPeer ? '1.00' : ratio(sumOf),
      Math.round(median(efforts, ({ perSecond }) => perSecond)).toLocaleString('en'),
      isPeer ? '1.00' : ratio(({ perSecond }) => perSecond),
    ];
    console.log(`| ${name} | ${figures.join(' | ')} |`);
  }
};

printMachine({
  wrk: versionLine('wrk', '-v'),
  h2load: versionLine('h2load', '--version'),
  nginx: versionLine('nginx', '-v'),
});
for (const protocol of ['', 'http2'] as const) {
  const pairs = protocol === '' ? [http1(64), http1(400)] : [http2(4, 16), http2(32, 32)];
  const asked = pairs.filter(
    ({ title }) => only === undefined || only === protocol || title.startsWith(`${only} `),
  );
  if (asked.length === 0) continue;
  const nginx = await startNginx(PORT, 1, protocol);
  try {
    for (const pair of asked) await compare(pair);
  } finally {
    await stop(nginx);
  }
}
