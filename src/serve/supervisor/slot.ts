/**
 * The slot of one worker, and the restart policy of a slot whose workers keep dying: backoff and crash budget.
 */
import type { Child } from './child.ts';

/**
 * A worker that lives shorter than this dies young; from the third in a row on, the next one waits. A worker that can
 * not live dies of its first requests; one that somebody kills every second must not be taken for it.
 */
export const YOUNG_MS = 500;
const PATIENCE = 3;
const MIN_BACKOFF_MS = 100;
export const MAX_BACKOFF_MS = 5000;
/** More young deaths in a row, and the service calls itself not ready until a worker stays. */
const CRASH_BUDGET = 5;

/** What others may see of it. */
export interface SlotView {
  readonly id: number;
  readonly child: Child | undefined;
  readonly restarts: number;
}

export interface WorkerSlot {
  readonly id: number;
  child: Child | undefined;
  restarts: number;
  youngDeaths: number;
  /** A successor is on its way: a death needs no other. */
  awaited: boolean;
}

export const buildWorkerSlot = (id: number): WorkerSlot => ({
  id,
  child: undefined,
  restarts: 0,
  youngDeaths: 0,
  awaited: false,
});

/** @param livedMs since it was ready; NaN when it never was */
export const noteDeath = (slot: WorkerSlot, livedMs: number): void => {
  slot.youngDeaths = livedMs >= YOUNG_MS ? 0 : slot.youngDeaths + 1;
};

/** How long a place stays empty: not at all at first, then 0.1 s, doubled up to 5 s. */
export const backoffMs = (youngDeaths: number): number =>
  youngDeaths < PATIENCE
    ? 0
    : Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** (youngDeaths - PATIENCE));

/** Why the crash budget is spent, undefined while it is not. */
export const exhaustionOf = (slots: readonly WorkerSlot[]): string | undefined => {
  const worst = slots.find((slot) => slot.youngDeaths > CRASH_BUDGET);
  return worst && `worker ${worst.id} died ${worst.youngDeaths} times in a row right away`;
};
