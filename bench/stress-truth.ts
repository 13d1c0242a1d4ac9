/**
 * Are errors counted as the service itself would count them? Services that die, freeze, hang, stall, are too slow, or have
 * bad habits, each beside its own log of answers; and the exit code that a pipeline sees.
 * `bun bench/stress-truth.ts [REPEATS] [outages|odd|PART OF A NAME]`
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Subprocess } from 'bun';
import { printMachine } from './lib/measure.ts';
import { runStress, startPeer, stop } from './stress-peers.ts';

const FIRST_PORT = 20_000;
const N_PORTS = 8000;
const repeats = Number(process.argv[2] ?? 5);
const asked = process.argv[3];
const folder = mkdtempSync(join(tmpdir(), 'puntual-truth-'));

interface Case {
  readonly name: string;
  /** Milliseconds of each answer, and every which request is never answered; or a bad habit. */
  readonly service: readonly [delayMs: number, hangEvery: number] | string;
  readonly flags: readonly string[];
  /** What happens to it, and when. */
  readonly at?: readonly { readonly ms: number; readonly signal: NodeJS.Signals }[];
  /** Null: a service that closes without notice may lose requests or not. */
  readonly exit: number | null;
}

const SLO = ['--slo', 'errors<0.5%'];

const CASES: readonly Case[] = [
  {
    name: 'killed after 2 s of 5 s, 100/s',
    service: [0, 0],
    flags: ['--rate', '100', '-d', '5s', '--timeout', '2s', ...SLO],
    at: [{ ms: 2000, signal: 'SIGKILL' }],
    exit: 99,
  },
  {
    name: 'the same, closed loop, no threshold',
    service: [5, 0],
    flags: ['-c', '4', '-d', '5s', '--timeout', '2s'],
    at: [{ ms: 2000, signal: 'SIGKILL' }],
    exit: 99,
  },
  {
    name: 'frozen after 2 s of 5 s, 100/s',
    service: [0, 0],
    flags: ['--rate', '100', '-d', '5s', '--timeout', '2s', ...SLO],
    at: [{ ms: 2000, signal: 'SIGSTOP' }],
    exit: 99,
  },
  {
    name: 'frozen, closed loop, no threshold',
    service: [5, 0],
    flags: ['-c', '4', '-d', '5s', '--timeout', '2s'],
    at: [{ ms: 2000, signal: 'SIGSTOP' }],
    exit: 99,
  },
  {
    name: '1 % is never answered, 200/s',
    service: [0, 100],
    flags: ['--rate', '200', '-d', '5s', '--timeout', '1s', ...SLO],
    exit: 99,
  },
  {
    name: '500/s over 10 connections, 100 ms each',
    service: [100, 0],
    flags: ['--rate', '500', '-c', '10', '-d', '4s', '--timeout', '2s', ...SLO],
    exit: 99,
  },
  {
    name: 'stalled for 0.7 s, 100/s',
    service: [0, 0],
    flags: ['--rate', '100', '-d', '4s', '--timeout', '2s', ...SLO],
    at: [
      { ms: 2000, signal: 'SIGSTOP' },
      { ms: 2700, signal: 'SIGCONT' },
    ],
    exit: 0,
  },
];

/** Of the answers that the log has, this one went to the probe. */
const N_BEFORE = 1;

const ODD_FLAGS = ['--rate', '100', '-c', '16', '-d', '3s', '--timeout', '1s', ...SLO];

const ODD_CASES: readonly Case[] = [
  { name: 'half answers', service: 'half answers', flags: ODD_FLAGS, exit: 99 },
  { name: 'a trickle', service: 'a trickle that outlasts the timeout', flags: ODD_FLAGS, exit: 99 },
  { name: 'two answers for one', service: 'two answers for one', flags: ODD_FLAGS, exit: 99 },
  {
    name: 'informational answers, 1 in 25 with none after',
    service: 'early hints, sometimes nothing after them',
    flags: ODD_FLAGS,
    exit: 99,
  },
  {
    name: 'chunks with trailers, cut anywhere',
    service: 'chunks with trailers, cut anywhere',
    flags: ODD_FLAGS,
    exit: 0,
  },
  {
    name: 'closes after five answers',
    service: 'closes after five answers',
    flags: ODD_FLAGS,
    exit: null,
  },
  { name: 'resets inside a body', service: 'resets inside a body', flags: ODD_FLAGS, exit: 99 },
  {
    name: 'accepts, and reads nothing of every fourth connection',
    service: 'reads nothing of every fourth connection',
    flags: ODD_FLAGS,
    exit: 99,
  },
  {
    name: '1 % wrong bodies, checked',
    service: '1 % wrong bodies',
    flags: [...ODD_FLAGS, '--expect-body', 'hello'],
    exit: 99,
  },
];

const runCase = async ({ service, flags, at = [] }: Case, run: number, log: string) => {
  // Whatever else listens on this machine must not answer in its place.
  const port = FIRST_PORT + Math.floor(Math.random() * N_PORTS);
  const url = `http://127.0.0.1:${port}/x`;
  const child: Subprocess =
    typeof service === 'string'
      ? await startPeer('odd.ts', port, [log, service])
      : await startPeer('logged.ts', port, [log, ...service]);
  const timers: Timer[] = [];
  try {
    const running = runStress([url, ...flags, '--seed', String(run + 1), '-t', '1']);
    // The load begins with the first answer after the probe's.
    const isOver = running.then(() => true);
    const tick = (): Promise<boolean> => Bun.sleep(10).then(() => false);
    while (
      at.length > 0 &&
      statSync(log).size <= N_BEFORE &&
      !(await Promise.race([isOver, tick()]))
    );
    for (const { ms, signal } of at) timers.push(setTimeout(() => child.kill(signal), ms));
    const result = await running;
    return { result, answered: statSync(log).size - N_BEFORE };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await stop(child);
  }
};

printMachine();
console.log(
  '\n| case | planned | errors | not answered, by the service’s log | off by | longest gap s | exit | |\n|---|---:|---:|---:|---:|---:|---:|---|',
);
const all = [...CASES, ...ODD_CASES];
const cases =
  asked === undefined
    ? all
    : asked === 'outages'
      ? CASES
      : asked === 'odd'
        ? ODD_CASES
        : all.filter(({ name }) => name.includes(asked));
let nWrong = 0;
for (const one of cases) {
  for (let run = 0; run < repeats; run++) {
    const log = join(folder, `${cases.indexOf(one)}-${run}.log`);
    const { result, answered } = await runCase(one, run, log);
    const { planned, errors, longestGapMs, exitCode } = result;
    const missing = planned - answered;
    const off = (errors - missing) / planned;
    // A noisy machine is told (3) and never a wrong answer.
    const isRight =
      Math.abs(off) <= 0.01 &&
      (one.exit === null || exitCode === one.exit || (one.exit === 0 && exitCode === 3));
    if (!isRight) nWrong++;
    console.log(
      `| ${one.name} | ${planned} | ${errors} | ${missing} | ${(off * 100).toFixed(2)} % | ${(longestGapMs / 1000).toFixed(2)} | ${exitCode} | ${isRight ? '' : 'WRONG'} |`,
    );
  }
}
console.log(
  `\n${nWrong === 0 ? 'holds' : 'FAILS'}: errors within 1 % of the planned requests of what the service's own log says, exit codes right`,
);
rmSync(folder, { recursive: true });
