/**
 * Files that a run needs for itself: what was unpacked, or turned into UTF-8. Nothing of them is left behind, also
 * where the process is killed: on Linux a file loses its name as soon as it is open, and is found by its descriptor.
 */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { refusalReason } from '../core/files/system-refusal.ts';

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
  /** Bytes that the folder of temporary files has room for. @throws AppError file-unwritable */
  readonly freeBytes: () => number;
  readonly close: () => void;
}

/** @param folder where files are made; it is made when the first one is */
export const openScratch = (folder: string): Scratch => {
  const descriptors: number[] = [];
  const noRoom = (error: unknown): AppError =>
    new AppError(
      'file-unwritable',
      `${dirname(folder)} cannot hold unpacked data: ${refusalReason(error)}; set TMPDIR to a folder that can`,
      { cause: error },
    );
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
          try {
            for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
          } catch (error) {
            throw noRoom(error);
          }
        },
        empty: () => ftruncateSync(descriptor, 0),
      };
    } catch (error) {
      throw error instanceof AppError ? error : noRoom(error);
    }
  };
  return {
    create,
    freeBytes: () => {
      try {
        const { bavail, bsize } = statfsSync(dirname(folder));
        return bavail * bsize;
      } catch (error) {
        throw noRoom(error);
      }
    },
    close: () => {
      for (const descriptor of descriptors) closeSync(descriptor);
      if (descriptors.length > 0) rmSync(folder, { recursive: true, force: true });
      descriptors.length = 0;
    },
  };
};
