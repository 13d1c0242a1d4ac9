/**
 * Files that a run needs for itself: what was unpacked, or turned into UTF-8. Nothing of them is left behind, also
 * where the process is killed: on Linux a file loses its name as soon as it is open, and is found by its descriptor.
 * What comes through a pipe or from an address may have no end: a part of the file system stays free for everybody else.
 */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  type StatsFs,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { refusalReason } from '../core/files/system-refusal.ts';
import { type MemoryUse, readMemoryUse } from '../host/memory-limit.ts';

export interface ScratchFile {
  /** Under this path the file is read. */
  readonly path: string;
  /** @throws AppError file-unwritable when there is no room */
  readonly write: (bytes: Uint8Array) => void;
  /** Forgets what was written, to free its room. */
  readonly empty: () => void;
}

export interface Scratch {
  readonly create: () => ScratchFile;
  /** Bytes that may still be written. @throws AppError file-unwritable */
  readonly freeBytes: () => number;
  readonly close: () => void;
}

/** Left free: a twentieth of the file system, though no more than a gigabyte. */
const FREE_SHARE = 0.05;
const FREE_LIMIT_BYTES = 2 ** 30;
/** Room is looked at again after so much, or a quarter of what is to be left. */
const LOOK_BYTES = 16 * 2 ** 20;
/** @source Linux include/uapi/linux/magic.h */
const TMPFS_MAGIC = 0x0102_1994;

/** What a folder's file system has, and the memory that one in memory takes from. */
export interface RoomSource {
  readonly statfs: (folder: string) => Pick<StatsFs, 'bavail' | 'blocks' | 'bsize' | 'type'>;
  readonly memoryUse: () => MemoryUse | undefined;
}

const SYSTEM: RoomSource = { statfs: statfsSync, memoryUse: readMemoryUse };

/** @param folder where files are made; it is made when the first one is */
export const openScratch = (folder: string, system = SYSTEM): Scratch => {
  const descriptors: number[] = [];
  const place = dirname(folder);
  /** Bytes that may be written before room is looked at again. */
  let unlookedBytes = 0;
  const noRoom = (why: string, cause?: unknown): AppError =>
    new AppError(
      'file-unwritable',
      `${place} cannot hold unpacked data: ${why}; set TMPDIR to a folder that can`,
      { cause },
    );

  const room = (): { readonly freeBytes: number; readonly leftBytes: number } => {
    try {
      const { bavail, blocks, bsize, type } = system.statfs(place);
      const memory = type === TMPFS_MAGIC ? system.memoryUse() : undefined;
      const wholeBytes = Math.min(blocks * bsize, memory?.limitBytes ?? Infinity);
      const unusedBytes = memory ? memory.limitBytes - memory.usedBytes : Infinity;
      const leftBytes = Math.min(FREE_LIMIT_BYTES, wholeBytes * FREE_SHARE);
      return { freeBytes: Math.min(bavail * bsize, unusedBytes) - leftBytes, leftBytes };
    } catch (error) {
      throw noRoom(refusalReason(error), error);
    }
  };

  /** @throws AppError file-unwritable before the file system is full */
  const look = (nBytes: number): void => {
    if (nBytes <= unlookedBytes) {
      unlookedBytes -= nBytes;
      return;
    }
    const { freeBytes, leftBytes } = room();
    if (nBytes > freeBytes)
      throw noRoom(
        `only the ${Math.round(leftBytes / 2 ** 20)} MB that are left to others are free`,
      );
    unlookedBytes = Math.min(LOOK_BYTES, leftBytes / 4);
  };

  const create = (): ScratchFile => {
    try {
      if (!existsSync(folder)) mkdirSync(folder);
      const path = join(folder, `text-${descriptors.length}`);
      const descriptor = openSync(path, 'w+');
      descriptors.push(descriptor);
      const isNameless = process.platform === 'linux';
      if (isNameless) unlinkSync(path);
      return {
        path: isNameless ? `/proc/self/fd/${descriptor}` : path,
        write: (bytes) => {
          look(bytes.length);
          try {
            for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
          } catch (error) {
            throw noRoom(refusalReason(error), error);
          }
        },
        empty: () => ftruncateSync(descriptor, 0),
      };
    } catch (error) {
      throw error instanceof AppError ? error : noRoom(refusalReason(error), error);
    }
  };
  return {
    create,
    freeBytes: () => Math.max(0, room().freeBytes),
    close: () => {
      for (const descriptor of descriptors) closeSync(descriptor);
      if (descriptors.length > 0) rmSync(folder, { recursive: true, force: true });
      descriptors.length = 0;
    },
  };
};
