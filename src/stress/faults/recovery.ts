/**
 * What a fault cost, read off the run's timeline: pure functions over successes and failures by slot, 10 ms in most runs.
 */

import { longestGap, timelineOf } from '../coordinator/timeline.ts';
import type { Window } from '../coordinator/window.ts';
import { SLOT_MS } from '../generator/tally.ts';
import type { FaultResult } from './fault-injection.ts';

export interface Recovery {
  readonly fault: string;
  readonly what: string;
  readonly atMs: number;
  readonly endedMs: number;
  readonly undone: boolean;
  /** Whether the seconds before were without a failure, so that what followed can be blamed on the fault. */
  readonly steadyBefore: boolean;
  readonly okPerSecondBefore: number;
  /** Requests that failed from the fault until the service had recovered (or the run ended). */
  readonly requestsLost: number;
  readonly wrongAnswers: number;
  readonly longestGapMs: number;
  /** Until an answer came again, to one slot. */
  readonly firstSuccessMs: number | null;
  /** Until the first of 1 s without a failure at 90 % of the rate before; null: not within the run. */
  readonly recoveredMs: number | null;
  readonly peakP99Ms: number | null;
  readonly goodputLost: number;
  readonly socketsReopened: number;
  readonly replacedInMs: number | null;
  readonly readyInMs: number | null;
  /** What the service itself counted. */
  readonly restarts: number | null;
  readonly notes: readonly string[];
}

const BASE_MS = 10_000;
const GOOD_SHARE = 0.9;
const GOOD_FOR_MS = 1000;

/** @param windows every second of the run; @param endMs when the plan of the run ended */
export const measureRecovery = (
  result: FaultResult,
  windows: readonly Window[],
  endMs: number,
): Recovery => {
  const ok = timelineOf(windows, ({ okSlots }) => okSlots);
  const bad = timelineOf(windows, ({ badSlots }) => badSlots);
  const slotMs = windows[0]?.slotMs ?? SLOT_MS;
  const at = Math.floor(result.startedMs / slotMs);
  const end = Math.min(ok.length, Math.floor(endMs / slotMs));
  const base = Math.max(0, at - Math.ceil(BASE_MS / slotMs));
  const before = sumOf(ok, base, at) / Math.max(1, at - base);
  const acted = Math.min(end, Math.floor(result.endedMs / slotMs) + 1);
  const recovered = findRecovered(
    { ok, bad, slotMs },
    { from: afterLast(bad, at, acted), end, okPerSlotBefore: before },
  );
  const until = Math.max(recovered ?? end, acted);
  const first = ok.findIndex((count, slot) => slot > at && count > 0);
  const untilMs = until * slotMs;
  const after = windows.filter(
    ({ second, seconds }) =>
      (second + seconds) * 1000 > result.startedMs && second * 1000 <= untilMs,
  );
  const peaks = after.map(({ p99Ms }) => p99Ms ?? 0);
  return {
    fault: result.plan.text,
    what: result.plan.what,
    atMs: result.startedMs,
    endedMs: result.endedMs,
    undone: result.undone,
    steadyBefore: at > base && sumOf(bad, base, at) === 0,
    okPerSecondBefore: (before * 1000) / slotMs,
    requestsLost: sumOf(bad, at, until + 1),
    wrongAnswers: after.reduce((sum, { wrong }) => sum + wrong, 0),
    longestGapMs: longestGap(ok, { from: at, end: until, slotMs }).lengthMs,
    firstSuccessMs: first < 0 ? null : Math.max(0, (first + 1) * slotMs - result.startedMs),
    recoveredMs: recovered === null ? null : Math.max(0, recovered * slotMs - result.startedMs),
    peakP99Ms: peaks.length > 0 ? Math.max(...peaks) : null,
    goodputLost: Math.max(0, Math.round(before * (until - at) - sumOf(ok, at, until))),
    socketsReopened: after.reduce((sum, { reopened }) => sum + reopened, 0),
    replacedInMs: result.replacedInMs,
    readyInMs: result.readyInMs,
    restarts:
      result.restartsBefore === null || result.restartsAfter === null
        ? null
        : result.restartsAfter - result.restartsBefore,
    notes: result.notes,
  };
};

/** The slot after the last one of a stretch that has a failure; its first slot when none has. */
const afterLast = (bad: readonly number[], from: number, to: number): number => {
  for (let slot = Math.min(to, bad.length) - 1; slot >= from; slot--) {
    if (bad[slot]! > 0) return slot + 1;
  }
  return from;
};

const sumOf = (slots: readonly number[], from: number, to: number): number => {
  let sum = 0;
  for (let i = from; i < to && i < slots.length; i++) sum += slots[i]!;
  return sum;
};

/** Successes and failures of a run by slot. */
interface Timeline {
  readonly ok: readonly number[];
  readonly bad: readonly number[];
  readonly slotMs?: number;
}

/** Slots between which a recovery is looked for, and what it must reach. */
interface RecoverySearch {
  readonly from: number;
  readonly end: number;
  readonly okPerSlotBefore: number;
}

/**
 * The first slot from which on a whole second has no failure and enough successes, null when there is none.
 * The slot of the fault itself is allowed to be the one: then nothing was to be seen.
 */
export const findRecovered = (
  { ok, bad, slotMs = SLOT_MS }: Timeline,
  { from, end, okPerSlotBefore }: RecoverySearch,
): number | null => {
  const span = Math.max(1, Math.ceil(GOOD_FOR_MS / slotMs));
  for (let slot = from; slot + span <= end; slot++) {
    const good = sumOf(ok, slot, slot + span) >= GOOD_SHARE * okPerSlotBefore * span;
    if (good && sumOf(bad, slot, slot + span) === 0) return slot;
  }
  return null;
};
