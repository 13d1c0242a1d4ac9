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
export const grantedProcessors = (
  source: CgroupSource = {},
  present = availableParallelism(),
): number =>
  cgroupFolders('cpu', source).reduce(
    (granted, folder) => Math.min(granted, quotaOf(folder)),
    present,
  );

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
