/**
 * Admission control: bounds the work in flight of one worker. Single predictions first, batches in slices, nothing for a
 * caller who is gone.
 */
import type { Call } from '../../http/call.ts';
import type { ServeConfig } from '../config.ts';
import type { Admission, Deadline } from '../context.ts';

export const buildAdmission = (
  config: Pick<ServeConfig, 'batchesInFlight'>,
  isOverloaded: () => boolean = () => false,
): Admission & { readonly inFlight: () => number } => {
  let singles = 0;
  let batches = 0;
  const turn = buildTurns();
  return {
    inFlight: () => singles + batches,
    isShared: () => batches > 1,
    tryEnter: (kind) => {
      if (kind === 'single') {
        singles++;
        return undefined;
      }
      if (batches >= config.batchesInFlight) return 'queue-full';
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

/**
 * Slices of batches, one in each turn of the event loop: between two of them goes everything that has arrived meanwhile,
 * and a single flight waits for one slice, however many batches are in flight.
 */
const buildTurns = (): (() => Promise<void>) => {
  const waiting: (() => void)[] = [];
  const next = (): void => {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(next);
  };
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(next);
    });
};

const deadlineOf = (call: Pick<Call, 'header' | 'signal'>): Deadline => {
  const seconds = Number(call.header('request-timeout') ?? Number.NaN);
  return {
    atMs: seconds >= 0 ? performance.now() + seconds * 1000 : Number.POSITIVE_INFINITY,
    signal: call.signal(),
  };
};
