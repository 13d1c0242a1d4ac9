/**
 * Writing a file in one step: a reader sees the old file or the whole new one, never a part.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from './errors.ts';

/** Writes to a temporary neighbour, flushes, renames. @throws AppError file-unwritable (no permission, disk full) */
export const writeAtomically = (path: string, bytes: Uint8Array): void => {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(temporary, 'w');
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    if (existsSync(temporary)) rmSync(temporary, { force: true });
    throw new AppError(
      'file-unwritable',
      `${path} cannot be written: ${(error as Error).message}`,
      { cause: error },
    );
  }
};

/** Whether files can be written into a folder, which need not exist yet; makes nothing. @throws AppError file-unwritable */
export const checkFolder = (path: string): void => {
  let nearest = resolve(path);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK);
    if (!statSync(nearest).isDirectory()) throw new Error(`${nearest} is no folder`);
  } catch (error) {
    throw new AppError(
      'file-unwritable',
      `${path} cannot be written: ${(error as Error).message}`,
      { cause: error },
    );
  }
};
