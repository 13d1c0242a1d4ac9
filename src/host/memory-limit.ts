/**
 * Memory: what this process may use (the machine's, within the limit of its control group), what its group does use, and
 * what is the process's own.
 */
import { totalmem } from 'node:os';
import { type CgroupSource, cgroupFolders } from './cgroup.ts';
import { readText } from './text-file.ts';

/**
 * Above `memory.high` nobody is ended, but all are slowed down until they have given memory back: no memory to plan with.
 * @source https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files; cgroup-v1/memory
 */
export const grantedMemoryBytes = (source?: CgroupSource, present = totalmem()): number =>
  cgroupFolders('memory', source).reduce(
    (granted, folder) =>
      Math.min(granted, limitOf(folder), bytesOf(readText(`${folder}/memory.high`))),
    present,
  );

const LIMITS = ['memory.max', 'memory.limit_in_bytes'];
const USES = ['memory.current', 'memory.usage_in_bytes'];

/** Which of several names a folder has, since the others are not looked for ten times a second. */
const found = new Map<string, string>();

/** The text of the first of the files that is there. */
const readFirst = (folder: string, names: readonly string[]): string | undefined => {
  const key = `${folder}/${names[0]}`;
  const known = found.get(key);
  if (known !== undefined) return readText(known);
  for (const path of names.map((name) => `${folder}/${name}`)) {
    const text = readText(path);
    if (text === undefined) continue;
    found.set(key, path);
    return text;
  }
  return undefined;
};

/** At which the kernel ends processes. */
const limitOf = (folder: string): number => bytesOf(readFirst(folder, LIMITS));

const bytesOf = (text = 'max'): number => {
  const bytes = Number(text);
  return bytes > 0 ? bytes : Number.POSITIVE_INFINITY;
};

/**
 * Bytes in use by the group whose limit is the tightest, without the file cache, which the kernel takes back when it
 * needs to; undefined where no group has a limit.
 */
export const readMemoryUse = (
  source?: CgroupSource,
): { readonly usedBytes: number; readonly limitBytes: number } | undefined => {
  const folders = cgroupFolders('memory', source);
  const limits = folders.map(limitOf);
  const limitBytes = Math.min(...limits);
  const folder = folders[limits.indexOf(limitBytes)];
  if (folder === undefined || !(limitBytes < totalmem())) return undefined;
  const all = Number(readFirst(folder, USES) ?? Number.NaN);
  const stat = readText(`${folder}/memory.stat`) ?? '';
  // Version 1 counts groups below it in `total_` only.
  const cached = ['active_file', 'inactive_file'].map(
    (name) =>
      new RegExp(`^total_${name} (\\d+)$`, 'm').exec(stat) ??
      new RegExp(`^${name} (\\d+)$`, 'm').exec(stat),
  );
  const cacheBytes = cached.reduce((sum, match) => sum + Number(match?.[1] ?? 0), 0);
  return Number.isFinite(all) ? { usedBytes: all - cacheBytes, limitBytes } : undefined;
};

export type MemoryUse = NonNullable<ReturnType<typeof readMemoryUse>>;

/** Every system that the runtime supports on Linux has it, but for some of ARM. */
const PAGE_BYTES = 4096;

/** Bytes that this process holds; undefined while the system does not say, as at the limit of open files. */
export const residentBytes = (): number | undefined => {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
};

/**
 * Bytes that are this process's own, those shared with other processes (its program, files) not counted: what a container
 * is charged for it. All that it holds where the system does not say, 0 where it says nothing.
 * @source proc_pid_statm(5)
 */
export const ownMemoryBytes = (statm = readText('/proc/self/statm')): number => {
  const [, resident, shared] = statm?.split(' ').map(Number) ?? [];
  return resident === undefined || shared === undefined
    ? (residentBytes() ?? 0)
    : (resident - shared) * PAGE_BYTES;
};

/** `ownMemoryBytes` of another process; 0 when it is gone. */
export const memoryOf = (pid: number): number => {
  const statm = readText(`/proc/${pid}/statm`);
  return statm === undefined ? 0 : ownMemoryBytes(statm);
};
