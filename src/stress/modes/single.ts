/**
 * The plain run: one load, closed loop or planned rate, for one duration, with faults if any are planned.
 */
import { AppError } from '../../core/errors.ts';
import type { Threshold } from '../analysis/slo.ts';
import { buildStep, type Step } from '../analysis/step.ts';
import type { FaultPlan } from '../faults/fault.ts';
import { type FaultResult, injectFault } from '../faults/fault-injection.ts';
import { measureRecovery, type Recovery } from '../faults/recovery.ts';
import type { Load } from '../generator/schedule.ts';
import { openConnections, type Session } from '../session.ts';
import type { Admin } from '../target/admin.ts';
import type { Watcher } from '../watcher.ts';

interface SingleRunOptions {
  /** Null: closed loop. */
  readonly load: Load | null;
  readonly durationMs: number;
  readonly warmUpMs: number;
  readonly timeoutMs: number;
  readonly thresholds: readonly Threshold[];
  readonly faults: readonly FaultPlan[];
  readonly admin: Admin | undefined;
  /** When all machines begin, milliseconds since 1970. */
  readonly startAtMs?: number | undefined;
}

export interface SingleRun {
  readonly step: Step;
  readonly faults: readonly Recovery[];
  readonly connections: { readonly planned: number; readonly opened: number };
}

const MAX_GRACE_MS = 2000;

/** How long unanswered requests are waited for at the end of a step. */
export const graceOf = (timeoutMs: number): number => Math.min(timeoutMs, MAX_GRACE_MS);

export const runSingle = async (
  session: Session,
  options: SingleRunOptions,
  watcher: Watcher,
): Promise<SingleRun> => {
  const planned = session.plan.nConnections;
  const opened = await openConnections(session, planned, watcher.onOpening);
  const lateMs = Date.now() - (options.startAtMs ?? Number.POSITIVE_INFINITY);
  if (lateMs > 0) {
    throw new AppError(
      'usage',
      `--start-at had passed ${(lateMs / 1000).toFixed(1)} s before the connections were open: choose a later moment.`,
    );
  }
  watcher.onStep?.('run', options.load?.toPerSecond ?? null, opened);
  let results: Promise<FaultResult[]> = Promise.resolve([]);
  const record = await session.fleet.run(
    {
      load: options.load,
      durationMs: options.durationMs,
      warmUpMs: options.warmUpMs,
      graceMs: graceOf(options.timeoutMs),
      startAtMs: options.startAtMs,
    },
    watcher.onWindow,
    (startAtMs) => {
      results = injectAll(session, options, startAtMs, watcher);
      // A fault that cannot be carried out ends the run at once; the reason comes out of `results`.
      results.catch(() => session.fleet.stop());
    },
  );
  const faults = (await results).map((result) =>
    measureRecovery(result, record.windows, options.durationMs),
  );
  const step = buildStep({
    name: 'run',
    record,
    connections: opened,
    thresholds: options.thresholds,
    recoveryMs: worstRecoveryMs(faults),
  });
  return { step, faults, connections: { planned, opened } };
};

const injectAll = (
  session: Session,
  options: SingleRunOptions,
  startAtMs: number,
  watcher: Watcher,
): Promise<FaultResult[]> =>
  Promise.all(
    options.faults.map(async (plan) => {
      const result = await injectFault(plan, {
        admin: options.admin,
        target: session.target,
        resetAll: () => session.fleet.reset(1),
        startAtMs,
        runEndsAtMs: startAtMs + options.durationMs,
      });
      watcher.onFault?.(result);
      return result;
    }),
  );

/** The longest recovery; Infinity when one fault was not recovered from within the run, undefined without faults. */
const worstRecoveryMs = (faults: readonly Recovery[]): number | undefined =>
  faults.length === 0
    ? undefined
    : Math.max(...faults.map(({ recoveredMs }) => recoveredMs ?? Number.POSITIVE_INFINITY));
