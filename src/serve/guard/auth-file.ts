/**
 * The files that `--auth` names: keys, or the public keys of a token issuer.
 */
import { readFileSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';

/** @throws AppError file-missing, file-unreadable */
export const readAuthFile = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'file-missing' : 'file-unreadable';
    throw new AppError(code, `${path} cannot be read`, { cause: error });
  }
};
