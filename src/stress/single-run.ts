/**
 * The plain run: one load, closed loop or planned rate, for one duration; and what came of it.
 * Stands beside the capacity search and the ramp, which run many steps.
 */
import type { StepRecord } from './fleet.ts';
import type { Load } from './schedule.ts';
import { openConnections, type Session } from './session.ts';
import { type Judgement, judge, type Threshold } from './slo.ts';
import { measuresOf, type Summary, summarise } from './summary.ts';
import { judgeGenerator, type Verdict } from './verdict.ts';
import type { Window } from './window.ts';

export interface SingleRunOptions {
  /** Null: closed loop. */
  readonly load: Load | null;
  readonly durationMs: number;
  readonly warmUpMs: number;
  readonly timeoutMs: number;
  readonly thresholds: readonly Threshold[];
}

export interface SingleRun {
  readonly model: 'open' | 'closed';
  readonly record: StepRecord;
  readonly summary: Summary;
  readonly verdict: Verdict;
  readonly judgements: readonly Judgement[];
  readonly connections: { readonly planned: number; readonly opened: number };
}

const MOST_GRACE_MS = 2000;

/** How long unanswered requests are waited for at the end of a step. */
export const graceOf = (timeoutMs: number): number => Math.min(timeoutMs, MOST_GRACE_MS);

export const runSingle = async (
  session: Session,
  options: SingleRunOptions,
  onOpening?: (nOpen: number) => void,
  onWindow?: (window: Window) => void,
): Promise<SingleRun> => {
  const planned = session.plan.nConnections;
  const opened = await openConnections(session, planned, onOpening);
  const record = await session.fleet.run(
    {
      load: options.load,
      durationMs: options.durationMs,
      warmUpMs: options.warmUpMs,
      graceMs: graceOf(options.timeoutMs),
    },
    onWindow,
  );
  return finishSingle(record, options, { planned, opened });
};

export const finishSingle = (
  record: StepRecord,
  options: SingleRunOptions,
  connections: SingleRun['connections'],
  recoveryMs?: number,
): SingleRun => {
  const summary = summarise(record);
  const isOpenLoop = options.load !== null;
  return {
    model: isOpenLoop ? 'open' : 'closed',
    record,
    summary,
    verdict: judgeGenerator(
      summary,
      record.windows,
      isOpenLoop,
      connections.opened,
      tightestLatencyMs(options.thresholds),
    ),
    judgements: judge(options.thresholds, measuresOf(record.ledger, summary, recoveryMs)),
    connections,
  };
};

export const tightestLatencyMs = (thresholds: readonly Threshold[]): number | undefined => {
  const limits = thresholds
    .filter(({ metric }) => /^p\d|^max$/.test(metric))
    .map(({ limit }) => limit);
  return limits.length > 0 ? Math.min(...limits) : undefined;
};
