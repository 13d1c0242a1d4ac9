/**
 * What the machine really grants: processors of the cgroup, descriptors per process; and the number of workers from both.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
};

/**
 * Processors that the cgroup's quota allows, at most those of the affinity mask; a container with a quota of
 * 1.5 on a machine of 64 gets 1.5.
 * @param root for tests: where the cgroup files lie
 * @source https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
 */
export const grantedProcessors = (
  root = '/sys/fs/cgroup',
  ownCgroup = read('/proc/self/cgroup'),
  present = availableParallelism(),
): number => {
  const own = ownCgroup?.match(/^0::(\/.*)$/m)?.[1] ?? '/';
  let least = present;
  for (let path = own; ; path = path.slice(0, path.lastIndexOf('/'))) {
    const [quota, period] = read(`${root}${path === '/' ? '' : path}/cpu.max`)?.split(' ') ?? [];
    if (quota !== undefined && quota !== 'max')
      least = Math.min(least, Number(quota) / Number(period));
    if (path === '' || path === '/') break;
  }
  const quota = Number(read(`${root}/cpu/cpu.cfs_quota_us`) ?? -1);
  if (quota > 0)
    least = Math.min(least, quota / Number(read(`${root}/cpu/cpu.cfs_period_us`) ?? 100_000));
  return least;
};

/** Descriptors that a process may open: the hard limit, to which the runtime raises itself. */
export const descriptorLimit = (limits = read('/proc/self/limits')): number => {
  const words = limits?.match(/^Max open files\s+(\S+)\s+(\S+)/m);
  const hard = words?.[2];
  return hard === undefined ? 1024 : hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
};

/** Descriptors that a worker needs beside its connections. */
const OWN_DESCRIPTORS = 256;
/** The kernel deals connections out by a hash: one worker may get this much more than its share. */
const UNEVEN = 1.05;

/** More processes than this cost more memory than their descriptors are worth. */
const mostWorkers = (processors: number): number => 2 * processors + 2;

/** One worker per whole processor granted, a few more when their descriptors would not do for `connections`. */
export const workersFor = (
  connections: number,
  processors = grantedProcessors(),
  descriptors = descriptorLimit(),
): number => {
  const wanted = Math.max(1, Math.ceil(processors - 0.25));
  const needed = Math.ceil((connections * UNEVEN) / connectionsEach(descriptors));
  return Math.max(wanted, Math.min(needed, mostWorkers(wanted)));
};

/** Connections that `nWorkers` can hold. */
export const connectionsFor = (nWorkers: number, descriptors = descriptorLimit()): number =>
  Math.floor((nWorkers * connectionsEach(descriptors)) / UNEVEN);

const connectionsEach = (descriptors: number): number => Math.max(1, descriptors - OWN_DESCRIPTORS);
