/**
 * Does a good caller notice an attack that keeps to the protocol? Each attack goes on for a while beside a caller who
 * asks 500 flights a second: every one of its requests is to be answered, no worker replaced, memory bounded, and the
 * work over within 2 s of the attackers' leaving. The attackers keep to half a processor.
 * `npx bun bench/attacks.ts [SECONDS] [MEMORY-MB] [ATTACK...]`; with a size, by root, the whole service runs in a control
 * group that holds no more; 0: without a limit.
 */
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { ATTACKS, type Attack, type Attacker } from './lib/attacks.ts';
import { beginPuntualIn, scratchDir } from './lib/http-peers.ts';
import { printMachine } from './lib/measure.ts';
import { makeMemoryGroup } from './lib/memory-group.ts';
import { buildTurnTimes } from './lib/turn-times.ts';

const [seconds = '20', memoryMb = '0', ...wanted] = process.argv.slice(2);
const durationMs = Number(seconds) * 1000;
const WORKERS = 2;
const GOOD_RATE = 500;
const IDLE_LIMIT_MS = 30_000;
/** Of one processor: with more, the attackers would be felt for the processors that they take, not for what they send. */
const CPU_SHARE = 0.5;

printMachine();
storeModel(scratchDir, buildPlantedModel({ name: 'bench' }), new Date());
const turns = buildTurnTimes(scratchDir);

interface Workers {
  readonly workers: readonly {
    readonly pid: number;
    readonly state: string;
    readonly restarts: number;
    readonly rssMb: number;
    readonly inHand: number;
  }[];
}

interface Report {
  readonly outcomes: { readonly ok: number };
  readonly planned: number;
  readonly serviceTime: { readonly p50Ms: number; readonly p99Ms: number };
}

/** The good caller, in a process of its own. */
const goodCaller = async (port: number, ms: number): Promise<Report> => {
  const { stdout } = Bun.spawn(
    [
      ...[process.execPath, join(import.meta.dir, '../src/cli/main.ts'), 'stress'],
      ...[`http://127.0.0.1:${port}/predict`, '--rate', `${GOOD_RATE}`, '-c', '8', '-t', '1'],
      ...['-d', `${Math.round(ms / 1000)}s`, '--no-check', '--json'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return (await new Response(stdout).json()) as Report;
};

/** Fills half a processor at most; when time is up nobody waits any more. */
const buildBreath = (endMs: number): (() => Promise<void>) => {
  const startMs = performance.now();
  const before = process.cpuUsage();
  return async () => {
    while (performance.now() < endMs) {
      const { user, system } = process.cpuUsage(before);
      if ((user + system) / 1000 <= CPU_SHARE * (performance.now() - startMs)) return;
      await Bun.sleep(5);
    }
  };
};

console.log(
  `\n${seconds} s each, ${memoryMb === '0' ? 'no limit of memory' : `all in ${memoryMb} MB`}, ${WORKERS} workers, ${GOOD_RATE} flights/s by the good caller\n`,
);
console.log(
  '| attack | attackers | answered to the good caller | p50 ms | p99 ms | workers replaced | ended by the kernel | all together, most MB | work over after ms | longest turn, ms of processor | turns above 10 ms |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
);
const rounds: readonly Attack[] = [
  { name: '(none)', nAtOnce: 0, attacker: async () => {} },
  ...ATTACKS.filter(
    ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
  ),
];
for (const { name, nAtOnce, attacker } of rounds) {
  const group = memoryMb === '0' ? undefined : makeMemoryGroup(Number(memoryMb));
  const service = await beginPuntualIn(
    [...(turns?.prefix ?? []), ...(group?.prefix ?? [])],
    scratchDir,
    'puntual serve',
    ...['--workers', `${WORKERS}`],
  );
  const { port } = service;
  const read = async (): Promise<Workers['workers']> =>
    ((await (await fetch(`http://127.0.0.1:${port + 1}/workers`)).json()) as Workers).workers;
  let isOver = false;
  let mostMb = 0;
  const watching = (async () => {
    while (!isOver) {
      const workers = await read();
      turns?.watch(workers.filter(({ state }) => state === 'ready').map(({ pid }) => pid));
      mostMb = Math.max(
        mostMb,
        workers.reduce((sum, { rssMb }) => sum + rssMb, 0),
      );
      await Bun.sleep(100);
    }
  })();
  const endMs = performance.now() + durationMs;
  const self: Attacker = {
    port,
    goesOn: () => performance.now() < endMs,
    breath: buildBreath(endMs),
  };
  const attackers = Array.from({ length: nAtOnce }, () => attacker(self).catch(() => {}));
  const report = await goodCaller(port, durationMs);
  await Promise.all(attackers);
  const leftMs = performance.now();
  while (
    (await read()).some(({ inHand }) => inHand > 0) &&
    performance.now() - leftMs < IDLE_LIMIT_MS
  )
    await Bun.sleep(20);
  const busyMs = performance.now() - leftMs;
  isOver = true;
  await watching;
  const restarts = (await read()).reduce((sum, worker) => sum + worker.restarts, 0);
  const turn = turns?.read();
  const { outcomes, planned, serviceTime } = report;
  console.log(
    `| ${name} | ${nAtOnce} | ${outcomes.ok} of ${planned} | ${serviceTime.p50Ms.toFixed(1)} | ${serviceTime.p99Ms.toFixed(1)} | ${restarts} | ${group?.nKills() ?? ''} | ${(group?.mostMb() ?? mostMb).toFixed(0)} | ${busyMs.toFixed(0)} | ${turn?.longestMs ?? ''} | ${turn ? `${turn.nLong} of ${turn.n}` : ''} |`,
  );
  await service.stop();
  group?.remove();
}
process.exit(0);
