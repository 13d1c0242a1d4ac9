/**
 * The plan of the coming days (`--schedule`): read at the start and whenever its files have changed, and kept as a copy
 * that workers read. A plan that cannot be read is not taken over; the one before stays.
 */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { checkRegularFile } from '../../core/files/regular-file.ts';
import { dropCopy, holdCopy } from './shared-dir.ts';

/** What can be done with files of flights; it comes from whoever can read them. */
export interface PlanReader {
  /** The files that paths, folders and patterns stand for now. @throws AppError file-missing */
  readonly find: (paths: readonly string[]) => readonly string[];
  /** As the bytes of a plan (see `core/departure-plan`). */
  readonly read: (paths: readonly string[]) => Promise<Uint8Array>;
}

interface PlanSource extends PlanReader {
  readonly paths: readonly string[];
  readonly sharedDir: string;
}

interface KeptPlan {
  /** The copy that workers read. */
  readonly file: () => string;
  /** Why the files as they are now are not in use; undefined when they are. */
  readonly refusal: () => string | undefined;
  /** Looks every two seconds. @returns a function that stops it */
  readonly watch: (onChange: () => void, everyMs?: number) => () => void;
}

const LOOK_MS = 2000;

/** Flights of some days: far more than any airport has, and still read in a time that a start may take. */
const PLAN_LIMIT_BYTES = 512 * 2 ** 20;

/**
 * What says that it is empty is one of the kernel's where it is not, of which some are waited for without an end.
 * @throws AppError file-missing, file-unreadable, file-empty
 */
const checkPlanFile = (path: string): void => {
  if (checkRegularFile(path, PLAN_LIMIT_BYTES) === 0)
    throw new AppError('file-empty', `${path} is empty`);
};

/** @throws AppError as `read` does, and file-unwritable */
export const keepPlan = async ({ paths, find, read, sharedDir }: PlanSource): Promise<KeptPlan> => {
  let nCopies = 0;
  let refusal: string | undefined;
  let copies: readonly string[] = [];
  const stamp = (): string => {
    try {
      return find(paths)
        .map((file) => `${file} ${stampOf(file)}`)
        .join(' / ');
    } catch (error) {
      // One of them is not there now.
      if (error instanceof AppError) return error.message;
      throw error;
    }
  };

  const takeOver = async (): Promise<void> => {
    // An address is no file of this machine, and asked by whoever reads it.
    for (const file of find(paths))
      if (statSync(file, { throwIfNoEntry: false })) checkPlanFile(file);
    const bytes = await read(paths);
    const file = join(sharedDir, `plan-${++nCopies}`);
    try {
      writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' });
      holdCopy(file);
    } catch (error) {
      dropCopy(file);
      throw new AppError(
        'file-unwritable',
        `there is no room for the plan of ${paths.join(', ')}`,
        {
          cause: error,
        },
      );
    }
    // Workers that start now may still read the one before.
    for (const old of copies.slice(0, -1)) dropCopy(old);
    copies = [...copies.slice(-1), file];
  };

  let served = stamp();
  await takeOver();
  return {
    file: () => copies.at(-1)!,
    refusal: () => refusal,
    watch: (onChange, everyMs = LOOK_MS) => {
      let last = served;
      let isReading = false;
      const timer = setInterval(() => {
        const now = stamp();
        const isSettled = now === last && now !== served;
        last = now;
        if (!isSettled || isReading) return;
        served = now;
        isReading = true;
        void takeOver()
          .then(() => {
            refusal = undefined;
          })
          .catch((error: unknown) => {
            if (!(error instanceof AppError)) throw error;
            refusal = `a schedule that has changed is not taken over: ${error.message}`;
          })
          .finally(() => {
            isReading = false;
            onChange();
          });
      }, everyMs);
      return () => clearInterval(timer);
    },
  };
};

const stampOf = (path: string): string => {
  try {
    const { mtimeMs, ctimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
  } catch {
    return '';
  }
};
