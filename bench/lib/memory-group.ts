/**
 * A control group (version 1) with a limit of memory, for a service that is measured inside it. Needs root.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup/memory';

interface MemoryGroup {
  /** What goes before a command that is to run inside. */
  readonly prefix: readonly string[];
  readonly mostMb: () => number;
  /** How often the kernel ended a process for its memory. */
  readonly nKills: () => number;
  /** Once it is empty. */
  readonly remove: () => void;
}

/** @throws Error where there are no such groups */
export const makeMemoryGroup = (limitMb: number): MemoryGroup => {
  if (!existsSync(join(ROOT, 'memory.limit_in_bytes')))
    throw new Error(`${ROOT} is missing: control groups of version 1 are needed`);
  const dir = join(ROOT, `puntual-bench-${process.pid}`);
  mkdirSync(dir);
  writeFileSync(join(dir, 'memory.limit_in_bytes'), `${limitMb * 2 ** 20}`);
  const read = (file: string): string => readFileSync(join(dir, file), 'latin1');
  return {
    prefix: ['sh', '-c', `echo $$ > ${dir}/cgroup.procs; exec "$@"`, 'sh'],
    mostMb: () => Number(read('memory.max_usage_in_bytes')) / 2 ** 20,
    nKills: () => Number(/oom_kill (\d+)/.exec(read('memory.oom_control'))?.[1] ?? 0),
    remove: () => rmdirSync(dir),
  };
};
