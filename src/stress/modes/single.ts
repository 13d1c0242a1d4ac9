/**
 * The plain run: one load, closed loop or planned rate, for one duration, with faults if any are planned.
 */
import { AppError } from '../../core/errors.ts';
import { judge, type Threshold } from '../analysis/slo.ts';
import { buildStep, type Step } from '../analysis/step.ts';
import { runningMeasures } from '../analysis/summary.ts';
import type { FaultPlan } from '../faults/fault.ts';
import { type FaultResult, injectFault } from '../faults/fault-injection.ts';
import { measureRecovery, type Recovery } from '../faults/recovery.ts';
import { highestRateOf, type Load } from '../generator/schedule.ts';
import { countOf, type Tally } from '../generator/tally.ts';
import { openConnections, type Session } from '../session.ts';
import type { Admin } from '../target/admin.ts';
import type { Watcher } from '../watcher.ts';

interface SingleRunOptions {
  /** Null: closed loop. */
  readonly load: Load | null;
  readonly durationMs: number;
  /** A closed loop ends after so many requests. */
  readonly maxRequests?: number | undefined;
  readonly warmUpMs: number;
  readonly timeoutMs: number;
  readonly thresholds: readonly Threshold[];
  readonly faults: readonly FaultPlan[];
  readonly admin: Admin | undefined;
  /** When all machines begin, milliseconds since 1970. */
  readonly startAtMs?: number | undefined;
  /** Ends the run early; what was measured is reported. */
  readonly signal: AbortSignal;
  /** Ends the run as soon as a threshold cannot be kept any more; is told which. */
  readonly onFailed?: ((threshold: string) => void) | undefined;
}

export interface SingleRun {
  readonly step: Step;
  readonly faults: readonly Recovery[];
  readonly connections: { readonly planned: number; readonly opened: number };
}

const MIN_GRACE_MS = 2000;
const LIMITS_WAITED = 4;

/**
 * How long unanswered requests are waited for at the end of a step of a search: what is open after that has long
 * broken the tightest latency threshold, and counts as unanswered.
 */
export const graceOf = (timeoutMs: number, latencyLimitMs = 0): number =>
  Math.min(timeoutMs, Math.max(MIN_GRACE_MS, LIMITS_WAITED * latencyLimitMs));

/** Of a threshold that is judged while the run goes on: fewer requests than these decide nothing. */
const MIN_JUDGED = 100;

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
  const { load, signal, thresholds } = options;
  watcher.onStep?.('run', load && highestRateOf(load), opened);
  const stop = (): void => session.fleet.stop();
  signal.addEventListener('abort', stop, { once: true });
  let results: Promise<(FaultResult | undefined)[]> = Promise.resolve([]);
  const record = await session.fleet.run(
    {
      load: options.load,
      durationMs: options.durationMs,
      warmUpMs: options.warmUpMs,
      maxRequests: options.maxRequests,
      graceMs: options.timeoutMs,
      startAtMs: options.startAtMs,
    },
    (window, tally) => {
      watcher.onWindow?.(window);
      const failed = options.onFailed && failedAlready(thresholds, tally, session.names);
      if (failed !== undefined) options.onFailed?.(failed);
    },
    (startAtMs) => {
      if (signal.aborted) stop();
      results = injectAll(session, options, startAtMs, watcher);
      // A fault that cannot be carried out ends the run at once; the reason comes out of `results`.
      results.catch(() => session.fleet.stop());
    },
  );
  signal.removeEventListener('abort', stop);
  const faults = (await results)
    .filter((result) => result !== undefined)
    .map((result) => measureRecovery(result, record.windows, record.step.durationMs));
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
): Promise<(FaultResult | undefined)[]> =>
  Promise.all(
    options.faults.map(async (plan) => {
      const result = await injectFault(plan, {
        admin: options.admin,
        target: session.target,
        resetAll: () => session.fleet.reset(1),
        signal: options.signal,
        startAtMs,
        runEndsAtMs: startAtMs + options.durationMs,
      });
      if (result) watcher.onFault?.(result);
      return result;
    }),
  );

/** The longest recovery; Infinity when one fault was not recovered from within the run, undefined without faults. */
const worstRecoveryMs = (faults: readonly Recovery[]): number | undefined =>
  faults.length === 0
    ? undefined
    : Math.max(...faults.map(({ recoveredMs }) => recoveredMs ?? Number.POSITIVE_INFINITY));

/** A threshold of times or shares that does not hold so far; those of rates and recoveries are known at the end. */
const failedAlready = (
  thresholds: readonly Threshold[],
  tally: Tally,
  names: readonly string[],
): string | undefined => {
  if (countOf(tally, 'planned') < MIN_JUDGED) return undefined;
  const judged = thresholds.filter(
    ({ metric }) => !['rate', 'recovery', 'gap', 'ok'].includes(metric),
  );
  return judge(judged, runningMeasures(tally, names)).find(
    ({ holds, actual }) => !holds && actual !== null,
  )?.threshold;
};
