/**
 * The folder that supervisor and workers share: counters, drift counts, checked copies of models. In memory where the
 * system has room there, so that counting never waits for a disk.
 */
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { MODEL_FILE_LIMIT_BYTES } from '../../core/model-file.ts';
import { openRegularFile } from '../../core/regular-file.ts';
import { sharedFolders } from '../../host/shared-folder.ts';
import type { ModelCopy } from '../messages.ts';

/** `puntual-4026531836-1234-`: the namespace that a process number counts in, and the process. */
const prefixOf = (pid: string | number): string => `puntual-${namespace()}-${pid}-`;

const namespace = (): string => {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '0';
  }
};

/** Room that counters and copies of a usual model need; memory with less is left alone. */
const MIN_FREE_BYTES = 16 * 2 ** 20;

const COPY_BYTES = 2 ** 20;

const isAlive = (pid: string): boolean => existsSync(`/proc/${pid}`);

/**
 * Makes the folders, best first (the others take what has no room in it), and takes away those whose supervisor is gone.
 * @throws AppError file-unwritable when there is none
 */
export const makeSharedDirs = (bases = sharedFolders(MIN_FREE_BYTES)): readonly string[] => {
  const failures: string[] = [];
  const dirs = bases.flatMap((base) => {
    try {
      for (const name of readdirSync(base)) {
        const pid = /^puntual-\d+-(\d+)-/.exec(name)?.[1];
        if (pid && name.startsWith(prefixOf(pid)) && existsSync('/proc/self') && !isAlive(pid))
          rmSync(join(base, name), { recursive: true, force: true });
      }
      return [mkdtempSync(join(base, prefixOf(process.pid)))];
    } catch (error) {
      failures.push(`${base} (${(error as Error).message})`);
      return [];
    }
  });
  if (dirs.length > 0) return dirs;
  throw new AppError(
    'file-unwritable',
    `no folder can be written for counters and copies of models: ${failures.join(', ') || 'neither /dev/shm nor that of temporary files'}; mount a writable one, such as /tmp`,
  );
};

/**
 * Copies a model file, so that what serves cannot change or vanish under the workers.
 * @param dirs the first that has room takes it
 * @throws AppError file-missing, file-unreadable (also when it is no regular file), file-unwritable (no room)
 */
export const keepModel = (
  dirs: readonly string[],
  path: string,
  version: string,
  n: number,
): ModelCopy => {
  const source = openRegularFile(path, MODEL_FILE_LIMIT_BYTES);
  const failures: string[] = [];
  try {
    for (const dir of dirs) {
      const file = join(dir, `model-${n}-${basename(path)}`);
      try {
        copyInto(file, source.descriptor, path);
        return { file, path, version };
      } catch (error) {
        rmSync(file, { force: true });
        if (error instanceof AppError) throw error;
        failures.push((error as Error).message);
      }
    }
  } finally {
    closeSync(source.descriptor);
  }
  throw new AppError(
    'file-unwritable',
    `a copy of ${path} cannot be written: ${failures.join(', ')}`,
  );
};

/** @throws AppError file-unreadable when the source fails; what the target says as it is */
const copyInto = (file: string, source: number, path: string): void => {
  const part = Buffer.alloc(COPY_BYTES);
  const read = (from: number): number => {
    try {
      return readSync(source, part, 0, part.length, from);
    } catch (error) {
      throw new AppError('file-unreadable', `${path} cannot be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
  };
  const target = openSync(file, 'wx', 0o600);
  try {
    let nCopied = 0;
    for (let nRead = read(0); nRead > 0; nRead = read(nCopied)) {
      for (let at = 0; at < nRead; ) at += writeSync(target, part, at, nRead - at);
      nCopied += nRead;
    }
  } finally {
    closeSync(target);
  }
};
