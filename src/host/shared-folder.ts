/**
 * A folder in memory for files that processes share, so that writing to them never waits for a disk.
 */
import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** The memory's folder where it may be written and has room, else that of temporary files. */
export const sharedFolder = (
  minFreeBytes: number,
  memory = '/dev/shm',
  otherwise = tmpdir(),
): string => {
  try {
    accessSync(memory, constants.W_OK);
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize >= minFreeBytes ? memory : otherwise;
  } catch {
    return otherwise;
  }
};
