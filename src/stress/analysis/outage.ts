/**
 * Whether the service stopped answering for a while: the longest stretch without a good answer while answers were owed.
 */
import { quantileOf, totalOf } from '../../core/latency.ts';
import type { StepRecord } from '../coordinator/fleet.ts';
import { longestGap, timelineOf } from '../coordinator/timeline.ts';
import type { Window } from '../coordinator/window.ts';
import { countOf, SCALE, SLOT_MS, TICK_MS } from '../generator/tally.ts';

export interface Outage {
  readonly fromMs: number;
  readonly lengthMs: number;
  /** Whether good answers came again before the plan ended. */
  readonly isOver: boolean;
}

export interface Silence {
  /** The longest stretch without a good answer while requests were open. */
  readonly longestGapMs: number;
  /** That stretch, when it is too long to be the way the service answers. */
  readonly outage: Outage | null;
}

const MIN_OUTAGE_MS = 1000;
/** A stretch is an outage from so many usual answer times, and so many usual times between two arrivals, on. */
const USUAL_TIMES = 10;

export const judgeSilence = (record: StepRecord): Silence => {
  const { windows, tally, step } = record;
  const slotMs = windows[0]?.slotMs ?? SLOT_MS;
  const ok = timelineOf(windows, ({ okSlots }) => okSlots);
  const end = Math.floor(step.durationMs / slotMs);
  const from = Math.ceil(step.warmUpMs / slotMs);
  const owed = owedSlots(windows, slotMs);
  const gap = longestGap(ok, { from, end, slotMs, isOwed: (slot) => owed[slot] === true });
  const isLong = gap.lengthMs >= Math.max(MIN_OUTAGE_MS, USUAL_TIMES * usualMs(record));
  const nOk = countOf(tally, 'ok');
  return {
    longestGapMs: gap.lengthMs,
    outage:
      isLong && nOk > 0 ? { ...gap, isOver: gap.fromMs + gap.lengthMs < (end - 1) * slotMs } : null,
  };
};

/** The larger of the usual time of a good answer and the usual time between two arrivals. */
const usualMs = ({ tally, step }: StepRecord): number => {
  const { response } = tally.histograms;
  // Those that were lost stand in the histogram at their age, above the good ones.
  const share = countOf(tally, 'ok') / Math.max(1, totalOf(response));
  const answerMs = quantileOf(SCALE, response, Math.min(1, share / 2)) / 1000 || 0;
  const rates = (step.load?.stages ?? [])
    .map(({ fromPerSecond, toPerSecond }) => (fromPerSecond + toPerSecond) / 2)
    .filter((rate) => rate > 0);
  return Math.max(answerMs, rates.length > 0 ? 1000 / Math.min(...rates) : 0);
};

const MIN_IN_FLIGHT = 0.01;

/** Whether requests were open, or failed, in the window of a slot. */
const owedSlots = (windows: readonly Window[], slotMs: number): boolean[] => {
  const owed: boolean[] = [];
  for (const window of windows) {
    const { second, planned, inFlight, waiting, badSlots } = window;
    const isOwed =
      planned > 0 || inFlight > MIN_IN_FLIGHT || waiting > 0 || badSlots.some((count) => count > 0);
    const at = (second * TICK_MS) / slotMs;
    for (let i = 0; i < badSlots.length; i++) owed[at + i] = isOwed;
  }
  return owed;
};
