/**
 * How much a training is given to read, by the words of its command, before anything else is loaded or opened.
 */
import { statSync } from 'node:fs';
import { findFiles } from '../../flights/reading/files.ts';

/**
 * A million flights and more: the loops over them run for seconds, and what makes them fast and spares garbage has time to
 * pay for itself.
 */
const LARGE_BYTES = 32 * 1024 * 1024;

/** Whether the files among the words, those of folders and patterns too, are large; what is no file counts nothing. */
export const namesLargeFiles = (words: readonly string[]): boolean =>
  words.reduce((sum, word) => sum + bytesOf(word), 0) > LARGE_BYTES;

const bytesOf = (word: string): number => {
  try {
    return findFiles([word]).reduce((sum, file) => sum + statSync(file).size, 0);
  } catch {
    // An option, a name, an address, or a file that is not there: whoever reads it says so.
    return 0;
  }
};
