/**
 * A folder in memory for files that processes share, so that writing to them never waits for a disk.
 */
import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/**
 * The folders that may be written, best first: the memory's where it has room, then that of temporary files, and the
 * memory's after it where it has little (64 MB are usual in a container).
 */
export const sharedFolders = (
  minFreeBytes: number,
  memory = '/dev/shm',
  otherwise = tmpdir(),
): readonly string[] => {
  const free = [memory, otherwise].map(freeBytes);
  const isRoomy = free[0]! >= minFreeBytes;
  return (isRoomy ? [memory, otherwise] : [otherwise, memory]).filter(
    (folder) => (folder === memory ? free[0]! : free[1]!) > 0,
  );
};

/** @source Linux include/uapi/linux/magic.h */
const TMPFS_MAGIC = 0x0102_1994;

/** Memory that a file of so many bytes takes in the first of these folders that has room: all of it or, on a disk, none. */
export const memoryTaken = (folders: readonly string[], bytes: number): number => {
  const folder = folders.find((each) => freeBytes(each) >= bytes);
  return folder !== undefined && statfsSync(folder).type === TMPFS_MAGIC ? bytes : 0;
};

/** 0 where nothing may be written. */
export const freeBytes = (folder: string): number => {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
};
