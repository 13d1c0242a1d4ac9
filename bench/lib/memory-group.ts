/**
 * A control group (version 1) with a limit of memory, for a service that is measured inside it. Needs root.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const EMPTY_LIMIT_MS = 5000;
const ROOT = '/sys/fs/cgroup/memory';

interface MemoryGroup {
  /** What goes before a command that is to run inside. */
  readonly prefix: readonly string[];
  readonly mostMb: () => number;
  /** How often the kernel ended a process for its memory. */
  readonly nKills: () => number;
  /** Ends whatever is left in it. */
  readonly remove: () => void;
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone by itself.
  }
};

/** @throws Error where there are no such groups */
export const makeMemoryGroup = (limitMb: number): MemoryGroup => {
  if (!existsSync(join(ROOT, 'memory.limit_in_bytes')))
    throw new Error(`${ROOT} is missing: control groups of version 1 are needed`);
  const dir = join(ROOT, `puntual-bench-${process.pid}`);
  mkdirSync(dir);
  writeFileSync(join(dir, 'memory.limit_in_bytes'), `${limitMb * 2 ** 20}`);
  const remove = (): void => {
    const endMs = performance.now() + EMPTY_LIMIT_MS;
    for (const pid of read('cgroup.procs').split('\n').filter(Boolean)) kill(Number(pid));
    while (read('cgroup.procs') !== '' && performance.now() < endMs) Bun.sleepSync(10);
    rmdirSync(dir);
  };
  process.on('exit', remove);
  const read = (file: string): string => readFileSync(join(dir, file), 'latin1');
  return {
    prefix: ['sh', '-c', `echo $$ > ${dir}/cgroup.procs; exec "$@"`, 'sh'],
    mostMb: () => Number(read('memory.max_usage_in_bytes')) / 2 ** 20,
    nKills: () => Number(/oom_kill (\d+)/.exec(read('memory.oom_control'))?.[1] ?? 0),
    remove: () => {
      process.off('exit', remove);
      remove();
    },
  };
};
