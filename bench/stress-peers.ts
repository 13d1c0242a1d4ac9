/**
 * What the stress benches share: the services that are stressed, the generator as a process, its peers.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
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
