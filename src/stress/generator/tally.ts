/**
 * What a shard writes down between two ticks: counters, histograms, successes by 10 ms slot, reasons of failure.
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
  'socketError',
  'timeout',
  'dropped',
  'inFlight',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const COUNTERS = [
  ...OUTCOMES,
  'planned',
  'sent',
  /** Ok answers that arrived inside the measured window, whenever they were planned. */
  'okInWindow',
  /** Of the HTTP errors: the status was right, the body was not. */
  'wrong',
  /** Bodies compared with the known right answer. */
  'checked',
  /** Bytes from the server that answered no request. */
  'unsolicited',
  'bytesIn',
  'opened',
  'reopened',
  'refused',
  /** Connections that the server closed while they were idle. */
  'closedIdle',
] as const;
export type Counter = (typeof COUNTERS)[number];

export const HISTOGRAMS = ['response', 'service', 'lag', 'late', 'errors', 'connect'] as const;
/**
 * response = done - planned; service = done - sent; lag = sent - planned; late = how late the pump was at a
 * planned time; errors = age of requests that failed; connect = time to open a connection.
 */
export type HistogramName = (typeof HISTOGRAMS)[number];

export const SLOT_MS = 10;
export const TICK_MS = 1000;
const N_SLOTS = TICK_MS / SLOT_MS;
const MOST_REASONS = 50;

export interface Ledger {
  readonly counters: Float64Array;
  readonly histograms: Readonly<Record<HistogramName, Float64Array>>;
  /** Answers by HTTP status. */
  readonly statuses: Float64Array;
  /** Successes by slot of the tick. */
  readonly okSlots: Float64Array;
  /** Requests that failed, by slot of the tick. */
  readonly badSlots: Float64Array;
  readonly reasons: Map<string, number>;
}

/** A ledger as it crosses processes and lies in run files. */
export interface Entry {
  readonly counters: Readonly<Record<Counter, number>>;
  readonly histograms: Readonly<Record<HistogramName, readonly number[]>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly okSlots: readonly number[];
  readonly badSlots: readonly number[];
  readonly reasons: Readonly<Record<string, number>>;
}

export const COUNTER_AT = Object.fromEntries(COUNTERS.map((name, i) => [name, i])) as Readonly<
  Record<Counter, number>
>;

const forEachName = <K extends string, V>(
  names: readonly K[],
  make: (name: K) => V,
): Readonly<Record<K, V>> =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, V>;

export const buildLedger = (): Ledger => ({
  counters: new Float64Array(COUNTERS.length),
  histograms: forEachName(HISTOGRAMS, () => buildCounts(SCALE)),
  statuses: new Float64Array(1000),
  okSlots: new Float64Array(N_SLOTS),
  badSlots: new Float64Array(N_SLOTS),
  reasons: new Map(),
});

/** Same bucket as `bucketOf(SCALE, us)` of the core, without its general arithmetic. @cost about 1 ns */
export const bucketOfUs = (us: number): number => {
  if (us < 2048) return us > 0 ? us | 0 : 0;
  if (us >= 1_073_741_824) return SCALE.nBuckets - 1;
  const shift = 21 - Math.clz32(us);
  return (shift << 10) + (us >>> shift);
};

export const addReason = (ledger: Ledger, reason: string, count = 1): void => {
  const known = ledger.reasons.has(reason) || ledger.reasons.size < MOST_REASONS;
  const key = known ? reason : 'other';
  ledger.reasons.set(key, (ledger.reasons.get(key) ?? 0) + count);
};

/** The ledger as an entry; the ledger is empty afterwards. */
export const takeEntry = (ledger: Ledger): Entry => {
  const entry: Entry = {
    counters: forEachName(COUNTERS, (name) => ledger.counters[COUNTER_AT[name]]!),
    histograms: forEachName(HISTOGRAMS, (name) => encodeCounts(ledger.histograms[name])),
    statuses: Object.fromEntries(
      [...ledger.statuses.entries()].filter(([, count]) => count > 0),
    ) as Record<string, number>,
    okSlots: [...ledger.okSlots],
    badSlots: [...ledger.badSlots],
    reasons: Object.fromEntries(ledger.reasons),
  };
  clearLedger(ledger);
  return entry;
};

export const clearLedger = (ledger: Ledger): void => {
  ledger.counters.fill(0);
  for (const name of HISTOGRAMS) ledger.histograms[name].fill(0);
  ledger.statuses.fill(0);
  ledger.okSlots.fill(0);
  ledger.badSlots.fill(0);
  ledger.reasons.clear();
};

/** Adds an entry to a ledger: exact, in any order. */
export const addEntry = (ledger: Ledger, entry: Entry): void => {
  for (const name of COUNTERS) ledger.counters[COUNTER_AT[name]]! += entry.counters[name];
  for (const name of HISTOGRAMS) {
    mergeInto(ledger.histograms[name], decodeCounts(SCALE, entry.histograms[name]));
  }
  for (const [status, count] of Object.entries(entry.statuses)) ledger.statuses[+status]! += count;
  for (const [i, count] of entry.okSlots.entries()) ledger.okSlots[i]! += count;
  for (const [i, count] of entry.badSlots.entries()) ledger.badSlots[i]! += count;
  for (const [reason, count] of Object.entries(entry.reasons)) addReason(ledger, reason, count);
};

export const countOf = (ledger: Ledger, counter: Counter): number =>
  ledger.counters[COUNTER_AT[counter]]!;

/** planned - (sum of the outcomes): 0, or requests were lost from the books. */
export const imbalanceOf = (ledger: Ledger): number =>
  countOf(ledger, 'planned') - OUTCOMES.reduce((sum, name) => sum + countOf(ledger, name), 0);
