/**
 * Ctrl-C while a model is learned: it ends boosting, and the best round so far is kept.
 * Before there is a round to keep it ends the program; a second Ctrl-C always does.
 */

export interface Interruption {
  readonly isAsked: () => boolean;
  /** There is a round to keep from now on. */
  readonly allowKeeping: () => void;
  /** Ctrl-C does what it did before. */
  readonly unwatch: () => void;
}

/** Listens for SIGINT until `unwatch`. */
export const watchInterruption = (): Interruption => {
  let isAsked = false;
  let hasRound = false;
  const stop = (): void => {
    if (isAsked) {
      process.stderr.write('stopped at once: no model was made\n');
      process.exit(INTERRUPTED);
    }
    if (!hasRound) {
      process.stderr.write('stopped before the first tree: no model was made\n');
      process.exit(INTERRUPTED);
    }
    isAsked = true;
    process.stderr.write('stopping: the best round so far is kept (Ctrl-C again: nothing is)\n');
  };
  process.on('SIGINT', stop);
  return {
    isAsked: () => isAsked,
    allowKeeping: () => {
      hasRound = true;
    },
    unwatch: () => {
      process.off('SIGINT', stop);
    },
  };
};

/** 128 + SIGINT, as shells say it. */
const INTERRUPTED = 130;
