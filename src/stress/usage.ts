/**
 * What a process uses of the machine: processor time, time spent waiting for a processor, memory.
 * Stands beside the shard; the self-check reads the differences.
 */
import { readFileSync } from 'node:fs';

export interface Usage {
  readonly atMs: number;
  readonly cpuMs: number;
  /** Time in which it could have run but had no processor; 0 where the system does not say. */
  readonly starvedMs: number;
  readonly rssBytes: number;
}

export const readUsage = (): Usage => {
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    cpuMs: (user + system) / 1000,
    starvedMs: readStarvedMs(),
    rssBytes: process.memoryUsage.rss(),
  };
};

/** @source Documentation/scheduler/sched-stats, the second number of /proc/PID/schedstat, in nanoseconds */
const readStarvedMs = (): number => {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
};
