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
  'noisy',
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
  /** No new trial is begun after this, and no soak after the second; the clock is given so that tests need none. */
  readonly limitMs: number;
  readonly soakLimitMs: number;
  readonly nowMs: () => number;
  /** Whether somebody wants it to end. */
  readonly isCutShort?: () => boolean;
}

export interface SearchResult {
  /** The highest rate that passed its soak, or a step where no soak was passed; null when nothing passed. */
  readonly sustainedPerSecond: number | null;
  /** Whether that rate passed a soak. */
  readonly isSoaked: boolean;
  /** The lowest rate that failed; null when nothing failed. */
  readonly breakingPerSecond: number | null;
  readonly reason: FailureReason | null;
  /** Whether the ends came as close as wanted. */
  readonly converged: boolean;
}

const DOWN = 0.5;
/** What is soaked after a soak failed, as shares of the first: a soak finds what a short step cannot. */
const SOAK_SHARES = [1, 0.98, 0.94, 0.87, 0.75, 0.6, 0.45] as const;

/** @param trial runs one step; @param soak runs one longer step */
export const searchCapacity = async (
  trial: (ratePerSecond: number) => Promise<Trial>,
  soak: (ratePerSecond: number) => Promise<Trial>,
  options: SearchOptions,
): Promise<SearchResult> => {
  const startMs = options.nowMs();
  const isCutShort = options.isCutShort ?? (() => false);
  const late = (): boolean => isCutShort() || options.nowMs() - startMs > options.limitMs;
  const passed: number[] = [];
  let low: number | null = null;
  let high: number | null = null;
  let reason: FailureReason | null = null;
  let rate = options.startPerSecond;

  /** Two of three decide, so that one bad moment of the machine does not. */
  const decide = async (at: number): Promise<Trial> => {
    const first = await trial(at);
    if (first.passed || isFinal(first.reason) || late()) return first;
    const second = await trial(at);
    if (!second.passed || late()) return second;
    return trial(at);
  };

  while (!late()) {
    const result = await decide(rate);
    // A step that was cut short says neither.
    if (isCutShort()) break;
    if (result.passed) {
      low = Math.max(low ?? 0, rate);
      passed.push(rate);
    } else {
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
  const isTooLate = (): boolean => isCutShort() || options.nowMs() - startMs > options.soakLimitMs;
  for (const share of low === null ? [] : SOAK_SHARES) {
    if (isTooLate()) break;
    const at = low! * share;
    const result = await soak(at);
    if (isCutShort()) break;
    if (result.passed) {
      return {
        sustainedPerSecond: at,
        isSoaked: true,
        breakingPerSecond: high,
        reason,
        converged: converged && share === 1,
      };
    }
    high = Math.min(high ?? Number.POSITIVE_INFINITY, at);
    reason = result.reason;
  }
  const below = passed.filter((rate) => high === null || rate < high);
  return {
    sustainedPerSecond: below.length > 0 ? Math.max(...below) : null,
    isSoaked: false,
    breakingPerSecond: high,
    reason,
    converged,
  };
};

/** Reasons that a repeat cannot change. */
const isFinal = (reason: FailureReason | null): boolean => reason === 'died';
