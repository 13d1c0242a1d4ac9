/**
 * Bounds the work in hand of one worker: single predictions first, batches in slices, nothing for a caller who is gone.
 * Stands between the HTTP layer and the one thread that predicts.
 */
import type { Call } from '../../http/call.ts';
import type { ServeConfig } from '../config.ts';
import type { Admission, Deadline } from '../context.ts';

export const buildAdmission = (
  config: Pick<ServeConfig, 'batchesInHand'>,
  isOverloaded: () => boolean = () => false,
): Admission & { readonly inHand: () => number } => {
  let singles = 0;
  let batches = 0;
  return {
    inHand: () => singles + batches,
    tryEnter: (kind) => {
      if (kind === 'single') {
        singles++;
        return undefined;
      }
      if (batches >= config.batchesInHand) return 'queue-full';
      if (isOverloaded()) return 'overload';
      batches++;
      return undefined;
    },
    leave: (kind) => {
      if (kind === 'single') singles--;
      else batches--;
    },
    deadlineOf,
    pause: async (deadline) => {
      await turn();
      if (deadline.signal.aborted) return 'client-gone';
      return performance.now() >= deadline.atMs ? 'deadline' : undefined;
    },
    retryAfterSeconds: () => 1,
  };
};

/** One turn of the event loop: everything that has arrived meanwhile goes first. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const deadlineOf = (call: Pick<Call, 'header' | 'signal'>): Deadline => {
  const seconds = Number(call.header('request-timeout') ?? Number.NaN);
  return {
    atMs: seconds >= 0 ? performance.now() + seconds * 1000 : Number.POSITIVE_INFINITY,
    signal: call.signal(),
  };
};
