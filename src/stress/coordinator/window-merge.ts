/**
 * Windows put together: neighbours in time, as a long run must, and the same seconds of parallel runs.
 * Counts add up exactly; a quantile is read from the coarse histograms, and lies between those of the parts.
 */
import { decodeCounts, encodeCounts, mergeInto, quantileOf } from '../../core/latency.ts';
import { SLOT_MS, TICK_MS } from '../generator/tally.ts';
import { COARSE_SCALE, type Window } from './window.ts';

const SLOTS = TICK_MS / SLOT_MS;

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
  const spent = a.busy + a.starved >= b.busy + b.starved ? a : b;
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
    busy: spent.busy,
    starved: spent.starved,
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
    ok: a.ok + b.ok,
    httpError: a.httpError + b.httpError,
    socketError: a.socketError + b.socketError,
    timeout: a.timeout + b.timeout,
    dropped: a.dropped + b.dropped,
    wrong: a.wrong + b.wrong,
    reopened: a.reopened + b.reopened,
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
  const slots = new Array<number>(SLOTS).fill(0);
  const slotMs = SLOT_MS * span;
  for (const part of parts) {
    const fromMs = (part.second - second) * TICK_MS;
    for (const [i, count] of read(part).entries()) {
      slots[Math.floor((fromMs + i * part.slotMs) / slotMs)]! += count;
    }
  }
  return slots;
};
