/**
 * Files that whoever starts a command names, to be read once from beginning to end: regular files, and the pipes that a
 * shell makes of `<(...)`. Folders, sockets and devices, which have no end, are refused with what they are.
 */
import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
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

/** What is read whole is in memory: as much as a model may have. */
const LIMIT_BYTES = 2 ** 31;
/** A file may hold so much more than it says: it grows meanwhile, or is one of the kernel's, which say 0 and need not end. */
export const UNSAID_BYTES = 2 ** 20;
const PART_BYTES = 2 ** 16;

/**
 * The bytes of a file, or all that comes through a pipe.
 * @throws AppError file-missing, file-unreadable (also when it has no end, or more than the limit)
 */
export const readNamedFile = (
  path: string,
  name = path,
  limitBytes = LIMIT_BYTES,
): Buffer<ArrayBuffer> => {
  const kind = checkNamedFile(path, name);
  try {
    const descriptor = openSync(path, 'r');
    try {
      const { size } = fstatSync(descriptor);
      const parts: Buffer<ArrayBuffer>[] = [];
      let nBytes = 0;
      for (let nRead = -1; nRead !== 0; ) {
        if (Math.max(nBytes, size) > limitBytes)
          throw new AppError('file-unreadable', `${name} is larger than ${limitBytes} bytes`);
        if (kind === 'file' && nBytes > size + UNSAID_BYTES) throw endless(name, size);
        const part = Buffer.allocUnsafeSlow(Math.max(PART_BYTES, size + 1 - nBytes));
        nRead = readSync(descriptor, part, 0, part.length, null);
        const bytes = part.subarray(0, nRead);
        // What comes through a pipe may come in very small pieces.
        parts.push(kind === 'pipe' ? Buffer.from(bytes) : bytes);
        nBytes += nRead;
      }
      // A large file is not copied once more.
      return parts.length === 2 ? parts[0]! : Buffer.concat(parts, nBytes);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(path, error, name);
  }
};

/** The refusal of a file that holds more than it says. */
export const endless = (name: string, sizeBytes: number): AppError =>
  new AppError(
    'file-unreadable',
    `${name} says that it holds ${sizeBytes} bytes and holds more: it is still being written, or is one of the kernel's, which need not end`,
  );

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
