/**
 * Where a command writes what it was told to with -o, looked at before the work that makes it.
 */
import { existsSync, realpathSync } from 'node:fs';
import { checkWritable, placeOf } from '../core/files/atomic-write.ts';
import { AppError } from '../core/errors.ts';

/**
 * @param read files that the command reads: none of them is written over
 * @throws AppError usage, file-unwritable
 */
export const checkOutput = (output: string | undefined, read: readonly string[]): void => {
  if (output === undefined) return;
  checkWritable(output);
  const { path, isStream } = placeOf(output);
  if (!isStream && read.some((file) => existsSync(file) && realpathSync(file) === path))
    throw new AppError('usage', `${output} is read and cannot be written at the same time`);
};
