/**
 * The watched folder (`--watch`): another current version, or other bytes in a file that serves, is taken over like a
 * reload. What cannot be taken over leaves the old model in use, and why is told; the next good one is taken by itself.
 */
import { statSync } from 'node:fs';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { unreadable } from '../../core/files/named-file.ts';

const LOOK_MS = 2000;

/** Refusals of which the file is not the cause, so that the same one is tried again. */
const PASSING: readonly ErrorCode[] = ['limit-system', 'not-ready', 'file-unwritable'];
const RETRY_LOOKS = 30;

interface WatchSetting {
  /** The files that would serve now. @throws AppError while one is missing */
  readonly find: () => readonly string[];
  /** The files that serve. */
  readonly serving: () => readonly string[];
  readonly reload: () => Promise<unknown>;
  /** Whether the last change was. */
  readonly isRefused: () => boolean;
  /** Called when `refusal` has changed. */
  readonly onChange: (refusal: string | undefined) => void;
}

interface WatchedModel {
  /** Why what is watched cannot be found or read at present; undefined where it can. */
  readonly refusal: () => string | undefined;
  readonly stop: () => void;
}

type Look =
  | { readonly stamp: string; readonly paths: string; readonly fault?: never }
  | { readonly stamp: string; readonly fault: string };

const stampOf = (path: string): string => {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch (error) {
    throw unreadable(path, error);
  }
};

/** Looks every two seconds; what has changed must stay the same for one look. */
export const watchModel = (
  { find, serving, reload, isRefused, onChange }: WatchSetting,
  everyMs = LOOK_MS,
): WatchedModel => {
  const look = (): Look => {
    try {
      const paths = find();
      return { paths: paths.join('\n'), stamp: [...paths, ...paths.map(stampOf)].join('\n') };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { stamp: error.message, fault: error.message };
    }
  };
  let handled = look();
  let last = handled;
  let isReloading = false;
  let nLooksToRetry = 0;
  let refusal: string | undefined;
  const say = (next: string | undefined): void => {
    if (next === refusal) return;
    refusal = next;
    onChange(refusal);
  };
  const take = async (): Promise<void> => {
    isReloading = true;
    try {
      await reload();
    } catch (error) {
      // Why it was refused is in the log and on /readyz.
      if (error instanceof AppError && PASSING.includes(error.code)) nLooksToRetry = RETRY_LOOKS;
    } finally {
      isReloading = false;
    }
  };
  const timer = setInterval(() => {
    const now = look();
    const isSettled = now.stamp === last.stamp;
    last = now;
    if (!isSettled) return;
    if (now.fault !== undefined) {
      say(`what is watched cannot be taken over: ${now.fault}`);
      return;
    }
    say(undefined);
    if (isReloading) return;
    const isDue = nLooksToRetry > 0 && --nLooksToRetry === 0;
    if (now.stamp === handled.stamp && !isDue) return;
    // A reload by hand has made it current: it serves already. What was refused meanwhile is forgotten by a reload.
    const isServing =
      !isRefused() &&
      handled.fault === undefined &&
      now.paths === serving().join('\n') &&
      now.paths !== handled.paths;
    handled = now;
    nLooksToRetry = 0;
    if (!isServing) void take();
  }, everyMs);
  return { refusal: () => refusal, stop: () => clearInterval(timer) };
};
