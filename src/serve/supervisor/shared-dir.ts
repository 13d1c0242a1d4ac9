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
import { sharedFolder } from '../../host/shared-folder.ts';
import type { ModelRef } from '../messages.ts';

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

/** Makes the folder, and takes away those whose supervisor is gone. @throws AppError file-unwritable */
export const makeSharedDir = (base = sharedFolder(MIN_FREE_BYTES)): string => {
  try {
    for (const name of readdirSync(base)) {
      const pid = /^puntual-\d+-(\d+)-/.exec(name)?.[1];
      if (pid && name.startsWith(prefixOf(pid)) && existsSync('/proc/self') && !isAlive(pid))
        rmSync(join(base, name), { recursive: true, force: true });
    }
    return mkdtempSync(join(base, prefixOf(process.pid)));
  } catch (error) {
    throw new AppError('file-unwritable', `${base} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
};

/**
 * Copies a model file, so that what serves cannot change or vanish under the workers.
 * @throws AppError file-missing, file-unreadable (also when it is no regular file), file-unwritable (a full disk)
 */
export const keepModel = (
  sharedDir: string,
  path: string,
  version: string,
  n: number,
): ModelRef => {
  const file = join(sharedDir, `model-${n}-${basename(path)}`);
  const source = openRegularFile(path, MODEL_FILE_LIMIT_BYTES);
  try {
    copyInto(file, source.descriptor, path);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(source.descriptor);
  }
  return { file, path, version };
};

/** @throws AppError file-unreadable, file-unwritable */
const copyInto = (file: string, source: number, path: string): void => {
  const part = Buffer.alloc(COPY_BYTES);
  const read = (): number => {
    try {
      return readSync(source, part, 0, part.length, null);
    } catch (error) {
      throw new AppError('file-unreadable', `${path} cannot be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
  };
  let target: number | undefined;
  try {
    target = openSync(file, 'wx', 0o600);
    for (let nRead = read(); nRead > 0; nRead = read())
      for (let at = 0; at < nRead; ) at += writeSync(target, part, at, nRead - at);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      'file-unwritable',
      `there is no room for a copy of ${path}: ${(error as Error).message}`,
      { cause: error },
    );
  } finally {
    if (target !== undefined) closeSync(target);
  }
};
