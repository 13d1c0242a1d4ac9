/**
 * What a shard uses of the machine: time on a processor, time spent waiting for one, memory.
 * Stands beside the shard; the self-check reads the differences.
 */
import { readFileSync } from 'node:fs';

export interface Usage {
  readonly atMs: number;
  /** Of the thread that does the work; of the whole process where the system does not tell threads apart. */
  readonly cpuMs: number;
  /** Time in which it could have run but had no processor, or had used up its quota; 0 if not known. */
  readonly starvedMs: number;
  readonly rssBytes: number;
  /** Time of all processors of the machine, and the part of it in which they had nothing to do; 0 if not known. */
  readonly machineMs: number;
  readonly idleMs: number;
}

export const readUsage = (): Usage => {
  const thread = readThread('/proc/self/schedstat');
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    cpuMs: thread?.ranMs ?? (user + system) / 1000,
    starvedMs: thread?.waitedMs ?? 0,
    rssBytes: process.memoryUsage.rss(),
    ...readMachine(),
  };
};

export interface ThreadTimes {
  readonly ranMs: number;
  /** Ready to run, without a processor; the time in which a quota was used up is part of it. */
  readonly waitedMs: number;
}

/** @source Documentation/scheduler/sched-stats: time on the processor, time in the run queue, in nanoseconds */
export const readThread = (path: string): ThreadTimes | undefined => {
  try {
    const [ran, waited] = readFileSync(path, 'latin1').split(' ', 2);
    return { ranMs: Number(ran) / 1e6, waitedMs: Number(waited) / 1e6 };
  } catch {
    return undefined;
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
