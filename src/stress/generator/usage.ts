/**
 * What a shard uses of the machine: time on a processor, time spent waiting for one, memory.
 */
import { readFileSync } from 'node:fs';
import { readThrottledMs } from '../../host/throttle.ts';

interface Usage {
  readonly atMs: number;
  /** Of the thread that does the work; of the whole process where the system does not tell threads apart. */
  readonly cpuMs: number;
  /** Time in which it could have run but had no processor, and in which a quota was used up; 0 if not known. */
  readonly waitedMs: number;
  readonly throttledMs: number;
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
    waitedMs: thread?.waitedMs ?? 0,
    throttledMs: readThrottledMs(),
    rssBytes: process.memoryUsage.rss(),
    ...readMachine(),
  };
};

/** What a shard did between two looks, as shares of the time. */
interface Shares {
  readonly busy: number;
  /** It could have run, but had no processor or had used up its quota; the two overlap. */
  readonly starved: number;
  /** Share of the machine's processor time that nobody used; null where the system does not say. */
  readonly idle: number | null;
}

export const sharesOf = (before: Usage, now: Usage): Shares => {
  const wallMs = Math.max(1, now.atMs - before.atMs);
  const busy = (now.cpuMs - before.cpuMs) / wallMs;
  const waited = (now.waitedMs - before.waitedMs) / wallMs;
  const throttled = (now.throttledMs - before.throttledMs) / wallMs;
  const machineMs = now.machineMs - before.machineMs;
  return {
    busy,
    starved: Math.max(waited, Math.min(throttled, 1 - busy)),
    idle: machineMs > 0 ? (now.idleMs - before.idleMs) / machineMs : null,
  };
};

export interface ThreadTimes {
  readonly ranMs: number;
  /** Ready to run, without a processor. */
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
