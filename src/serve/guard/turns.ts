/**
 * Turns: one slice of a batch or a stream in each turn of the event loop. Between two of them goes everything that has
 * arrived meanwhile, so a single flight waits for one slice, however many batches are in flight. Callers take turns,
 * and the slices of one caller go in their order: who has opened a hundred batches is served as often as who has one.
 * Under a quota of processors they keep to a share of it.
 */
import { pace } from '../../host/pace.ts';

interface Turns {
  /** Resolves when it is the caller's turn. */
  readonly next: (caller: string) => Promise<void>;
  readonly nWaiting: () => number;
}

export const buildTurns = (): Turns => {
  /** In the order in which callers get their turns. */
  const queues = new Map<string, (() => void)[]>();
  let nWaiting = 0;
  const rest = pace.kind();
  const advance = (): void => {
    const restMs = rest();
    if (restMs > 0) setTimeout(advance, restMs);
    else letOneGoOn();
  };
  const letOneGoOn = (): void => {
    for (const [caller, queue] of queues) {
      queues.delete(caller);
      nWaiting--;
      const resolve = queue.shift();
      if (queue.length > 0) queues.set(caller, queue);
      resolve?.();
      break;
    }
    if (nWaiting > 0) setImmediate(advance);
  };
  return {
    next: (caller) =>
      new Promise((resolve) => {
        const queue = queues.get(caller);
        if (queue) queue.push(resolve);
        else queues.set(caller, [resolve]);
        if (++nWaiting === 1) setImmediate(advance);
      }),
    nWaiting: () => nWaiting,
  };
};
