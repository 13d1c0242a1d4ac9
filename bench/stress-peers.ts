/**
 * What the stress benches share: the services that are stressed, the generator as a process, its peers.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Subprocess } from 'bun';

const MAIN = join(import.meta.dir, '..', 'src', 'cli', 'main.ts');

/** Which core a process may use; where `taskset` is absent, any. */
export const onCore = (core: number, command: readonly string[]): string[] =>
  Bun.which('taskset') ? ['taskset', '-c', String(core), ...command] : [...command];

/** nginx with one worker that answers a constant. */
export const startNginx = async (
  port: number,
  core: number,
  protocol: '' | 'http2' = '',
): Promise<Subprocess> => {
  const dir = mkdtempSync(join(tmpdir(), 'puntual-nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${dir}/${name};`)
    .join(' ');
  writeFileSync(
    join(dir, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${dir}/pid; error_log ${dir}/error.log; worker_rlimit_nofile 19000;
events { worker_connections 18000; }
http { access_log off; http2_max_concurrent_streams 256; keepalive_requests 1000000000; keepalive_timeout 600s; ${temporary}
  server { listen 127.0.0.1:${port} ${protocol} backlog=4096; location / { default_type text/plain; return 200 "hello"; } } }
`,
  );
  const child = Bun.spawn(onCore(core, ['nginx', '-c', join(dir, 'nginx.conf')]), {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await listens(port);
  return child;
};

/** Waits until something listens. */
export const listens = async (port: number): Promise<void> => {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data: () => {} } });
      socket.end();
      return;
    } catch {
      await Bun.sleep(25);
    }
  }
  throw new Error(`nothing listens on port ${port}`);
};

/** One of the services in `bench/peers/load`. @param core null: any */
export const startPeer = async (
  file: string,
  port: number,
  args: readonly (string | number)[],
  core: number | null = 1,
): Promise<Subprocess> => {
  const path = join(import.meta.dir, 'peers', 'load', file);
  const command = [process.execPath, path, String(port), ...args.map(String)];
  const child = Bun.spawn(core === null ? command : onCore(core, command), {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await listens(port);
  return child;
};

export const stop = async (child: Subprocess): Promise<void> => {
  child.kill();
  await child.exited;
};

interface Quantiles {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly count: number;
}

/** The keys of `stress --json` that benches read. */
export interface StressResult {
  readonly exitCode: number;
  readonly verdict: string;
  readonly verdictSentence: string;
  readonly model: 'open' | 'closed';
  readonly planned: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly errors: number;
  readonly longestGapMs: number;
  readonly throughputPerSecond: number;
  readonly responseTime: Quantiles;
  readonly serviceTime: Quantiles;
  readonly connections: { readonly planned: number; readonly opened: number };
  readonly generator: {
    readonly busy: number;
    readonly starved: number;
    readonly service: number | null;
  };
  readonly names?: readonly { readonly name: string; readonly planned: number }[];
  readonly users?: {
    readonly started: number;
    readonly done: number;
    readonly failed: number;
  } | null;
  readonly findMax?: {
    readonly sustainedPerSecond: number | null;
    readonly breakingPerSecond: number | null;
    readonly reason: string | null;
  };
  readonly faults?: readonly {
    readonly requestsLost: number;
    readonly restarts: number | null;
    readonly recoveredMs: number | null;
    readonly undone: boolean;
    readonly notes: readonly string[];
  }[];
  readonly comparison?: { readonly regressed: boolean; readonly sentence: string };
}

/** Processor time of a generator for each request, microseconds. */
export interface Effort {
  readonly perSecond: number;
  readonly userUs: number;
  readonly systemUs: number;
}

/** Of a generator that is one process, from its start to its end. */
export const effortOf = (child: Subprocess, nRequests: number, seconds: number): Effort => {
  const { user, system } = child.resourceUsage()!.cpuTime;
  return {
    perSecond: nRequests / seconds,
    userUs: Number(user) / nRequests,
    systemUs: Number(system) / nRequests,
  };
};

const JIFFY_US = 10_000;
const SAMPLE_MS = 25;
/** A generator process starts and opens its connections before it sends. */
const SETTLING_MS = 700;

/** User and system time of a process and all its threads so far, microseconds; undefined once it is gone. */
const processorTimeOf = (pid: number): readonly [user: number, system: number] | undefined => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
    return [Number(fields[11]) * JIFFY_US, Number(fields[12]) * JIFFY_US];
  } catch {
    return undefined;
  }
};

/** Of the one generator process of a `puntual stress` in a closed loop, from soon after its start to its end. */
export const stressEffort = async (args: readonly string[], core: number): Promise<Effort> => {
  const command = [process.execPath, MAIN, 'stress', ...args, '-t', '1', '--json'];
  const child = Bun.spawn(onCore(core, command), { stdio: ['ignore', 'pipe', 'inherit'] });
  const text = new Response(child.stdout).text();
  let isOver = false;
  void text.then(() => {
    isOver = true;
  });
  const samples: { readonly atMs: number; readonly spent: readonly [number, number] }[] = [];
  while (!isOver) {
    const [pid] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
    const spent = pid === undefined ? undefined : processorTimeOf(pid);
    if (spent) samples.push({ atMs: performance.now(), spent });
    await Bun.sleep(SAMPLE_MS);
  }
  await child.exited;
  const { throughputPerSecond } = JSON.parse(await text) as StressResult;
  const first = samples.find(({ atMs }) => atMs - samples[0]!.atMs >= SETTLING_MS)!;
  const last = samples.findLast(({ spent }) => spent[0] + spent[1] > first.spent[0])!;
  const nRequests = (throughputPerSecond * (last.atMs - first.atMs)) / 1000;
  return {
    perSecond: throughputPerSecond,
    userUs: (last.spent[0] - first.spent[0]) / nRequests,
    systemUs: (last.spent[1] - first.spent[1]) / nRequests,
  };
};

/** `puntual stress` as its users run it. @param before what stands before the command, such as `nice -n 10` */
export const runStress = async (
  args: readonly string[],
  core?: number,
  before: readonly string[] = [],
): Promise<StressResult> => {
  const command = [...before, process.execPath, MAIN, 'stress', ...args, '--json'];
  const child = Bun.spawn(core === undefined ? command : onCore(core, command), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const text = await new Response(child.stdout).text();
  return { exitCode: await child.exited, ...(JSON.parse(text) as Omit<StressResult, 'exitCode'>) };
};
