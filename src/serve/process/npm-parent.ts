/**
 * The parent that npm puts between itself and a service: a shell, which a SIGTERM to `npx puntual serve` ends without a
 * word to the service. So where npm started it, a service ends with its parent, also when that went before the service
 * could look.
 */
import { readText } from '../../host/text-file.ts';

const LOOK_MS = 250;

interface NpmParent {
  /**
   * Calls `onGone` once when the parent of a service that npm started is gone. A service that was put into the background
   * stays.
   * @returns a function that stops it
   */
  readonly watch: (onGone: () => void) => () => void;
}

/** To be called as early as possible: who the parent is now. */
export const findNpmParent = (): NpmParent => {
  const first = process.ppid;
  const isOurs = process.env['npm_command'] !== undefined && !isInBackground();
  const isGone = (): boolean => process.ppid !== first;
  const wasGone = isOurs && isAdopted(first);
  return {
    watch: (onGone) => {
      if (!isOurs) return () => {};
      const look = (): boolean => {
        if (!wasGone && !isGone()) return false;
        clearInterval(timer);
        onGone();
        return true;
      };
      // A service that could not start ends by itself, whoever its parent is.
      const timer = setInterval(look, LOOK_MS).unref();
      look();
      return () => clearInterval(timer);
    },
  };
};

/** SIGQUIT: what a shell puts into the background ignores it. */
const SIGQUIT_BIT = 1n << 2n;

const isInBackground = (): boolean => {
  const ignored = /^SigIgn:\s*([\da-f]+)/m.exec(readText('/proc/self/status') ?? '')?.[1];
  return ignored !== undefined && (BigInt(`0x${ignored}`) & SIGQUIT_BIT) !== 0n;
};

/**
 * Whether the parent is no longer the one that started this process: npm, its shell and the service are of one process
 * group, and who takes in orphans is not. A process that leads a group of its own was detached, and tells nothing.
 */
const isAdopted = (parent: number): boolean => {
  const own = groupOf(process.pid);
  const theirs = groupOf(parent);
  return own !== undefined && theirs !== undefined && own !== process.pid && own !== theirs;
};

/** @source proc_pid_stat(5): the name may hold anything, also brackets */
const groupOf = (pid: number): number | undefined => {
  const stat = readText(`/proc/${pid}/stat`);
  return stat === undefined
    ? undefined
    : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
};
