/**
 * Processors that this process may use: those of its affinity mask, within the quota of its control group.
 */
import { availableParallelism } from 'node:os';
import { type CgroupSource, cgroupFolders } from './cgroup.ts';
import { readText } from './text-file.ts';

/**
 * A container with a quota of 1.5 on a machine of 64 gets 1.5.
 * @param present processors of the affinity mask
 * @source https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files; scheduler/sched-bwc for version 1
 */
export const grantedProcessors = (source?: CgroupSource, present = presentProcessors()): number =>
  Math.min(present, processorQuota(source));

/**
 * Processors of the affinity mask as it is now; the runtime's own figure is that of its start, quota and all.
 * @param status text of /proc/self/status
 */
export const presentProcessors = (status = readText('/proc/self/status')): number => {
  const ranges = status?.match(/^Cpus_allowed_list:\s*(\S+)/m)?.[1]?.split(',') ?? [];
  const n = ranges.reduce((sum, range) => {
    const [from, to = from] = range.split('-').map(Number);
    return sum + 1 + to! - from!;
  }, 0);
  return n > 0 ? n : availableParallelism();
};

/** The quota of the control group alone, in processors; infinite where there is none. */
export const processorQuota = (source?: CgroupSource): number =>
  cgroupFolders('cpu', source).reduce(
    (granted, folder) => Math.min(granted, quotaOf(folder)),
    Number.POSITIVE_INFINITY,
  );

/** The quota where it is what holds processes back; infinite where it grants all the processors that there are. */
export const throttlingQuota = (): number => {
  const processors = processorQuota();
  return processors < presentProcessors() ? processors : Number.POSITIVE_INFINITY;
};

const quotaOf = (folder: string): number => {
  const [quota, period] =
    readText(`${folder}/cpu.max`)?.split(' ') ??
    [`${folder}/cpu.cfs_quota_us`, `${folder}/cpu.cfs_period_us`].map(readText);
  const quotaUs = Number(quota ?? 'max');
  return quotaUs > 0 ? quotaUs / Number(period ?? 100_000) : Number.POSITIVE_INFINITY;
};

/** Processors as a number of threads or processes: a part is rounded up, unless it is a small surplus; at least 1. */
export const wholeProcessors = (granted = grantedProcessors()): number =>
  Math.max(1, Math.ceil(granted - 0.25));
