/**
 * The open leaves as work that any thread may take, the most promising first.
 * Stands between `jobs` and `expansion`.
 */
import { expand, type Job, publish } from './expansion.ts';
import { SPARE_PER_THREAD } from './layout.ts';
import { CONTROL, type NodeTable, STATE } from './node-table.ts';
import type { Workshop } from './workshop.ts';

/**
 * Takes the open leaf that best-first growth would reach first, again and again, until none is left that it would reach.
 * Guesses: a leaf that is being expanded may yet have children that come earlier.
 */
export const expandMany = (shop: Workshop, job: Job): void => {
  const { control, nodes, layout } = shop;
  const most = control[CONTROL.nWanted]! + SPARE_PER_THREAD * layout.nThreads;
  lock(control);
  for (;;) {
    const node = nextCandidate(nodes, control);
    if (node < 0 || control[CONTROL.nExpanded]! >= most) {
      const isOver = node >= 0 || control[CONTROL.nActive] === 0;
      unlock(control);
      if (isOver) return;
      pause(control);
      lock(control);
      continue;
    }
    nodes.state[node] = STATE.taken;
    control[CONTROL.nExpanded]! += 1;
    control[CONTROL.nActive]! += 1;
    unlock(control);
    const left = expand(shop, job, node);
    lock(control);
    publish(nodes, node, left);
    control[CONTROL.nActive]! -= 1;
  }
};

/** The open leaf that is reached first, ties by gain, then to the rows that stand first; -1 when none is needed. */
const nextCandidate = (nodes: NodeTable, control: Int32Array): number => {
  const { state, reach, gain, begin } = nodes;
  const nNodes = control[CONTROL.nNodes]!;
  let best = -1;
  for (let node = 0; node < nNodes; node++) {
    if (state[node] !== STATE.candidate) continue;
    if (
      best < 0 ||
      reach[node]! > reach[best]! ||
      (reach[node] === reach[best] &&
        (gain[node]! > gain[best]! || (gain[node] === gain[best] && begin[node]! < begin[best]!)))
    )
      best = node;
  }
  const nWanted = control[CONTROL.nWanted]!;
  if (best < 0 || control[CONTROL.nExpanded]! < nWanted) return best;
  let nBefore = 0;
  for (let node = 0; node < nNodes; node++)
    if (
      state[node] !== STATE.leaf &&
      state[node] !== STATE.candidate &&
      reach[node]! > reach[best]!
    )
      nBefore++;
  return nBefore < nWanted ? best : -1;
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
const pause = (control: Int32Array): void => {
  const nActive = Atomics.load(control, CONTROL.nActive);
  for (let spin = 0; spin < SPINS; spin++)
    if (Atomics.load(control, CONTROL.nActive) !== nActive) return;
  Atomics.wait(control, CONTROL.nActive, nActive, 0.05);
};
