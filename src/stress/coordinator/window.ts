/**
 * One second of a step, all shards together: what the live view, the audits, the search and the report read.
 */
import {
  bucketOf,
  buildScale,
  encodeCounts,
  lowOf,
  quantileOf,
  totalOf,
} from '../../core/latency.ts';
import { addTally, buildTally, countOf, SCALE, SLOT_MS } from '../generator/tally.ts';
import type { Tick } from '../messages.ts';

/** Microseconds, known to one part in 8: what a heat map can show. */
export const COARSE_SCALE = buildScale(4, 30);

export interface Window {
  /** 0-based second of the step in which it begins. */
  readonly second: number;
  /** How many seconds it covers: 1, more in a long run. */
  readonly seconds: number;
  readonly planned: number;
  readonly ok: number;
  readonly httpError: number;
  readonly socketError: number;
  readonly timeout: number;
  readonly dropped: number;
  readonly wrong: number;
  readonly reopened: number;
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
  /** Share of the time that the shard with the least rest ran, and waited for a processor. */
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
  const spent = ticks.reduce((most, tick) =>
    tick.busy + tick.starved > most.busy + most.starved ? tick : most,
  );
  return {
    second,
    seconds: 1,
    planned: countOf(tally, 'planned'),
    ok: countOf(tally, 'ok'),
    httpError: countOf(tally, 'httpError'),
    socketError: countOf(tally, 'socketError'),
    timeout: countOf(tally, 'timeout'),
    dropped: countOf(tally, 'dropped'),
    wrong: countOf(tally, 'wrong'),
    reopened: countOf(tally, 'reopened'),
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
    busy: spent.busy,
    starved: spent.starved,
    service: serviceLoad,
    idle: ticks[0]?.idle ?? null,
    rssBytes: sum(({ rssBytes }) => rssBytes),
  };
};

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
