/**
 * The capacity search: climb until a step fails, close in by halves, repeat what fails, and soak at what held.
 * It only decides: a step is run by the `trial` that the caller gives, so tests need no service.
 */

const FAILURE_REASONS = [
  'latency',
  'errors',
  'collapse',
  'refused',
  'died',
  'generator-bound',
  'environment',
  'ceiling',
] as const;
/** Why a step failed: the service was too slow, failed, lost throughput, refused, is gone; or it was not the service. */
export type FailureReason = (typeof FAILURE_REASONS)[number];

export interface Trial {
  readonly ratePerSecond: number;
  readonly passed: boolean;
  readonly reason: FailureReason | null;
  readonly throughputPerSecond: number;
}

export interface SearchOptions {
  readonly startPerSecond: number;
  /** Factor from step to step while nothing has failed. */
  readonly growth: number;
  /** How close in share of the rate the two ends must come. */
  readonly precision: number;
  readonly maxPerSecond: number;
  readonly minPerSecond: number;
  /** No new trial is begun after this; the clock is given so that tests need none. */
  readonly limitMs: number;
  readonly nowMs: () => number;
}

export interface SearchResult {
  /** The highest rate that passed its soak; null when nothing passed. */
  readonly sustainedPerSecond: number | null;
  /** The lowest rate that failed; null when nothing failed. */
  readonly breakingPerSecond: number | null;
  readonly reason: FailureReason | null;
  /** Whether the ends came as close as wanted. */
  readonly converged: boolean;
}

const N_SOAKS = 3;
const DOWN = 0.5;

/** @param trial runs one step; @param soak runs one longer step */
export const searchCapacity = async (
  trial: (ratePerSecond: number) => Promise<Trial>,
  soak: (ratePerSecond: number) => Promise<Trial>,
  options: SearchOptions,
): Promise<SearchResult> => {
  const startMs = options.nowMs();
  const late = (): boolean => options.nowMs() - startMs > options.limitMs;
  let low: number | null = null;
  let high: number | null = null;
  let reason: FailureReason | null = null;
  let rate = options.startPerSecond;

  /** Two of three decide, so that one bad moment of the machine does not. */
  const decide = async (at: number): Promise<Trial> => {
    const first = await trial(at);
    if (first.passed || isFinal(first.reason)) return first;
    const second = await trial(at);
    if (!second.passed) return second;
    return trial(at);
  };

  while (!late()) {
    const result = await decide(rate);
    if (result.passed) low = Math.max(low ?? 0, rate);
    else {
      high = Math.min(high ?? Number.POSITIVE_INFINITY, rate);
      reason = result.reason;
      if (isFinal(reason) && low === null) break;
    }
    if (low !== null && low >= options.maxPerSecond) {
      reason = 'ceiling';
      break;
    }
    if (low !== null && high !== null) {
      if (high / low - 1 <= options.precision) break;
      rate = Math.sqrt(low * high);
    } else if (low !== null) rate = Math.min(options.maxPerSecond, rate * options.growth);
    else {
      rate *= DOWN;
      if (rate < options.minPerSecond) break;
    }
  }
  const converged = low !== null && high !== null && high / low - 1 <= options.precision;
  for (let attempt = 0; low !== null && attempt < N_SOAKS; attempt++) {
    const result = await soak(low);
    if (result.passed) {
      return { sustainedPerSecond: low, breakingPerSecond: high, reason, converged };
    }
    high = Math.min(high ?? Number.POSITIVE_INFINITY, low);
    reason = result.reason;
    low *= 1 - options.precision / 2;
  }
  return { sustainedPerSecond: null, breakingPerSecond: high, reason, converged };
};

/** Reasons that a repeat cannot change. */
const isFinal = (reason: FailureReason | null): boolean => reason === 'died';
