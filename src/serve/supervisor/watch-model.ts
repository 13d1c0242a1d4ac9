/**
 * The watched folder (`--watch`): another current version, or other bytes in a file that serves, is taken over like a
 * reload.
 */
import { statSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';

const LOOK_MS = 2000;

interface WatchSetting {
  /** The files that would serve now. @throws AppError while one is missing */
  readonly find: () => readonly string[];
  /** The files that serve. */
  readonly serving: () => readonly string[];
  readonly reload: () => Promise<unknown>;
}

/** Looks every two seconds; what has changed must stay the same for one look. @returns a function that stops it */
export const watchModel = (
  { find, serving, reload }: WatchSetting,
  everyMs = LOOK_MS,
): (() => void) => {
  const look = (): { readonly paths: string; readonly stamp: string } | undefined => {
    try {
      const paths = find();
      const stamps = paths.map((path) => {
        const { mtimeMs, size, ino } = statSync(path);
        return `${mtimeMs} ${size} ${ino}`;
      });
      return { paths: paths.join('\n'), stamp: [...paths, ...stamps].join('\n') };
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
    const isServing = now.paths === serving().join('\n') && now.paths !== handled?.paths;
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
