/**
 * A share of one processor as a container gets it: a cgroup with a quota, made for a bench and removed after it.
 */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Quota {
  /** What stands before a command that shall live within the quota. */
  readonly before: readonly string[];
  readonly remove: () => void;
}

const PERIOD_US = 100_000;
const TREES = [
  { root: '/sys/fs/cgroup/cpu', files: ['cpu.cfs_period_us', 'cpu.cfs_quota_us'] },
  { root: '/sys/fs/cgroup', files: ['cpu.max'] },
] as const;

/** Undefined where no quota can be made. */
export const makeQuota = (share: number): Quota | undefined => {
  for (const { root, files } of TREES) {
    const dir = join(root, `puntual-bench-${process.pid}`);
    const quotaUs = String(PERIOD_US * share);
    try {
      mkdirSync(dir);
      if (files.every((file) => existsSync(join(dir, file)))) {
        const texts = files.length === 1 ? [`${quotaUs} ${PERIOD_US}`] : [PERIOD_US, quotaUs];
        for (const [i, file] of files.entries()) writeFileSync(join(dir, file), String(texts[i]));
        const enter = `echo $$ > ${dir}/cgroup.procs && exec "$@"`;
        return { before: ['sh', '-c', enter, 'sh'], remove: () => rmdirSync(dir) };
      }
      rmdirSync(dir);
    } catch {}
  }
  return undefined;
};
