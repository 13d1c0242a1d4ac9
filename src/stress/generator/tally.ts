/**
 * What a shard records between two ticks: counters, histograms, successes by 10 ms slot, reasons of failure.
 */
import {
  buildCounts,
  buildScale,
  decodeCounts,
  encodeCounts,
  mergeInto,
} from '../../core/latency.ts';

/** Microseconds, known to one part in 1024, up to 1073 s. */
export const SCALE = buildScale(11, 30);

/** How a planned request can end: exactly one of these. */
export const OUTCOMES = [
  'ok',
  'httpError',
  /** The status was right, what came with it was not. */
  'wrong',
  'socketError',
  'timeout',
  /** Never sent for want of a connection, or still open when the wait after the end was over. */
  'unanswered',
  'dropped',
  /** Open when the run was cut short, and not old enough to be called lost. */
  'inFlight',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const COUNTERS = [
  ...OUTCOMES,
  'planned',
  'sent',
  /** Ok answers that arrived inside the measured window, whenever they were planned. */
  'okInWindow',
  /** Requests sent inside the measured window. */
  'sentInWindow',
  /** Answers of which something is known that must be right; and those of them that were looked at. */
  'checked',
  'compared',
  /** Bytes from the server that answered no request. */
  'unsolicited',
  'bytesIn',
  'opened',
  'reopened',
  'refused',
  /** Connections that the server closed while they were idle. */
  'closedIdle',
  /** Users of a journey. */
  'usersStarted',
  'usersDone',
  'usersFailed',
] as const;
export type Counter = (typeof COUNTERS)[number];

export const HISTOGRAMS = ['response', 'service', 'lag', 'late', 'errors', 'connect'] as const;
/**
 * response = done - planned; service = done - sent; lag = sent - planned; late = how late the pacer was at a
 * planned time; errors = age of requests that failed; connect = time to open a connection.
 */
export type HistogramName = (typeof HISTOGRAMS)[number];

export const SLOT_MS = 10;
export const TICK_MS = 1000;
const N_SLOTS = TICK_MS / SLOT_MS;
const MAX_REASONS = 50;

/** The name of requests of a journey that were not known before the load. */
export const OTHER = 'other';

/** What is kept of one group of requests: those of one name, planned in one stage. */
export interface GroupTally {
  /** Shape (OUTCOMES). */
  readonly outcomes: Float64Array;
  readonly response: Float64Array;
}

interface EncodedGroup {
  readonly outcomes: readonly number[];
  readonly response: readonly number[];
}

export interface Tally {
  readonly counters: Float64Array;
  readonly histograms: Readonly<Record<HistogramName, Float64Array>>;
  /** Answers by HTTP status. */
  readonly statuses: Float64Array;
  /** Successes by slot of the tick. */
  readonly okSlots: Float64Array;
  /** Requests that failed, by slot of the tick. */
  readonly badSlots: Float64Array;
  readonly reasons: Map<string, number>;
  /** Empty where all requests are of one name and one stage. */
  readonly groups: GroupTally[];
}

/** A tally as it crosses processes and lies in run files. */
export interface EncodedTally {
  readonly counters: Readonly<Record<Counter, number>>;
  readonly histograms: Readonly<Record<HistogramName, readonly number[]>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly okSlots: readonly number[];
  readonly badSlots: readonly number[];
  readonly reasons: Readonly<Record<string, number>>;
  readonly groups?: readonly EncodedGroup[];
}

export const COUNTER_AT = Object.fromEntries(COUNTERS.map((name, i) => [name, i])) as Readonly<
  Record<Counter, number>
>;

const forEachName = <K extends string, V>(
  names: readonly K[],
  make: (name: K) => V,
): Readonly<Record<K, V>> =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, V>;

const buildGroup = (): GroupTally => ({
  outcomes: new Float64Array(OUTCOMES.length),
  response: buildCounts(SCALE),
});

/** @param nGroups 0 where all requests are of one group */
export const buildTally = (nGroups = 0): Tally => ({
  counters: new Float64Array(COUNTERS.length),
  histograms: forEachName(HISTOGRAMS, () => buildCounts(SCALE)),
  statuses: new Float64Array(1000),
  okSlots: new Float64Array(N_SLOTS),
  badSlots: new Float64Array(N_SLOTS),
  reasons: new Map(),
  groups: Array.from({ length: nGroups }, buildGroup),
});

/** Same bucket as `bucketOf(SCALE, us)` of the core, without its general arithmetic. @cost about 1 ns */
export const bucketOfUs = (us: number): number => {
  if (us < 2048) return us > 0 ? us | 0 : 0;
  if (us >= 1_073_741_824) return SCALE.nBuckets - 1;
  const shift = 21 - Math.clz32(us);
  return (shift << 10) + (us >>> shift);
};

export const addReason = (tally: Tally, reason: string, count = 1): void => {
  const known = tally.reasons.has(reason) || tally.reasons.size < MAX_REASONS;
  const key = known ? reason : 'other';
  tally.reasons.set(key, (tally.reasons.get(key) ?? 0) + count);
};

/** The tally, encoded; it is empty afterwards. */
export const takeTally = (tally: Tally): EncodedTally => {
  const encoded: EncodedTally = {
    counters: forEachName(COUNTERS, (name) => tally.counters[COUNTER_AT[name]]!),
    histograms: forEachName(HISTOGRAMS, (name) => encodeCounts(tally.histograms[name])),
    statuses: Object.fromEntries(
      [...tally.statuses.entries()].filter(([, count]) => count > 0),
    ) as Record<string, number>,
    okSlots: [...tally.okSlots],
    badSlots: [...tally.badSlots],
    reasons: Object.fromEntries(tally.reasons),
    ...(tally.groups.length > 0
      ? {
          groups: tally.groups.map(({ outcomes, response }) => ({
            outcomes: [...outcomes],
            response: encodeCounts(response),
          })),
        }
      : {}),
  };
  clearTally(tally);
  return encoded;
};

export const clearTally = (tally: Tally): void => {
  tally.counters.fill(0);
  for (const name of HISTOGRAMS) tally.histograms[name].fill(0);
  tally.statuses.fill(0);
  tally.okSlots.fill(0);
  tally.badSlots.fill(0);
  tally.reasons.clear();
  for (const { outcomes, response } of tally.groups) {
    outcomes.fill(0);
    response.fill(0);
  }
};

/** Adds an encoded tally to a tally: exact, in any order. */
export const addTally = (tally: Tally, encoded: EncodedTally): void => {
  // A run file of an earlier version lacks the counters that came later.
  for (const name of COUNTERS) tally.counters[COUNTER_AT[name]]! += encoded.counters[name] ?? 0;
  for (const name of HISTOGRAMS) {
    mergeInto(tally.histograms[name], decodeCounts(SCALE, encoded.histograms[name]));
  }
  for (const [status, count] of Object.entries(encoded.statuses)) tally.statuses[+status]! += count;
  for (const [i, count] of encoded.okSlots.entries()) tally.okSlots[i]! += count;
  for (const [i, count] of encoded.badSlots.entries()) tally.badSlots[i]! += count;
  for (const [reason, count] of Object.entries(encoded.reasons)) addReason(tally, reason, count);
  for (const [i, group] of (encoded.groups ?? []).entries()) {
    tally.groups[i] ??= buildGroup();
    const { outcomes, response } = tally.groups[i];
    for (const [at, count] of group.outcomes.entries()) outcomes[at]! += count;
    mergeInto(response, decodeCounts(SCALE, group.response));
  }
};

export const countOf = (tally: Tally, counter: Counter): number =>
  tally.counters[COUNTER_AT[counter]]!;

/** planned - (sum of the outcomes): 0, or requests were lost from the recorder. */
export const imbalanceOf = (tally: Tally): number =>
  countOf(tally, 'planned') - OUTCOMES.reduce((sum, name) => sum + countOf(tally, name), 0);
