/**
 * Files that whoever starts a command names, to be read once from beginning to end: regular files, and the pipes that a
 * shell makes of `<(...)`. Folders, sockets and devices, which have no end, are refused with what they are.
 */
import { lstatSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { AppError } from '../errors.ts';
import { refusalReason } from './system-refusal.ts';

/** What can be read: a file again and from any place, a pipe only once. */
type Readable = 'file' | 'pipe';

/**
 * @param name how the sentence calls it, such as `--data 'x.csv'`
 * @throws AppError file-missing, file-unreadable
 */
export const checkNamedFile = (path: string, name = path): Readable => {
  let stat: Stats;
  try {
    stat = statSync(path);
  } catch (error) {
    throw unreadable(path, error, name);
  }
  if (stat.isFile()) return 'file';
  if (stat.isFIFO()) return 'pipe';
  throw new AppError('file-unreadable', `${name} is ${kindOf(stat)}; a file is expected`);
};

/** The bytes of a file, or all that comes through a pipe. @throws AppError file-missing, file-unreadable */
export const readNamedFile = (path: string, name = path): Buffer<ArrayBuffer> => {
  checkNamedFile(path, name);
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(path, error, name);
  }
};

/** What the refusal to open or to read a file says to the reader. */
export const unreadable = (path: string, error: unknown, name = path): AppError => {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT')
    return new AppError('file-missing', `${name} ${absence(path)}`, { cause: error });
  return new AppError('file-unreadable', `${name} cannot be read: ${refusalReason(error)}`, {
    cause: error,
  });
};

/** A link whose target is gone is there all the same. */
const absence = (path: string): string => {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? `is a link to ${readlinkSync(path)}, which does not exist` : 'does not exist';
};

const kindOf = (stat: Stats): string => {
  if (stat.isDirectory()) return 'a folder';
  return stat.isSocket() ? 'a socket' : 'a device';
};
