/**
 * One step of any mode as a run file keeps it: what was planned, what came of it, its histograms, and what audits say of it.
 */
import { encodeCounts } from '../../core/latency.ts';
import type { StepRecord } from '../coordinator/fleet.ts';
import type { Window } from '../coordinator/window.ts';
import { meanRateOf } from '../generator/schedule.ts';
import {
  COUNTERS,
  type Counter,
  countOf,
  HISTOGRAMS,
  type HistogramName,
  SLOT_MS,
} from '../generator/tally.ts';
import { type Group, groupsByName, groupsByStage } from './groups.ts';
import { quantileInterval } from './interval.ts';
import { auditLittle, type LittleAudit } from './little.ts';
import { judgeSilence, type Outage } from './outage.ts';
import { type Judgement, judge, type Threshold } from './slo.ts';
import { judgeSteadiness, type Steadiness } from './steady.ts';
import { measuresOf, type Summary, summarise } from './summary.ts';
import { judgeGenerator, type Verdict } from './verdict.ts';

export interface Step {
  /** When and how long the service did not answer; null when it always did. */
  readonly outage: Outage | null;
  /** Whether it was ended before its plan was. */
  readonly isCutShort: boolean;
  /** Figures by name and by stage, where there are several. */
  readonly names?: readonly Group[];
  readonly stages?: readonly Group[];
  readonly name: string;
  /** Null: closed loop. */
  readonly ratePerSecond: number | null;
  readonly connections: number;
  readonly durationMs: number;
  readonly warmUpMs: number;
  readonly summary: Summary;
  /** Raw counts, so that steps of several machines can be merged. */
  readonly counters: Readonly<Record<Counter, number>>;
  /** Microseconds, sparse: [bucket, count, ...]. */
  readonly histograms: Readonly<Record<HistogramName, readonly number[]>>;
  readonly windows: readonly Window[];
  readonly verdict: Verdict;
  readonly judgements: readonly Judgement[];
  readonly steadiness: Steadiness;
  readonly little: LittleAudit;
  /** 95 % interval of the response time's p99. */
  readonly p99RangeMs: readonly [number, number] | null;
  /** Mean requests in flight in the measured part. */
  readonly inFlight: number;
}

const STEADY_SLOT_MS = 100;
const STEADY_PER_WINDOW = 10;

interface StepFacts {
  readonly name: string;
  readonly record: StepRecord;
  /** How many were open. */
  readonly connections: number;
  readonly thresholds?: readonly Threshold[];
  /** The longest recovery from a fault; undefined without faults. */
  readonly recoveryMs?: number | undefined;
}

export const buildStep = ({
  name,
  record,
  connections,
  thresholds = [],
  recoveryMs,
}: StepFacts): Step => {
  const silence = judgeSilence(record);
  const summary = summarise(record, silence);
  const names = groupsByName(record);
  const stages = groupsByStage(record);
  const { tally, step } = record;
  const windows = record.windows.filter(
    ({ second, seconds }) =>
      (second + seconds) * 1000 > step.warmUpMs && second * 1000 < step.durationMs,
  );
  const whole = windows.filter(
    ({ second, seconds, slotMs }) =>
      second * 1000 >= step.warmUpMs &&
      (second + seconds) * 1000 <= step.durationMs &&
      seconds * SLOT_MS === slotMs,
  );
  const used = whole.length > 0 ? whole : windows;
  return {
    name,
    outage: silence.outage,
    isCutShort: record.isCutShort,
    ...(names.length > 0 ? { names: names.map(({ group }) => group) } : {}),
    ...(stages.length > 0 ? { stages: stages.map(({ group }) => group) } : {}),
    ratePerSecond: step.load === null ? null : meanRateOf(step.load) / record.nParts,
    connections,
    durationMs: step.durationMs,
    warmUpMs: step.warmUpMs,
    summary,
    counters: Object.fromEntries(COUNTERS.map((name) => [name, countOf(tally, name)])) as Record<
      Counter,
      number
    >,
    histograms: Object.fromEntries(
      HISTOGRAMS.map((histogram) => [histogram, encodeCounts(tally.histograms[histogram])]),
    ) as Record<HistogramName, number[]>,
    windows: record.windows,
    verdict: judgeGenerator(summary, record.windows, {
      isOpenLoop: step.load !== null,
      nOpened: connections,
      isHere: record.isHere,
      hasOutage: silence.outage !== null,
      latencyLimitMs: tightestLatencyMs(thresholds),
    }),
    judgements: judge(thresholds, measuresOf(tally, summary, names, recoveryMs)),
    steadiness: judgeSteadiness(...slotsOf(used)),
    little: auditLittle(record.windows),
    p99RangeMs: quantileInterval(tally.histograms.response, 0.99),
    inFlight: used.reduce((sum, { inFlight }) => sum + inFlight, 0) / Math.max(1, used.length),
  };
};

/** Successes by tenth of a window, and the length of such a tenth in seconds. */
const slotsOf = (windows: readonly Window[]): [number[], number] => {
  const per = STEADY_SLOT_MS / SLOT_MS;
  const slots = windows.flatMap(({ okSlots }) =>
    Array.from({ length: STEADY_PER_WINDOW }, (_, i) =>
      okSlots.slice(i * per, (i + 1) * per).reduce((sum, count) => sum + count, 0),
    ),
  );
  return [slots, ((windows[0]?.slotMs ?? SLOT_MS) * per) / 1000];
};

export const tightestLatencyMs = (thresholds: readonly Threshold[]): number | undefined => {
  const limits = thresholds
    .filter(({ metric }) => /^p\d|^max$|^mean$/.test(metric))
    .map(({ limit }) => limit);
  return limits.length > 0 ? Math.min(...limits) : undefined;
};
