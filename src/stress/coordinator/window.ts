/**
 * One second of a step, all shards together: what the live view, the audits, the search and the report read.
 *
 * Windows merge: neighbours in time, as a long run needs, and the same seconds of parallel runs. Counts add up exactly; a
 * quantile is read from the coarse histograms, and lies between those of the parts.
 */
import {
  bucketOf,
  buildScale,
  decodeCounts,
  encodeCounts,
  lowOf,
  mergeInto,
  quantileOf,
  totalOf,
} from '../../core/latency.ts';
import { addTally, buildTally, countOf, SCALE, SLOT_MS, TICK_MS } from '../generator/tally.ts';
import type { Tick } from '../messages.ts';

/** Microseconds, known to one part in 8: what a heat map can show. */
export const COARSE_SCALE = buildScale(4, 30);

const N_SLOTS = TICK_MS / SLOT_MS;

export interface Window {
  /** 0-based second of the step in which it begins. */
  readonly second: number;
  /** How many seconds it covers: 1, more in a long run. */
  readonly seconds: number;
  readonly planned: number;
  readonly sent: number;
  readonly ok: number;
  readonly httpError: number;
  readonly socketError: number;
  readonly timeout: number;
  readonly unanswered: number;
  readonly dropped: number;
  readonly wrong: number;
  readonly reopened: number;
  /** Why requests failed, the most frequent first, a few. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Response times of this window, null when nothing was answered. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  readonly serviceP50Ms: number | null;
  readonly serviceMeanMs: number | null;
  /** Coarse histogram of response times, sparse. */
  readonly heat: readonly number[];
  /** Length of a slot, and successes and failures by slot. */
  readonly slotMs: number;
  readonly okSlots: readonly number[];
  readonly badSlots: readonly number[];
  readonly nOpen: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** Share of the time that the busiest shard ran, and waited for a processor. */
  readonly busy: number;
  readonly starved: number;
  /** Share of the time in which the service had something to do; null where it is not seen. */
  readonly service: number | null;
  /** Share of the machine's processor time that nobody used. */
  readonly idle: number | null;
  readonly rssBytes: number;
}

/**
 * @param nOpen open connections of all shards, also of those that had no tick in this second
 * @param serviceLoad share of the time in which the service had something to do
 */
export const buildWindow = (
  second: number,
  ticks: readonly Tick[],
  nOpen: number,
  serviceLoad: number | null,
): Window => {
  const tally = buildTally();
  for (const tick of ticks) addTally(tally, tick.tally);
  const { response, service } = tally.histograms;
  const sum = (read: (tick: Tick) => number): number =>
    ticks.reduce((total, tick) => total + read(tick), 0);
  const busiest = ticks.reduce((max, tick) =>
    tick.busy + tick.starved > max.busy + max.starved ? tick : max,
  );
  return {
    second,
    seconds: 1,
    planned: countOf(tally, 'planned'),
    sent: countOf(tally, 'sent'),
    ok: countOf(tally, 'ok'),
    httpError: countOf(tally, 'httpError'),
    socketError: countOf(tally, 'socketError'),
    timeout: countOf(tally, 'timeout'),
    unanswered: countOf(tally, 'unanswered'),
    dropped: countOf(tally, 'dropped'),
    wrong: countOf(tally, 'wrong'),
    reopened: countOf(tally, 'reopened'),
    reasons: topReasons(tally.reasons),
    p50Ms: quantileMs(response, 0.5),
    p99Ms: quantileMs(response, 0.99),
    maxMs: quantileMs(response, 1),
    serviceP50Ms: quantileMs(service, 0.5),
    serviceMeanMs: meanMs(service),
    heat: encodeCounts(coarsen(response)),
    slotMs: SLOT_MS,
    okSlots: [...tally.okSlots],
    badSlots: [...tally.badSlots],
    nOpen,
    inFlight: sum(({ inFlightMean }) => inFlightMean),
    waiting: sum(({ waiting }) => waiting),
    busy: busiest.busy,
    starved: busiest.starved,
    service: serviceLoad,
    idle: ticks[0]?.idle ?? null,
    rssBytes: sum(({ rssBytes }) => rssBytes),
  };
};

const MAX_REASONS = 5;

const topReasons = (reasons: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...reasons].sort(([, a], [, b]) => b - a).slice(0, MAX_REASONS));

const addReasons = (
  a: Window['reasons'] | undefined,
  b: Window['reasons'] | undefined,
): Map<string, number> => {
  const sum = new Map(Object.entries(a ?? {}));
  for (const [reason, count] of Object.entries(b ?? {})) {
    sum.set(reason, (sum.get(reason) ?? 0) + count);
  }
  return sum;
};

/** Requests of a window that failed, of whatever kind. */
export const errorsOf = (
  window: Pick<
    Window,
    'httpError' | 'wrong' | 'socketError' | 'timeout' | 'unanswered' | 'dropped'
  >,
): number =>
  window.httpError +
  window.wrong +
  window.socketError +
  window.timeout +
  (window.unanswered ?? 0) +
  window.dropped;

/** A quantile of a histogram in microseconds, as milliseconds; null when it is empty. */
export const quantileMs = (counts: ArrayLike<number>, p: number): number | null => {
  const us = quantileOf(SCALE, counts, p);
  return Number.isNaN(us) ? null : us / 1000;
};

/** Mean of a histogram, each count at the middle of its bucket. */
export const meanMs = (counts: ArrayLike<number>): number | null => {
  const total = totalOf(counts);
  if (total === 0) return null;
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i]! > 0) sum += (counts[i]! * (lowOf(SCALE, i) + lowOf(SCALE, i + 1))) / 2;
  }
  return sum / total / 1000;
};

const coarsen = (counts: ArrayLike<number>): Float64Array => {
  const coarse = new Float64Array(COARSE_SCALE.nBuckets);
  for (let i = 0; i < counts.length; i++) {
    if (counts[i]! > 0) coarse[bucketOf(COARSE_SCALE, lowOf(SCALE, i))]! += counts[i]!;
  }
  return coarse;
};

/** A window in the place of one that begins at `second` and spans `span` seconds: the same counts on longer slots. */
export const respace = (window: Window, second: number, span: number): Window => ({
  ...window,
  second,
  slotMs: SLOT_MS * span,
  okSlots: slotsOf([window], ({ okSlots }) => okSlots, second, span),
  badSlots: slotsOf([window], ({ badSlots }) => badSlots, second, span),
});

/** Two windows after one another in the place of one that begins at `second` and spans `span` seconds. */
export const mergeAfter = (a: Window, b: Window, second: number, span: number): Window => {
  const seconds = a.seconds + b.seconds;
  const mean = (read: (window: Window) => number): number =>
    (read(a) * a.seconds + read(b) * b.seconds) / seconds;
  return {
    ...sumsOf(a, b),
    second,
    seconds,
    slotMs: SLOT_MS * span,
    okSlots: slotsOf([a, b], ({ okSlots }) => okSlots, second, span),
    badSlots: slotsOf([a, b], ({ badSlots }) => badSlots, second, span),
    nOpen: b.nOpen,
    inFlight: mean(({ inFlight }) => inFlight),
    waiting: Math.max(a.waiting, b.waiting),
    busy: mean(({ busy }) => busy),
    starved: mean(({ starved }) => starved),
    service: eitherOr(a.service, b.service, (x, y) => (x * a.seconds + y * b.seconds) / seconds),
    idle: eitherOr(a.idle, b.idle, (x, y) => (x * a.seconds + y * b.seconds) / seconds),
    rssBytes: Math.max(a.rssBytes, b.rssBytes),
  };
};

/** The same seconds of two generators that stressed one service together. */
export const mergeBeside = (a: Window, b: Window): Window => {
  const busiest = a.busy + a.starved >= b.busy + b.starved ? a : b;
  const add = (x: readonly number[], y: readonly number[]): number[] =>
    x.map((count, i) => count + (y[i] ?? 0));
  return {
    ...sumsOf(a, b),
    second: a.second,
    seconds: Math.max(a.seconds, b.seconds),
    slotMs: a.slotMs,
    okSlots: add(a.okSlots, b.okSlots),
    badSlots: add(a.badSlots, b.badSlots),
    nOpen: a.nOpen + b.nOpen,
    inFlight: a.inFlight + b.inFlight,
    waiting: a.waiting + b.waiting,
    busy: busiest.busy,
    starved: busiest.starved,
    service: eitherOr(a.service, b.service, Math.max),
    idle: eitherOr(a.idle, b.idle, Math.min),
    rssBytes: a.rssBytes + b.rssBytes,
  };
};

/** What adds up in time as well as side by side, and the response times of both. */
const sumsOf = (a: Window, b: Window) => {
  const heat = decodeCounts(COARSE_SCALE, a.heat);
  mergeInto(heat, decodeCounts(COARSE_SCALE, b.heat));
  const quantile = (p: number, x: number | null, y: number | null): number | null =>
    eitherOr(x, y, (one, other) => {
      const ms = quantileOf(COARSE_SCALE, heat, p) / 1000;
      return Math.min(Math.max(ms, Math.min(one, other)), Math.max(one, other));
    });
  const weighted = (x: number | null, y: number | null): number | null =>
    eitherOr(x, y, (one, other) => (one * a.ok + other * b.ok) / Math.max(1, a.ok + b.ok));
  return {
    planned: a.planned + b.planned,
    sent: (a.sent ?? 0) + (b.sent ?? 0),
    ok: a.ok + b.ok,
    httpError: a.httpError + b.httpError,
    socketError: a.socketError + b.socketError,
    timeout: a.timeout + b.timeout,
    unanswered: (a.unanswered ?? 0) + (b.unanswered ?? 0),
    dropped: a.dropped + b.dropped,
    wrong: a.wrong + b.wrong,
    reopened: a.reopened + b.reopened,
    reasons: topReasons(addReasons(a.reasons, b.reasons)),
    p50Ms: quantile(0.5, a.p50Ms, b.p50Ms),
    p99Ms: quantile(0.99, a.p99Ms, b.p99Ms),
    maxMs: eitherOr(a.maxMs, b.maxMs, Math.max),
    serviceP50Ms: weighted(a.serviceP50Ms, b.serviceP50Ms),
    serviceMeanMs: weighted(a.serviceMeanMs, b.serviceMeanMs),
    heat: encodeCounts(heat),
  };
};

const eitherOr = (
  a: number | null,
  b: number | null,
  both: (a: number, b: number) => number,
): number | null => (a === null ? b : b === null ? a : both(a, b));

/** Slots of windows on the slots of the longer one that takes their place. */
const slotsOf = (
  parts: readonly Window[],
  read: (window: Window) => readonly number[],
  second: number,
  span: number,
): number[] => {
  const slots = new Array<number>(N_SLOTS).fill(0);
  const slotMs = SLOT_MS * span;
  for (const part of parts) {
    const fromMs = (part.second - second) * TICK_MS;
    for (const [i, count] of read(part).entries()) {
      slots[Math.floor((fromMs + i * part.slotMs) / slotMs)]! += count;
    }
  }
  return slots;
};
