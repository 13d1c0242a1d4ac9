/**
 * Successes and failures of a run by slot, 10 ms in most runs, and the longest stretch without a success.
 */
import { SLOT_MS, TICK_MS } from '../generator/tally.ts';
import type { Window } from './window.ts';

/** Slots of the whole run, each window in its place; a second that no shard reported stays empty. */
export const timelineOf = (
  windows: readonly Window[],
  read: (window: Window) => readonly number[],
): number[] => {
  const slotMs = windows[0]?.slotMs ?? SLOT_MS;
  const fromOf = ({ second }: Window): number => (second * TICK_MS) / slotMs;
  const nSlots = windows.reduce(
    (max, window) => Math.max(max, fromOf(window) + read(window).length),
    0,
  );
  const slots = new Array<number>(nSlots).fill(0);
  for (const window of windows) {
    const from = fromOf(window);
    for (const [i, count] of read(window).entries()) slots[from + i] = count;
  }
  return slots;
};

interface Gap {
  readonly fromMs: number;
  readonly lengthMs: number;
}

/** Slots between which a gap is looked for. */
interface GapSearch {
  readonly from: number;
  readonly end: number;
  readonly slotMs?: number;
  /** Whether an answer could be expected in a slot; always, unless given. */
  readonly isOwed?: (slot: number) => boolean;
}

/** The longest stretch without a success, to one slot. */
export const longestGap = (
  ok: readonly number[],
  { from, end, slotMs = SLOT_MS, isOwed = () => true }: GapSearch,
): Gap => {
  let longest = 0;
  let endsAt = from;
  let gap = 0;
  for (let slot = from; slot < end; slot++) {
    gap = (ok[slot] ?? 0) === 0 && isOwed(slot) ? gap + 1 : 0;
    if (gap > longest) {
      longest = gap;
      endsAt = slot + 1;
    }
  }
  return { fromMs: (endsAt - longest) * slotMs, lengthMs: longest * slotMs };
};
