/**
 * Does a good caller notice an attack that keeps to the protocol? Each attack goes on for a while beside a caller who
 * asks 500 flights a second: every one of its requests is to be answered, no worker replaced, memory bounded, and the
 * work over within 2 s of the attackers' leaving. The attackers keep to half a processor.
 * `npx bun bench/attacks.ts [SECONDS] [PLACE] [ATTACK...]`; places other than 0 (this machine as it is) need root: a number
 * of MB, a control group in which the whole service holds no more; `CPUS:MB`, a container without rights (`lib/place.ts`).
 * All attacks of 60 s end within 40 minutes, also where something hangs; what failed is a row of its own.
 */
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { ATTACKS, type Attack, type Attacker } from './lib/attacks.ts';
import { scratchDir } from './lib/http-peers.ts';
import { printMachine } from './lib/measure.ts';
import { placeOf } from './lib/place.ts';
import { buildTurnTimes } from './lib/turn-times.ts';

const [seconds = '20', where = '0', ...wanted] = process.argv.slice(2);
const durationMs = Number(seconds) * 1000;
const place = placeOf(where);
/** In a container the service sees for itself how many it has room for. */
const flags = place.cpus === undefined ? ['--workers', '2'] : [];
const GOOD_RATE = 500;
const P99_LIMIT_MS = 50;
const OVER_LIMIT_MS = 2000;
/** How long the bench waits for attackers that hang, and for work that is not over. */
const LEAVE_LIMIT_MS = 3000;
const IDLE_LIMIT_MS = 8000;
const READ_LIMIT_MS = 5000;
/** How long an attack may take beside its own time, in the mean of all. */
const AROUND_MS = 16_000;
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
  const child = Bun.spawn(
    [
      ...[process.execPath, join(import.meta.dir, '../src/cli/main.ts'), 'stress'],
      ...[`http://127.0.0.1:${port}/predict`, '--rate', `${GOOD_RATE}`, '-c', '8', '-t', '1'],
      ...['-d', `${Math.round(ms / 1000)}s`, '--no-check', '--json'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const end = () => child.kill('SIGKILL');
  process.on('exit', end);
  const report = (await new Response(child.stdout).json()) as Report;
  process.off('exit', end);
  return report;
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

console.log(`\n${seconds} s each, ${place.words}, ${GOOD_RATE} flights/s by the good caller\n`);
console.log(
  '| attack | attackers | answered to the good caller | p50 ms | p99 ms | workers | replaced | ended by the kernel | all together, most MB | waited for its quota, ms | work over after ms | longest turn, ms of processor | turns above 10 ms |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
);

/** What one attack did. */
interface Row {
  readonly name: string;
  readonly isAnswered: boolean;
  readonly p99Ms: number;
  readonly nReplaced: number;
  readonly nKills: number;
  readonly mostMb: number;
  readonly overMs: number;
}

const attack = async (one: Attack): Promise<Row> => {
  const service = await place.begin({
    modelsDir: scratchDir,
    flags,
    ...(turns && {
      env: turns.env,
      sees: [{ path: turns.library }, { path: turns.dir, isWritable: true }],
    }),
  });
  try {
    return await attackOn(service, one);
  } finally {
    await service.stop();
  }
};

const attackOn = async (
  service: Awaited<ReturnType<typeof place.begin>>,
  { name, nAtOnce, attacker }: Attack,
): Promise<Row> => {
  const { port } = service;
  const read = async (): Promise<Workers['workers']> => {
    const signal = AbortSignal.timeout(READ_LIMIT_MS);
    const answer = await fetch(`http://127.0.0.1:${port + 1}/workers`, { signal });
    return ((await answer.json()) as Workers).workers;
  };
  let isOver = false;
  let heldMb = 0;
  const watching = (async () => {
    while (!isOver) {
      const workers = await read();
      turns?.watch(workers.filter(({ state }) => state === 'ready').map(({ pid }) => pid));
      heldMb = Math.max(
        heldMb,
        workers.reduce((sum, { rssMb }) => sum + rssMb, 0),
      );
      await Bun.sleep(100);
    }
  })();
  watching.catch(() => {});
  const endMs = performance.now() + durationMs;
  const self: Attacker = {
    port,
    goesOn: () => performance.now() < endMs,
    breath: buildBreath(endMs),
  };
  const attackers = Array.from({ length: nAtOnce }, () => attacker(self).catch(() => {}));
  const report = await goodCaller(port, durationMs);
  await Promise.race([Promise.all(attackers), Bun.sleep(LEAVE_LIMIT_MS)]);
  const leftMs = performance.now();
  while (
    (await read()).some(({ inHand }) => inHand > 0) &&
    performance.now() - leftMs < IDLE_LIMIT_MS
  )
    await Bun.sleep(20);
  const overMs = performance.now() - leftMs;
  isOver = true;
  await watching;
  const workers = await read();
  const nReplaced = workers.reduce((sum, worker) => sum + worker.restarts, 0);
  const turn = turns?.read();
  const { outcomes, planned, serviceTime } = report;
  const nKills = service.nKills();
  const mostMb = service.mostMb() ?? heldMb;
  console.log(
    `| ${[
      ...[name, nAtOnce, `${outcomes.ok} of ${planned}`],
      ...[serviceTime.p50Ms.toFixed(1), serviceTime.p99Ms.toFixed(1)],
      ...[workers.length, nReplaced, nKills ?? '', mostMb.toFixed(0)],
      ...[service.throttledMs()?.toFixed(0) ?? '', overMs.toFixed(0)],
      ...(turn ? [turn.longestMs, `${turn.nLong} of ${turn.n}`] : ['', '']),
    ].join(' | ')} |`,
  );
  return {
    name,
    isAnswered: outcomes.ok === planned,
    p99Ms: serviceTime.p99Ms,
    nReplaced,
    nKills: nKills ?? 0,
    mostMb,
    overMs,
  };
};

/** The bars, each with what misses it. */
const verdict = (rows: readonly Row[]): string => {
  const bar = (what: string, misses: (row: Row) => string | undefined): string => {
    const missed = rows.flatMap((row) => {
      const miss = misses(row);
      return miss === undefined ? [] : [`${row.name} ${miss}`];
    });
    return `${what}: ${missed.length === 0 ? 'yes' : `no (${missed.join('; ')})`}`;
  };
  const unless = (isMet: boolean, miss: string): string | undefined => (isMet ? undefined : miss);
  const { memoryMb = Number.POSITIVE_INFINITY } = place;
  return [
    bar('every request answered', ({ isAnswered }) => unless(isAnswered, 'not all')),
    bar(`p99 below ${P99_LIMIT_MS} ms`, ({ p99Ms }) =>
      unless(p99Ms < P99_LIMIT_MS, p99Ms.toFixed(1)),
    ),
    bar('no worker replaced or ended', ({ nReplaced, nKills }) =>
      unless(nReplaced + nKills === 0, `${nReplaced} replaced, ${nKills} ended`),
    ),
    bar('memory inside the limit', ({ mostMb }) =>
      unless(mostMb < memoryMb, `${mostMb.toFixed(0)} MB`),
    ),
    bar('work over within 2 s', ({ overMs }) => unless(overMs <= OVER_LIMIT_MS, overMs.toFixed(0))),
  ].join(', ');
};

const rounds: readonly Attack[] = [
  { name: '(none)', nAtOnce: 0, attacker: async () => {} },
  ...ATTACKS.filter(
    ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
  ),
];
const rows: Row[] = [];
const failed: string[] = [];
const finish = (): never => {
  const [alone, ...attacked] = rows;
  const missing = rounds.length - rows.length - failed.length;
  console.log(
    `\n${attacked.length} attacks, p99 without one ${alone?.p99Ms.toFixed(1)} ms; ${verdict(attacked)}${failed.length > 0 ? `; failed: ${failed.join('; ')}` : ''}${missing > 0 ? `; not run: ${missing}` : ''}`,
  );
  process.exit(failed.length + missing > 0 ? 1 : 0);
};
setTimeout(finish, rounds.length * (durationMs + AROUND_MS));
for (const one of rounds)
  try {
    rows.push(await attack(one));
  } catch (error) {
    console.log(`| ${one.name} | failed: ${(error as Error).message} |`);
    failed.push(one.name);
  }
finish();
