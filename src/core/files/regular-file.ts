/**
 * Files that somebody else put there, read without trust: only regular files, opened without waiting (a FIFO would
 * block for ever, a device might never end), and no more than a bound.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { AppError } from '../errors.ts';
import { endless, UNSAID_BYTES, unreadable } from './named-file.ts';

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
    // What a socket answers to those who would open it as a file.
    if ((error as NodeJS.ErrnoException).code === 'ENXIO')
      throw new AppError('file-unreadable', `${path} is not a regular file`, { cause: error });
    throw unreadable(path, error);
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

/**
 * That it is one which can be read, before somebody opens it who would wait.
 * @returns the bytes that it says it holds
 * @throws AppError file-missing, file-unreadable
 */
export const checkRegularFile = (path: string, limitBytes: number): number => {
  const { descriptor, sizeBytes } = openRegularFile(path, limitBytes);
  closeSync(descriptor);
  return sizeBytes;
};

/** The bytes of a regular file. @throws AppError file-missing, file-unreadable */
export const readRegularFile = (path: string, limitBytes: number): Buffer<ArrayBuffer> => {
  const { descriptor, sizeBytes } = openRegularFile(path, limitBytes);
  try {
    const parts: Buffer<ArrayBuffer>[] = [];
    let nBytes = 0;
    for (;;) {
      // Not of the shared pool: a model's arrays are views of these bytes.
      const part = Buffer.allocUnsafeSlow(Math.max(4096, sizeBytes + 1 - nBytes));
      const nRead = readSync(descriptor, part, 0, part.length, null);
      // A large file is not copied once more.
      if (nRead === 0) return parts.length === 1 ? parts[0]! : Buffer.concat(parts, nBytes);
      parts.push(part.subarray(0, nRead));
      nBytes += nRead;
      if (nBytes > limitBytes) throw tooLarge(path, limitBytes);
      if (nBytes > sizeBytes + UNSAID_BYTES) throw endless(path, sizeBytes);
    }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(path, error);
  } finally {
    closeSync(descriptor);
  }
};

const tooLarge = (path: string, limitBytes: number): AppError => {
  const limit =
    limitBytes < MEGABYTE ? `${limitBytes} bytes` : `${Math.floor(limitBytes / MEGABYTE)} MB`;
  return new AppError('file-unreadable', `${path} is larger than ${limit}`);
};
