/**
 * The capacity run: a short sweep of closed loops (the curve and a first guess), then the search at planned rates.
 */
import { type KneeReport, type LoadPoint, reportKnee } from '../analysis/knee.ts';
import type { Threshold } from '../analysis/slo.ts';
import { buildStep, type Step, tightestLatencyMs } from '../analysis/step.ts';
import { fitUsl, type UslFit } from '../analysis/usl.ts';
import { type Arrivals, steadyLoad } from '../generator/schedule.ts';
import { openConnections, type Session } from '../session.ts';
import type { Watcher } from '../watcher.ts';
import {
  type FailureReason,
  type SearchResult,
  searchCapacity,
  type Trial,
} from './capacity-search.ts';
import { graceOf } from './single.ts';

interface CapacityOptions {
  readonly thresholds: readonly Threshold[];
  readonly arrivals: Arrivals;
  readonly seed: number;
  readonly timeoutMs: number;
  readonly stepMs: number;
  readonly soakMs: number;
  /** Bound of the whole search, soaks and all. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

export interface CapacityRun {
  readonly sweep: readonly Step[];
  readonly trials: readonly Step[];
  readonly soaks: readonly Step[];
  readonly found: SearchResult;
  readonly usl: UslFit | null;
  readonly knee: KneeReport | null;
  readonly points: readonly LoadPoint[];
  readonly connections: { readonly planned: number; readonly opened: number };
}

const SWEEP_MS = 1500;
const WARM_UP_SHARE = 0.25;
const PRECISION = 0.04;
const COLLAPSE_SHARE = 0.8;
const COOL_DOWN_MS = 250;
/** A service that counts requests and refuses those above its limit needs a while to forget what it was asked. */
const COOL_DOWN_REFUSED_MS = 1200;
const GROWTH = 1.35;
/** Where a service refuses most of what closed loops ask, they do not say what it holds: the search climbs from below. */
const REFUSED_START_PER_SECOND = 10;
const REFUSED_GROWTH = 2;
/** Soaks for which the search leaves time. */
const N_SOAKS_PLANNED = 2;

export const runCapacity = async (
  session: Session,
  options: CapacityOptions,
  watcher: Watcher,
): Promise<CapacityRun> => {
  const planned = session.plan.nConnections;
  const { signal } = options;
  const startMs = performance.now();
  const stop = (): void => session.fleet.stop();
  signal.addEventListener('abort', stop);
  const sweep = await sweepClosed(session, options, watcher);
  const opened = await openConnections(session, planned, watcher.onOpening);
  const best = Math.max(...sweep.map(({ summary }) => summary.throughputPerSecond));
  const isRefusing = sweep.some(isRefused);
  if (isRefusing)
    watcher.onNote?.(
      'the service refuses what closed loops ask: the search climbs from a low rate',
    );
  const trials: Step[] = [];
  const soaks: Step[] = [];

  const attempt = async (name: string, rate: number, durationMs: number): Promise<Step> => {
    watcher.onStep?.(name, rate, opened);
    const record = await session.fleet.run(
      {
        load: steadyLoad(rate, durationMs, options.arrivals, options.seed + trials.length),
        durationMs,
        warmUpMs: Math.round(options.stepMs * WARM_UP_SHARE),
        graceMs: graceOf(options.timeoutMs, tightestLatencyMs(options.thresholds)),
      },
      watcher.onWindow,
      () => {
        if (signal.aborted) stop();
      },
    );
    const step = buildStep({ name, record, connections: opened, thresholds: options.thresholds });
    await coolDownAfter(step);
    return step;
  };
  const bestSoFar = (): number =>
    Math.max(best, ...trials.map(({ summary }) => summary.throughputPerSecond));
  const judgeTrial = (step: Step): Trial => {
    const reason = failureOf(step, bestSoFar(), options.thresholds);
    watcher.onNote?.(
      `${step.name} at ${Math.round(step.ratePerSecond!).toLocaleString('en')}/s: ${reason === null ? 'held' : `failed (${reason})`}`,
    );
    return {
      ratePerSecond: step.ratePerSecond!,
      passed: reason === null,
      reason,
      throughputPerSecond: step.summary.throughputPerSecond,
    };
  };
  const leftMs = (): number => options.limitMs - (performance.now() - startMs);
  const found = await searchCapacity(
    async (rate) => {
      const step = await attempt('step', rate, options.stepMs);
      trials.push(step);
      return judgeTrial(step);
    },
    async (rate) => {
      const step = await attempt('soak', rate, options.soakMs);
      soaks.push(step);
      return judgeTrial(step);
    },
    {
      startPerSecond: Math.max(isRefusing ? REFUSED_START_PER_SECOND : 2, best * 0.5),
      growth: isRefusing ? REFUSED_GROWTH : GROWTH,
      precision: PRECISION,
      maxPerSecond: 10_000_000,
      minPerSecond: 1,
      limitMs: Math.max(0, leftMs() - N_SOAKS_PLANNED * options.soakMs),
      soakLimitMs: Math.max(0, leftMs() - options.soakMs),
      isCutShort: () => signal.aborted,
      nowMs: () => performance.now(),
    },
  );
  signal.removeEventListener('abort', stop);
  const points = sweep
    .map((step) => pointOf(step, session.nStreams))
    .sort((a, b) => a.load - b.load);
  return {
    sweep,
    trials,
    soaks,
    found,
    usl: fitUsl(points.map(({ load, throughput }) => ({ n: Math.max(1, load), x: throughput }))),
    knee: reportKnee(points),
    points,
    connections: { planned, opened },
  };
};

/** Closed loops of 1, 2, 4, ... connections: throughput against requests in flight. */
const sweepClosed = async (
  session: Session,
  options: CapacityOptions,
  watcher: Watcher,
): Promise<Step[]> => {
  const { nConnections, nShards } = session.plan;
  const sizes: number[] = [];
  for (let size = nShards; size < nConnections; size *= 2) sizes.push(size);
  sizes.push(nConnections);
  const steps: Step[] = [];
  for (const size of sizes) {
    if (options.signal.aborted && steps.length > 0) break;
    const opened = await openConnections(session, size, watcher.onOpening);
    watcher.onStep?.('sweep', null, opened);
    const record = await session.fleet.run(
      {
        load: null,
        durationMs: SWEEP_MS,
        warmUpMs: SWEEP_MS * WARM_UP_SHARE,
        graceMs: graceOf(options.timeoutMs, tightestLatencyMs(options.thresholds)),
      },
      watcher.onWindow,
      () => {
        if (options.signal.aborted) session.fleet.stop();
      },
    );
    const step = buildStep({ name: 'sweep', record, connections: opened });
    steps.push(step);
    if (!isRefused(step)) continue;
    // More connections would only be refused more often.
    await coolDownAfter(step);
    break;
  }
  return steps;
};

/** Whether the service answered, and refused most of what it was asked. */
const isRefused = ({ summary: { outcomes, answered } }: Step): boolean =>
  outcomes.httpError > 0.5 * answered;

const coolDownAfter = (step: Step): Promise<void> =>
  Bun.sleep(step.summary.outcomes.httpError > 0 ? COOL_DOWN_REFUSED_MS : COOL_DOWN_MS);

/** In a closed loop the requests in flight are the connections, times the streams of each. */
const pointOf = (step: Step, nStreams: number): LoadPoint => ({
  load: step.connections * nStreams,
  throughput: step.summary.throughputPerSecond,
  meanMs: step.summary.serviceTime.meanMs ?? 0,
  p99Ms: step.summary.serviceTime.p99Ms ?? 0,
});

const MIN_SHARE_SERVED = 0.97;
/** So many requests may lie across the ends of the measured part: at a few per second they are no sign of anything. */
const AT_THE_ENDS = 3;
const BAD_WINDOWS_ALLOWED = 0.05;

/** Why a step did not hold, null when it did. */
const failureOf = (
  step: Step,
  bestPerSecond: number,
  thresholds: readonly Threshold[],
): FailureReason | null => {
  const { summary, verdict, judgements } = step;
  const nServed = summary.throughputPerSecond * summary.seconds;
  const failed = judgements.filter(({ holds }) => !holds);
  const isShort = nServed < MIN_SHARE_SERVED * summary.planned - AT_THE_ENDS;
  const isRough = shareOfSlowWindows(step, thresholds) > BAD_WINDOWS_ALLOWED;
  if (verdict.kind === 'valid' && failed.length === 0 && !isShort && !isRough) return null;
  if (summary.outcomes.ok === 0 && summary.refused > 0) return 'died';
  const hasErrors = failed.some(({ threshold }) => /^(errors|wrong|ok|status)/.test(threshold));
  // Errors that the service answered with are its own, however late they were asked for.
  if (hasErrors && summary.outcomes.httpError > 0.5 * summary.errors) return 'errors';
  if (verdict.kind === 'noisy') return 'noisy';
  if (verdict.kind === 'generator-bound') return 'generator-bound';
  if (verdict.kind === 'invalid') return 'environment';
  if (summary.refused > 0.01 * summary.planned) return 'refused';
  if (hasErrors) return 'errors';
  if (isShort && summary.throughputPerSecond < COLLAPSE_SHARE * bestPerSecond) return 'collapse';
  return 'latency';
};

/** Share of the step's seconds whose own p99 is above the tightest latency threshold. */
const shareOfSlowWindows = (step: Step, thresholds: readonly Threshold[]): number => {
  const limitMs = tightestLatencyMs(thresholds);
  const windows = step.windows.filter(({ planned }) => planned >= 100);
  if (limitMs === undefined || windows.length < 5) return 0;
  return (
    windows.filter(({ p99Ms }) => (p99Ms ?? 0) > limitMs).length / windows.length -
    1 / windows.length
  );
};
