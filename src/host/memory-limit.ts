/**
 * Memory that this process may use: the machine's, within the limit of its control group.
 */
import { totalmem } from 'node:os';
import { type CgroupSource, cgroupFolders } from './cgroup.ts';
import { readText } from './text-file.ts';

/** @source https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files; cgroup-v1/memory */
export const grantedMemoryBytes = (source: CgroupSource = {}, present = totalmem()): number =>
  cgroupFolders('memory', source).reduce(
    (granted, folder) => Math.min(granted, limitOf(folder)),
    present,
  );

const limitOf = (folder: string): number => {
  const bytes = Number(
    readText(`${folder}/memory.max`) ?? readText(`${folder}/memory.limit_in_bytes`) ?? 'max',
  );
  return bytes > 0 ? bytes : Number.POSITIVE_INFINITY;
};
