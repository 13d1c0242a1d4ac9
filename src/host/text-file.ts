/**
 * Small files in which the kernel answers: text, or nothing where there is no such file.
 */
import { readFileSync } from 'node:fs';

/** The text without blanks at its ends. */
export const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined;
  }
};
