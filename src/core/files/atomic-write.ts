/**
 * Writing a file in one step: a reader sees the old file or the whole new one, never a part. Where a link stands, its
 * target is replaced and the link stays; a pipe or a device (`/dev/stdout`, `/dev/null`) is written into, never replaced.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../errors.ts';
import { refusalReason } from './system-refusal.ts';

/** As many as Linux follows. */
const MAX_LINKS = 40;

/**
 * Writes to a temporary neighbour, flushes, renames.
 * @param named the path that a refusal names, where the file is to be moved there later
 * @throws AppError file-unwritable (no permission, disk full)
 */
export const writeAtomically = (path: string, bytes: Uint8Array, named = path): void => {
  const place = placeOf(path, named);
  try {
    if (place.isStream) {
      writeWhole(path, bytes, false);
      return;
    }
    mkdirSync(dirname(place.path), { recursive: true });
    const temporary = join(dirname(place.path), `.${basename(place.path)}.${process.pid}`);
    try {
      writeWhole(temporary, bytes, true);
      renameSync(temporary, place.path);
    } catch (error) {
      if (existsSync(temporary)) rmSync(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    throw unwritable(named, error);
  }
};

/** Gives a folder its name, with all that is in it, in one step. @throws AppError file-unwritable */
export const moveFolder = (from: string, to: string): void => {
  try {
    renameSync(from, to);
  } catch (error) {
    throw unwritable(to, error);
  }
};

const writeWhole = (path: string, bytes: Uint8Array, isFlushed: boolean): void => {
  const file = openSync(path, 'w');
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    if (isFlushed) fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** Where the bytes of a named file go. */
interface Place {
  readonly path: string;
  /** Whether they are written into what is there, which is no file. */
  readonly isStream: boolean;
}

/** @throws AppError file-unwritable (a folder, a socket, links in a circle) */
export const placeOf = (path: string, named = path): Place => {
  const stat = statOf(path, named);
  if (stat === undefined) return { path: targetOf(path), isStream: false };
  if (stat.isFile()) return { path: realpathSync(path), isStream: false };
  if (stat.isFIFO() || stat.isCharacterDevice()) return { path, isStream: true };
  const kind = stat.isDirectory() ? 'a folder' : 'no file';
  throw new AppError('file-unwritable', `${named} is ${kind}; a file is expected`);
};

/** What is there, links followed; undefined where nothing is. */
const statOf = (path: string, named: string): Stats | undefined => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unwritable(named, error);
  }
};

/** Where a link points to that leads to nothing yet; any other path as it is. */
const targetOf = (path: string): string => {
  let target = path;
  for (let nLinks = 0; nLinks < MAX_LINKS; nLinks++) {
    if (!lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink()) return target;
    target = resolve(dirname(target), readlinkSync(target));
  }
  return target;
};

/** Whether files can be written into a folder, which need not exist yet; makes nothing. @throws AppError file-unwritable */
export const checkFolder = (path: string): void => {
  let nearest = resolve(path);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK);
    if (!statSync(nearest).isDirectory()) throw new Error(`${nearest} is no folder`);
  } catch (error) {
    throw unwritable(path, error);
  }
};

/** Whether a file can be written, asked before the work that makes it; makes nothing. @throws AppError file-unwritable */
export const checkWritable = (path: string): void => {
  const place = placeOf(path);
  if (!place.isStream) checkFolder(dirname(place.path));
};

const unwritable = (path: string, error: unknown): AppError =>
  new AppError('file-unwritable', `${path} cannot be written: ${refusalReason(error)}`, {
    cause: error,
  });
