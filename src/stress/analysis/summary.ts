/**
 * The figures of a step as other programs read them: outcomes, throughput, quantiles of the three histograms.
 */
import { totalOf } from '../../core/latency.ts';
import type { StepRecord } from '../coordinator/fleet.ts';
import { meanMs, quantileMs } from '../coordinator/window.ts';
import { countOf, imbalanceOf, OUTCOMES, type Outcome, type Tally } from '../generator/tally.ts';
import type { Measures } from './slo.ts';

/** Null where nothing was recorded. */
export interface Quantiles {
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly maxMs: number | null;
  readonly meanMs: number | null;
  readonly count: number;
}

export interface Summary {
  readonly planned: number;
  readonly sent: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Ok answers per second of the measured time. */
  readonly throughputPerSecond: number;
  readonly seconds: number;
  /** Share of planned requests that did not end ok; those in flight at the end are not counted as errors. */
  readonly errorShare: number;
  readonly wrong: number;
  readonly checked: number;
  readonly responseTime: Quantiles;
  readonly serviceTime: Quantiles;
  readonly lag: Quantiles;
  readonly lateness: Quantiles;
  readonly connectTime: Quantiles;
  readonly errorTime: Quantiles;
  readonly statuses: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, number>>;
  readonly reopened: number;
  readonly refused: number;
  readonly closedIdle: number;
  readonly bytesIn: number;
}

/** @throws Error when the counts do not balance: a bug of the generator */
export const summarise = ({ tally, seconds }: StepRecord): Summary => {
  const imbalance = imbalanceOf(tally);
  if (imbalance !== 0) {
    throw new Error(`the counts do not balance: ${imbalance} planned requests have no outcome`);
  }
  const planned = countOf(tally, 'planned');
  const outcomes = Object.fromEntries(
    OUTCOMES.map((name) => [name, countOf(tally, name)]),
  ) as Record<Outcome, number>;
  const nErrors = planned - outcomes.ok - outcomes.inFlight;
  const { response, service, lag, late, errors, connect } = tally.histograms;
  return {
    planned,
    sent: countOf(tally, 'sent'),
    outcomes,
    throughputPerSecond: countOf(tally, 'okInWindow') / seconds,
    seconds,
    errorShare: planned === 0 ? 0 : nErrors / planned,
    wrong: countOf(tally, 'wrong'),
    checked: countOf(tally, 'checked'),
    responseTime: quantilesOf(response),
    serviceTime: quantilesOf(service),
    lag: quantilesOf(lag),
    lateness: quantilesOf(late),
    connectTime: quantilesOf(connect),
    errorTime: quantilesOf(errors),
    statuses: Object.fromEntries(
      [...tally.statuses.entries()].filter(([, count]) => count > 0),
    ) as Record<string, number>,
    reasons: Object.fromEntries([...tally.reasons].sort(([, a], [, b]) => b - a)),
    reopened: countOf(tally, 'reopened'),
    refused: countOf(tally, 'refused'),
    closedIdle: countOf(tally, 'closedIdle'),
    bytesIn: countOf(tally, 'bytesIn'),
  };
};

const quantilesOf = (counts: ArrayLike<number>): Quantiles => ({
  p50Ms: quantileMs(counts, 0.5),
  p90Ms: quantileMs(counts, 0.9),
  p99Ms: quantileMs(counts, 0.99),
  p999Ms: quantileMs(counts, 0.999),
  maxMs: quantileMs(counts, 1),
  meanMs: meanMs(counts),
  count: totalOf(counts),
});

/** What thresholds are judged by. */
export const measuresOf = (tally: Tally, summary: Summary, recoveryMs?: number): Measures => ({
  responseMs: (p) => quantileMs(tally.histograms.response, p) ?? undefined,
  errorShare: summary.planned === 0 ? undefined : summary.errorShare,
  wrongShare: summary.planned === 0 ? undefined : summary.wrong / summary.planned,
  ratePerSecond: summary.throughputPerSecond,
  recoveryMs,
});
