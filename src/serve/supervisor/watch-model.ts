/**
 * The watched folder (`--watch`): another current version, or other bytes in the file that serves, is taken over like a
 * reload.
 */
import { statSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';

const LOOK_MS = 2000;

interface WatchSetting {
  /** The file that would serve now. @throws AppError while there is none */
  readonly find: () => string;
  /** The file that serves. */
  readonly servingPath: () => string;
  readonly reload: () => Promise<unknown>;
}

/** Looks every two seconds; what has changed must stay the same for one look. @returns a function that stops it */
export const watchModel = (
  { find, servingPath, reload }: WatchSetting,
  everyMs = LOOK_MS,
): (() => void) => {
  const look = (): { readonly path: string; readonly stamp: string } | undefined => {
    try {
      const path = find();
      const { mtimeMs, size, ino } = statSync(path);
      return { path, stamp: `${path} ${mtimeMs} ${size} ${ino}` };
    } catch (error) {
      // Somebody is writing it now.
      if (error instanceof AppError || (error as NodeJS.ErrnoException).code) return undefined;
      throw error;
    }
  };
  let handled = look();
  let last = handled;
  let isReloading = false;
  const timer = setInterval(() => {
    const now = look();
    const isSettled = now !== undefined && now.stamp === last?.stamp;
    last = now;
    if (!isSettled || isReloading || now.stamp === handled?.stamp) return;
    // A reload by hand has made it current: it serves already.
    const isServing = now.path === servingPath() && now.path !== handled?.path;
    handled = now;
    if (isServing) return;
    isReloading = true;
    // Why it was refused is in the log and on /readyz.
    void reload()
      .catch(() => {})
      .finally(() => {
        isReloading = false;
      });
  }, everyMs);
  return () => clearInterval(timer);
};
