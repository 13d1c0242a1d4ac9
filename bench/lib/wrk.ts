/**
 * Runs wrk and reads what it prints.
 */
import { join } from 'node:path';

const POST_LUA = join(import.meta.dir, '../..', 'scripts', 'post.lua');

export interface WrkRun {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers outside 200 to 399. */
  readonly refused: number;
  readonly socketErrors: number;
}

interface WrkLoad {
  readonly connections: number;
  readonly seconds: number;
  readonly threads?: number;
  readonly path?: string;
  readonly script?: string;
  /** A new connection for each request. */
  readonly isFresh?: boolean;
}

const UNITS_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

const msOf = (text: string, percent: number): number => {
  const match = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)`, 'm').exec(text);
  return match ? Number(match[1]) * UNITS_MS[match[2]!]! : Number.NaN;
};

/** wrk as it runs. */
interface Wrk {
  /** Resolves when its time is over. */
  readonly ended: Promise<WrkRun>;
  /** Ends it now. */
  readonly stop: () => Promise<WrkRun>;
}

export const runWrk = (port: number, load: WrkLoad): Promise<WrkRun> => beginWrk(port, load).ended;

export const beginWrk = (port: number, load: WrkLoad): Wrk => {
  const { connections, seconds, threads = 2, path = '/predict', script = POST_LUA } = load;
  const child = Bun.spawn(
    [
      'wrk',
      `-t${threads}`,
      `-c${connections}`,
      `-d${seconds}s`,
      '--latency',
      ...['--timeout', '10s', '-s', script, `http://127.0.0.1:${port}${path}`],
      ...(load.isFresh ? ['--', 'close'] : []),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = new Response(child.stdout).text().then(parseWrk);
  return {
    ended,
    stop: () => {
      child.kill('SIGINT');
      return ended;
    },
  };
};

const parseWrk = (text: string): WrkRun => {
  const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  return {
    requests: Number(/^\s+(\d+) requests in/m.exec(text)?.[1] ?? Number.NaN),
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? Number.NaN),
    p50Ms: msOf(text, 50),
    p99Ms: msOf(text, 99),
    refused: Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0),
    socketErrors: socket ? socket.slice(1).reduce((sum, n) => sum + Number(n), 0) : 0,
  };
};
