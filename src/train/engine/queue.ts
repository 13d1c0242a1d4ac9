/**
 * The queue of open leaves, from which any thread takes work: first what best-first growth needs first.
 */
import type { SplitContext } from '../growing/split-search.ts';
import { expandNode, publishChildren } from './expansion.ts';
import { maxGuessed } from './layout.ts';
import { CONTROL, STATE } from './node-table.ts';
import { nextNode, rankNodes } from './ranking.ts';
import type { ThreadContext } from './thread-context.ts';

/**
 * Takes the leaf that best-first growth needs next, again and again, until the tree has all its nodes.
 * Guesses while others are at work: their children may yet come earlier. Whoever has guessed often waits instead.
 */
export const expandOpenLeaves = (thread: ThreadContext, context: SplitContext): void => {
  const { control, nodes, layout } = thread;
  const maxTaken = maxGuessed(control[CONTROL.nWanted]!, layout.nThreads);
  lock(control);
  while (!rankNodes(thread)) {
    const node = nextNode(thread, control[CONTROL.nTaken]! < maxTaken);
    if (node < 0) {
      const seen = control[CONTROL.nPublished]!;
      unlock(control);
      pause(control, seen);
      lock(control);
      continue;
    }
    nodes.state[node] = STATE.taken;
    control[CONTROL.nTaken]! += 1;
    unlock(control);
    const left = expandNode(thread, context, node);
    lock(control);
    publishChildren(nodes, node, left);
    control[CONTROL.nPublished]! += 1;
  }
  unlock(control);
};

const SPINS = 100;

/** Free, taken, taken with others asleep before it. @source Drepper 2005, "Futexes are tricky" */
const LOCK = { free: 0, taken: 1, awaited: 2 } as const;

const lock = (control: Int32Array): void => {
  for (let spin = 0; spin < SPINS; spin++)
    if (Atomics.compareExchange(control, CONTROL.lock, LOCK.free, LOCK.taken) === LOCK.free) return;
  while (Atomics.exchange(control, CONTROL.lock, LOCK.awaited) !== LOCK.free)
    Atomics.wait(control, CONTROL.lock, LOCK.awaited);
};

const unlock = (control: Int32Array): void => {
  if (Atomics.exchange(control, CONTROL.lock, LOCK.free) === LOCK.awaited)
    Atomics.notify(control, CONTROL.lock, 1);
};

/** Waits a moment for another thread's children. */
const pause = (control: Int32Array, seen: number): void => {
  for (let spin = 0; spin < SPINS; spin++)
    if (Atomics.load(control, CONTROL.nPublished) !== seen) return;
  Atomics.wait(control, CONTROL.nPublished, seen, 0.05);
};
