/**
 * How hard a service on this machine works: how much of the time its threads run, or wait for a processor.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readThread, type ThreadTimes } from '../generator/usage.ts';

export interface ServiceLoad {
  /**
   * Share of the time since the last call in which the service had something to do: 1 when it was never idle.
   * Null when it is not seen, or was called a moment ago.
   */
  readonly take: () => number | null;
}

export const UNSEEN: ServiceLoad = { take: () => null };

const MIN_MS = 200;
/** A listening socket is opened early, so it has a low number; a service may hold 20,000 connections. */
const MAX_DESCRIPTORS = 64;
const LISTENING = '0A';

/** @param port of a service on this machine @cost a look at every process, some 10 ms */
export const watchService = (port: number, cores: number): ServiceLoad => {
  const pids = findListeners(port);
  if (pids.length === 0) return UNSEEN;
  let before = readAll(pids);
  let atMs = performance.now();
  return {
    take: () => {
      const wallMs = performance.now() - atMs;
      if (wallMs < MIN_MS) return null;
      const now = readAll(pids);
      const share = shareOf(before, now, wallMs, cores);
      before = now;
      atMs += wallMs;
      return share;
    },
  };
};

/** Times of every thread: by process, then by thread. */
export type ProcessTimes = ReadonlyMap<string, ReadonlyMap<string, ThreadTimes>>;

/**
 * Of a process it is the busiest thread, or all threads together when they fill every processor; of several
 * processes it is their mean, each counted by the time that it ran.
 */
export const shareOf = (
  before: ProcessTimes,
  now: ProcessTimes,
  wallMs: number,
  cores: number,
): number => {
  let weighted = 0;
  let ranAll = 0;
  for (const [pid, threads] of now) {
    const earlier = before.get(pid);
    let ran = 0;
    let wanted = 0;
    let busiest = 0;
    for (const [thread, times] of threads) {
      const was = earlier?.get(thread);
      if (!was) continue;
      const ranMs = times.ranMs - was.ranMs;
      const wantedMs = ranMs + times.waitedMs - was.waitedMs;
      ran += ranMs;
      wanted += wantedMs;
      busiest = Math.max(busiest, wantedMs);
    }
    weighted += ran * Math.min(1, Math.max(busiest, wanted / cores) / wallMs);
    ranAll += ran;
  }
  return ranAll === 0 ? 0 : weighted / ranAll;
};

const readAll = (pids: readonly string[]): ProcessTimes =>
  new Map(
    pids.map((pid) => {
      const threads = list(`/proc/${pid}/task`).flatMap((thread): [string, ThreadTimes][] => {
        const times = readThread(`/proc/${pid}/task/${thread}/schedstat`);
        return times ? [[thread, times]] : [];
      });
      return [pid, new Map(threads)];
    }),
  );

/** Processes that hold a listening socket of the port, as far as this user may see. */
const findListeners = (port: number): string[] => {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => inodesOf(path, port)),
  );
  if (inodes.size === 0) return [];
  return list('/proc').filter(
    (pid) =>
      /^\d+$/.test(pid) &&
      list(`/proc/${pid}/fd`)
        .slice(0, MAX_DESCRIPTORS)
        .some((fd) => inodes.has(linkOf(`/proc/${pid}/fd/${fd}`))),
  );
};

/** @source proc_net_tcp(5): local_address is HEX:PORT, st is the state, inode the tenth field */
const inodesOf = (path: string, port: number): string[] => {
  try {
    const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    return readFileSync(path, 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(suffix) && state === LISTENING)
      .map((fields) => `socket:[${fields[9]}]`);
  } catch {
    return [];
  }
};

const list = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

const linkOf = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
};
