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
  /** Time of all processors of the machine, and the part of it in which they had nothing to do; 0 if not known. */
  readonly machineMs: number;
  readonly idleMs: number;
}

export const readUsage = (): Usage => {
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    cpuMs: (user + system) / 1000,
    starvedMs: readStarvedMs(),
    rssBytes: process.memoryUsage.rss(),
    ...readMachine(),
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

const JIFFY_MS = 10;

/** @source proc(5): /proc/stat, first line: user nice system idle iowait irq softirq steal */
const readMachine = (): Pick<Usage, 'machineMs' | 'idleMs'> => {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
    const jiffies = line.trim().split(/\s+/).slice(1, 9).map(Number);
    const all = jiffies.reduce((sum, count) => sum + count, 0);
    return { machineMs: all * JIFFY_MS, idleMs: (jiffies[3]! + jiffies[4]!) * JIFFY_MS };
  } catch {
    return { machineMs: 0, idleMs: 0 };
  }
};
