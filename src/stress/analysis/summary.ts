/**
 * The figures of a step as other programs read them: outcomes, throughput, quantiles of the three histograms.
 */
import { totalOf } from '../../core/latency.ts';
import type { StepRecord } from '../coordinator/fleet.ts';
import { meanMs, quantileMs } from '../coordinator/window.ts';
import {
  type Counter,
  countOf,
  imbalanceOf,
  OUTCOMES,
  type Outcome,
  type Tally,
} from '../generator/tally.ts';
import { type GroupFigures, groupsByName } from './groups.ts';
import { shareInterval } from './interval.ts';
import type { Silence } from './outage.ts';
import type { Measures } from './slo.ts';

/** Null where nothing was recorded. */
export interface Quantiles {
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly maxMs: number | null;
  readonly meanMs: number | null;
  readonly count: number;
}

interface WrongEstimate {
  readonly count: number;
  readonly low: number;
  readonly high: number;
}

export interface Summary {
  readonly planned: number;
  readonly sent: number;
  /** Answers of any status. */
  readonly answered: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Requests sent per second of the measured time. */
  readonly achievedPerSecond: number;
  /** Ok answers per second of the measured time. */
  readonly throughputPerSecond: number;
  readonly seconds: number;
  /** Requests that failed: all that did not end ok, but for those in flight when a run was cut short. */
  readonly errors: number;
  /** Their share of the planned ones. */
  readonly errorShare: number;
  /** The longest stretch without a good answer while requests were open. */
  readonly longestGapMs: number;
  readonly wrong: number;
  /** Answers of which something is known that must be right; and those of them, chosen at random, that were looked at. */
  readonly checked: number;
  readonly compared: number;
  /** How many of the checked ones are wrong, from the sample: estimate, and its 95 % interval; null without a sample. */
  readonly wrongEstimate: WrongEstimate | null;
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
  /** How often bytes came that answered no request. */
  readonly unsolicited: number;
  readonly bytesIn: number;
  /** Users of a journey: those that began, came to its end, and failed on the way; null where requests are plain. */
  readonly users: {
    readonly started: number;
    readonly done: number;
    readonly failed: number;
  } | null;
}

/** @throws Error when the counts do not balance: a bug of the generator */
export const summarise = (record: StepRecord, { longestGapMs }: Silence): Summary => {
  const { tally, seconds } = record;
  const imbalance = imbalanceOf(tally);
  if (imbalance !== 0) {
    throw new Error(`the counts do not balance: ${imbalance} planned requests have no outcome`);
  }
  const planned = countOf(tally, 'planned');
  const outcomes = Object.fromEntries(
    OUTCOMES.map((name) => [name, countOf(tally, name)]),
  ) as Record<Outcome, number>;
  const wrongEstimate = estimateWrong(tally);
  const nFound = planned - outcomes.ok - outcomes.inFlight;
  const errors = nFound + Math.max(0, (wrongEstimate?.count ?? 0) - outcomes.wrong);
  const { response, service, lag, late, connect } = tally.histograms;
  return {
    planned,
    sent: countOf(tally, 'sent'),
    answered: outcomes.ok + outcomes.httpError + outcomes.wrong,
    outcomes,
    achievedPerSecond: countOf(tally, 'sentInWindow') / seconds,
    throughputPerSecond: countOf(tally, 'okInWindow') / seconds,
    seconds,
    errors,
    longestGapMs,
    errorShare: planned === 0 ? 0 : errors / planned,
    wrong: countOf(tally, 'wrong'),
    checked: countOf(tally, 'checked'),
    compared: countOf(tally, 'compared'),
    wrongEstimate,
    responseTime: quantilesOf(response),
    serviceTime: quantilesOf(service),
    lag: quantilesOf(lag),
    lateness: quantilesOf(late),
    connectTime: quantilesOf(connect),
    errorTime: quantilesOf(tally.histograms.errors),
    statuses: Object.fromEntries(
      [...tally.statuses.entries()].filter(([, count]) => count > 0),
    ) as Record<string, number>,
    reasons: Object.fromEntries([...tally.reasons].sort(([, a], [, b]) => b - a)),
    reopened: countOf(tally, 'reopened'),
    refused: countOf(tally, 'refused'),
    closedIdle: countOf(tally, 'closedIdle'),
    unsolicited: countOf(tally, 'unsolicited'),
    bytesIn: countOf(tally, 'bytesIn'),
    users: usersOf(tally),
  };
};

const usersOf = (tally: Tally): Summary['users'] => {
  const started = countOf(tally, 'usersStarted');
  if (started === 0) return null;
  return { started, done: countOf(tally, 'usersDone'), failed: countOf(tally, 'usersFailed') };
};

/** Wilson's interval of the share found wrong, scaled to all that could have been looked at. */
const estimateWrong = (tally: Tally): WrongEstimate | null => {
  const [n, found, of] = [
    countOf(tally, 'compared'),
    countOf(tally, 'wrong'),
    countOf(tally, 'checked'),
  ];
  if (n === 0) return null;
  if (n >= of) return { count: found, low: found, high: found };
  const [low, high] = shareInterval(found, n);
  return {
    count: Math.round((found / n) * of),
    low: Math.floor(low * of),
    high: Math.ceil(high * of),
  };
};

const quantilesOf = (counts: ArrayLike<number>): Quantiles => ({
  p50Ms: quantileMs(counts, 0.5),
  p90Ms: quantileMs(counts, 0.9),
  p95Ms: quantileMs(counts, 0.95),
  p99Ms: quantileMs(counts, 0.99),
  p999Ms: quantileMs(counts, 0.999),
  maxMs: quantileMs(counts, 1),
  meanMs: meanMs(counts),
  count: totalOf(counts),
});

/** What thresholds are judged by. */
export const measuresOf = (
  tally: Tally,
  summary: Summary,
  groups: readonly GroupFigures[],
  recoveryMs?: number,
): Measures => {
  const share = (count: number, of: number): number | undefined =>
    of === 0 ? undefined : count / of;
  const whole = {
    responseMs: (p: number) => quantileMs(tally.histograms.response, p) ?? undefined,
    meanMs: summary.responseTime.meanMs ?? undefined,
    okShare: share(summary.outcomes.ok, summary.planned),
    errorShare: share(summary.errors, summary.planned),
    wrongShare: share(summary.wrongEstimate?.count ?? summary.wrong, summary.planned),
    ratePerSecond: summary.throughputPerSecond,
    statusShare: (status: string) => share(summary.statuses[status] ?? 0, summary.answered),
    gapMs: summary.longestGapMs,
    recoveryMs,
  };
  return {
    ...whole,
    ofName: (name) => {
      const group = groups.find((entry) => entry.name === name);
      return group && { ...whole, ...group.measures };
    },
  };
};

/** What thresholds are judged by while a run goes on: errors are those of the requests that have ended. */
export const runningMeasures = (tally: Tally, names: readonly string[]): Measures => {
  const of = (counter: Counter): number => countOf(tally, counter);
  const ended = OUTCOMES.reduce((sum, outcome) => sum + of(outcome), 0);
  const share = (count: number): number | undefined => (ended === 0 ? undefined : count / ended);
  const answered = of('ok') + of('httpError') + of('wrong');
  const groups = groupsByName({ tally, names, seconds: 0 });
  const whole = {
    responseMs: (p: number) => quantileMs(tally.histograms.response, p) ?? undefined,
    meanMs: meanMs(tally.histograms.response) ?? undefined,
    okShare: share(of('ok')),
    errorShare: share(ended - of('ok') - of('inFlight')),
    wrongShare: share(of('wrong')),
    ratePerSecond: undefined,
  };
  return {
    ...whole,
    statusShare: (status) =>
      answered === 0 ? undefined : (tally.statuses[Number(status)] ?? 0) / answered,
    gapMs: undefined,
    recoveryMs: undefined,
    ofName: (name) => groups.find((entry) => entry.name === name)?.measures,
  };
};
