/**
 * How long the quota of a container held this process back: the throttled time of its control group.
 */
import { existsSync, readFileSync } from 'node:fs';

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

/** Where the processor's statistics of a process lie, best guess first. @param groups text of /proc/self/cgroup */
export const statPaths = (groups: string): string[] => {
  const lines = groups.split('\n').map((line) => line.split(':'));
  const one = lines.find(([, names]) => names?.split(',').includes('cpu'))?.[2];
  const two = lines.find(([id, names]) => id === '0' && names === '')?.[2];
  return [
    ...(one === undefined
      ? []
      : [`/sys/fs/cgroup/cpu${one}/cpu.stat`, '/sys/fs/cgroup/cpu/cpu.stat']),
    ...(two === undefined ? [] : [`/sys/fs/cgroup${two}/cpu.stat`, '/sys/fs/cgroup/cpu.stat']),
  ].map((path) => path.replaceAll('//', '/'));
};

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

const STAT = statPaths(readText('/proc/self/cgroup')).find((path) => existsSync(path));

export const readThrottledMs = (): number =>
  STAT === undefined ? 0 : parseThrottledMs(readText(STAT));
