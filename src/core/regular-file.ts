/**
 * Files that somebody else put there, read without trust: only regular files, opened without waiting (a FIFO would
 * block for ever, a device might never end), and no more than a bound.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { AppError } from './errors.ts';

/** An open regular file; whoever opens it closes it. */
interface RegularFile {
  readonly descriptor: number;
  readonly sizeBytes: number;
}

const MEGABYTE = 2 ** 20;

/** @throws AppError file-missing, file-unreadable (no permission, no regular file, larger than the limit) */
export const openRegularFile = (path: string, limitBytes: number): RegularFile => {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new AppError('file-missing', `${path} does not exist`, { cause: error });
    // What a socket answers to those who would open it as a file.
    if (code === 'ENXIO') throw new AppError('file-unreadable', `${path} is not a regular file`);
    throw new AppError('file-unreadable', `${path} cannot be read: ${message}`, { cause: error });
  }
  try {
    const stat = fstatSync(descriptor);
    if (stat.isDirectory())
      throw new AppError('file-unreadable', `${path} is a directory, a file is expected`);
    if (!stat.isFile()) throw new AppError('file-unreadable', `${path} is not a regular file`);
    if (stat.size > limitBytes) throw tooLarge(path, limitBytes);
    return { descriptor, sizeBytes: stat.size };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
};

/** That it is one which can be read, before somebody opens it who would wait. @throws AppError file-missing, file-unreadable */
export const checkRegularFile = (path: string): void =>
  closeSync(openRegularFile(path, Number.POSITIVE_INFINITY).descriptor);

/** The bytes of a regular file. @throws AppError file-missing, file-unreadable */
export const readRegularFile = (path: string, limitBytes: number): Buffer<ArrayBuffer> => {
  const { descriptor, sizeBytes } = openRegularFile(path, limitBytes);
  try {
    // It may grow meanwhile, or be one of the kernel's, which say 0.
    const parts: Buffer<ArrayBuffer>[] = [];
    let nBytes = 0;
    for (;;) {
      const part = Buffer.alloc(Math.max(4096, sizeBytes + 1 - nBytes));
      const nRead = readSync(descriptor, part, 0, part.length, null);
      if (nRead === 0) return Buffer.concat(parts, nBytes);
      parts.push(part.subarray(0, nRead));
      nBytes += nRead;
      if (nBytes > limitBytes) throw tooLarge(path, limitBytes);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('file-unreadable', `${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    closeSync(descriptor);
  }
};

const tooLarge = (path: string, limitBytes: number): AppError => {
  const limit =
    limitBytes < MEGABYTE ? `${limitBytes} bytes` : `${Math.floor(limitBytes / MEGABYTE)} MB`;
  return new AppError('file-unreadable', `${path} is larger than ${limit}`);
};
