/**
 * How long the quota of a container held this process back: the throttled time of its control group.
 */
import { existsSync } from 'node:fs';
import { type CgroupSource, cgroupFolders } from './cgroup.ts';
import { readText } from './text-file.ts';

/** @source Documentation/admin-guide/cgroup-v2, cpu.stat; Documentation/scheduler/sched-bwc for version 1 */
const UNITS_MS: Readonly<Record<string, number>> = { throttled_usec: 1e-3, throttled_time: 1e-6 };

/** Milliseconds in a `cpu.stat`, 0 where it names none. */
export const parseThrottledMs = (stat: string): number => {
  for (const line of stat.split('\n')) {
    const [name = '', value] = line.split(' ', 2);
    const unitMs = UNITS_MS[name];
    if (unitMs !== undefined) return Number(value) * unitMs;
  }
  return 0;
};

/** Where the processor's statistics of a process lie, best guess first. */
export const statPaths = (source?: CgroupSource): string[] =>
  cgroupFolders('cpu', source).map((folder) => `${folder}/cpu.stat`);

const STAT = statPaths().find((path) => existsSync(path));

export const readThrottledMs = (): number =>
  STAT === undefined ? 0 : parseThrottledMs(readText(STAT) ?? '');
