/**
 * Does a service survive callers who mean harm? 100,000 requests that are broken on purpose, 5,000 senders who never
 * finish, and one well-behaved caller beside them, whose p99 is compared with that of a quiet service. The hostile side
 * keeps to half a processor. By root the good caller goes before the others: what it waits for is the service.
 * `npx bun bench/hostile.ts [REQUESTS]`
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildRandom } from '../src/core/random.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { buildHostileKinds } from './lib/hostile-kinds.ts';
import { beginPuntual, scratchDir } from './lib/http-peers.ts';
import { FIRST, medianOf, printMachine } from './lib/measure.ts';

const nRequests = Number(process.argv[2] ?? 100_000);
const SEED = 7;
const AT_ONCE = 64;
/** Of one processor: with more, the hostile callers would be felt for the processors that they take, not for what they send. */
const CPU_SHARE = 0.5;
const SLOW_SENDERS = 5000;
const ANSWER_LIMIT_MS = 3000;
/** Of the good caller: a process of its own each, which takes a while to start, and compiles in its first second. */
const ROUND_SECONDS = 10;
const QUIET_MS = 15_000;
/** Of `/proc/PID/stat`, in a second. */
const TICKS = 100;

printMachine();
storeModel(scratchDir, buildPlantedModel({ name: 'bench' }), new Date());
const service = await beginPuntual(scratchDir, 'puntual serve', '--workers', '2');
const random = buildRandom(SEED);
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

const kinds = buildHostileKinds(random);
const names = Object.keys(kinds);

/** Sends bytes and waits for an answer, the end, or the limit. @returns the status, 0 for an end without one, -1 for silence */
const send = (bytes: string): Promise<number> =>
  new Promise((resolve) => {
    let text = '';
    const timer = setTimeout(() => finish(-1), ANSWER_LIMIT_MS);
    let socket: { end: () => void; terminate: () => void } | undefined;
    const finish = (status: number): void => {
      clearTimeout(timer);
      resolve(status);
      socket?.terminate();
    };
    Bun.connect({
      hostname: '127.0.0.1',
      port: service.port,
      socket: {
        open: (own) => {
          socket = own;
          own.write(Buffer.from(bytes, 'latin1'));
        },
        data: (_, part) => {
          text += part.toString('latin1');
          const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
          if (status) finish(Number(status));
        },
        close: () => finish(0),
        error: () => finish(0),
      },
    }).catch(() => finish(0));
  });

const seen = new Map<string, Map<number, number>>();
const attack = async (n: number): Promise<void> => {
  let left = n;
  const startMs = performance.now();
  const before = process.cpuUsage();
  const isPastShare = (): boolean => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 > CPU_SHARE * (performance.now() - startMs);
  };
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) {
        while (isPastShare()) await Bun.sleep(5);
        const kind = pick(names);
        const status = await send(kinds[kind]!());
        const counts = seen.get(kind) ?? new Map<number, number>();
        seen.set(kind, counts.set(status, (counts.get(status) ?? 0) + 1));
      }
    }),
  );
};

interface Report {
  readonly outcomes: { readonly ok: number };
  readonly planned: number;
  readonly serviceTime: { readonly p50Ms: number; readonly p99Ms: number };
  readonly lag: { readonly p99Ms: number };
}

/** What the good caller saw: medians of the rounds. */
interface Felt {
  readonly nRounds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the rounds. */
  readonly worstP99Ms: number;
  /** How late it sent its own requests: it waits for a processor as well. */
  readonly lateP99Ms: number;
  readonly nAsked: number;
  readonly nFailed: number;
  /** Of a processor, that the workers took. */
  readonly workers: number;
}

/** Seconds of a processor that the workers have taken so far. */
const workerSeconds = async (): Promise<number> => {
  const { workers } = (await (
    await fetch(`http://127.0.0.1:${service.port + 1}/workers`)
  ).json()) as { readonly workers: readonly { readonly pid: number }[] };
  return workers.reduce((sum, { pid }) => {
    const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .split(') ')[1]!
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return sum + (user! + system!) / TICKS;
  }, 0);
};

/** A caller in a process of its own asks 200 flights a second while `work` goes on, in rounds. */
const during = async (work: () => Promise<unknown>): Promise<Felt> => {
  let going = true;
  const startMs = performance.now();
  const before = await workerSeconds();
  const done = work().finally(() => {
    going = false;
  });
  const reports: Report[] = [];
  while (going) {
    const { stdout } = Bun.spawn(
      [
        ...[...FIRST, process.execPath, join(import.meta.dir, '../src/cli/main.ts'), 'stress'],
        ...[`http://127.0.0.1:${service.port}/predict`, '--rate', '200', '-c', '4', '-t', '1'],
        ...['-d', `${ROUND_SECONDS}s`, '--no-check', '--json'],
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    reports.push((await new Response(stdout).json()) as Report);
  }
  await done;
  const workers = (await workerSeconds()) - before;
  const sorted = (read: (report: Report) => number): number[] =>
    reports.map(read).sort((a, b) => a - b);
  const nAsked = reports.reduce((sum, { planned }) => sum + planned, 0);
  const p99Ms = sorted(({ serviceTime }) => serviceTime.p99Ms);
  return {
    nRounds: reports.length,
    p50Ms: medianOf(sorted(({ serviceTime }) => serviceTime.p50Ms)),
    p99Ms: medianOf(p99Ms),
    worstP99Ms: p99Ms.at(-1)!,
    lateP99Ms: medianOf(sorted(({ lag }) => lag.p99Ms)),
    nAsked,
    nFailed: nAsked - reports.reduce((sum, { outcomes }) => sum + outcomes.ok, 0),
    workers: workers / ((performance.now() - startMs) / 1000),
  };
};

const quiet = await during(() => Bun.sleep(QUIET_MS));
const attackStartMs = performance.now();
let attackMs = 0;
const attacked = await during(async () => {
  await attack(nRequests);
  attackMs = performance.now() - attackStartMs;
});

const senders: { terminate: () => void }[] = [];
const beside = await during(async () => {
  for (let i = 0; i < SLOW_SENDERS; i++)
    senders.push(
      await Bun.connect({
        hostname: '127.0.0.1',
        port: service.port,
        socket: { data: () => {}, open: (own) => void own.write('POST /predict HTTP/1.1\r\nX: ') },
      }),
    );
  for (let round = 0; round < 20; round++) {
    for (const sender of senders) (sender as unknown as { write: (s: string) => void }).write('a');
    await Bun.sleep(100);
  }
});
for (const sender of senders) sender.terminate();

console.log(`\n${nRequests} hostile requests, ${AT_ONCE} at once, seed ${SEED}\n`);
console.log('| kind | answers: how many |\n|---|---|');
for (const [kind, counts] of [...seen].sort()) {
  const words = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([status, n]) => `${status === 0 ? 'closed' : status === -1 ? 'waiting' : status}: ${n}`);
  console.log(`| ${kind} | ${words.join(', ')} |`);
}
const metrics = await (await fetch(`http://127.0.0.1:${service.port + 1}/metrics`)).text();
const restarts = [...metrics.matchAll(/^puntual_worker_restarts_total\{.*\} (\d+)$/gm)].reduce(
  (sum, [, n]) => sum + Number(n),
  0,
);
const serverErrors = [...seen.values()]
  .flatMap((counts) => [...counts])
  .filter(([status]) => status >= 500 && status !== 503)
  .reduce((sum, [, n]) => sum + n, 0);
console.log(`\nanswers of 5xx but 503: ${serverErrors}; workers replaced: ${restarts}`);
console.log(`${Math.round(nRequests / (attackMs / 1000))} hostile requests a second\n`);
console.log(
  `A well-behaved caller, ${ROUND_SECONDS} s a round (medians):\n\n| beside | rounds | answered | p50 ms | p99 ms | worst round | sent late, p99 ms | workers, of a processor |\n|---|---:|---:|---:|---:|---:|---:|---:|`,
);
for (const [name, felt] of [
  ['nobody', quiet],
  ['the hostile ones', attacked],
  [`${SLOW_SENDERS} slow senders`, beside],
] as const)
  console.log(
    `| ${name} | ${felt.nRounds} | ${felt.nAsked - felt.nFailed} of ${felt.nAsked} | ${felt.p50Ms.toFixed(1)} | ${felt.p99Ms.toFixed(1)} | ${felt.worstP99Ms.toFixed(1)} | ${felt.lateP99Ms.toFixed(1)} | ${felt.workers.toFixed(2)} |`,
  );
await service.stop();
