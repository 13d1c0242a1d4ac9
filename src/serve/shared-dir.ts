/**
 * The folder that supervisor and workers share: slabs, drift counts, checked copies of models. Memory where the
 * system has it (`/dev/shm`), so that counting never waits for a disk.
 * Stands under the supervisor, which makes it and takes it away.
 */
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { ModelRef } from './messages.ts';

const PREFIX = 'puntual-';
const MEMORY = '/dev/shm';

const baseDir = (): string => {
  try {
    accessSync(MEMORY, constants.W_OK);
    return MEMORY;
  } catch {
    return tmpdir();
  }
};

/** Makes the folder, and takes away those whose supervisor is gone. @throws AppError file-unwritable */
export const makeSharedDir = (base = baseDir()): string => {
  try {
    for (const name of readdirSync(base)) {
      const pid = Number(/^puntual-(\d+)-/.exec(name)?.[1]);
      if (Number.isInteger(pid) && !existsSync(`/proc/${pid}`))
        rmSync(join(base, name), { recursive: true, force: true });
    }
    return mkdtempSync(join(base, `${PREFIX}${process.pid}-`));
  } catch (error) {
    throw new AppError('file-unwritable', `${base} can not be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
};

/**
 * Copies a model file, so that what serves can not change or vanish under the workers.
 * @throws AppError file-unreadable, file-unwritable (a full disk)
 */
export const keepModel = (
  sharedDir: string,
  path: string,
  version: string,
  n: number,
): ModelRef => {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw new AppError('file-unreadable', `${path} can not be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const file = join(sharedDir, `model-${n}-${basename(path)}`);
  try {
    copyFileSync(path, file);
  } catch (error) {
    rmSync(file, { force: true });
    throw new AppError(
      'file-unwritable',
      `there is no room for a copy of ${path}: ${(error as Error).message}`,
      { cause: error },
    );
  }
  return { file, path, version };
};
