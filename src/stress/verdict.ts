/**
 * Whether a run proves anything about the service, or only about the generator: the self-check and its sentence.
 * Stands after the summary; exit codes follow from it.
 */
import type { Summary } from './summary.ts';
import type { Window } from './window.ts';

export type VerdictKind = 'valid' | 'generator-bound' | 'invalid';

export interface Verdict {
  readonly kind: VerdictKind;
  readonly sentence: string;
  /** Mean share of a processor that the busiest shard used. */
  readonly busy: number;
  /** Share of time in which a shard could have run but had no processor. */
  readonly starved: number;
  /** How late the pump was, at its 99th percentile; null in a closed loop. */
  readonly latenessP99Ms: number | null;
}

/** From here on a shard has no room left: what it reaches is its own limit. */
export const BUSY_LIMIT = 0.95;
/** Share of the machine's processors that must have been free for a spent generator to be blamed alone. */
const IDLE_TO_SPARE = 0.1;
const BUSY_WORTH_SAYING = 0.7;
/** Lateness that is always allowed: a few turns of a 1 ms pump on a shared machine. */
const LATENESS_ALLOWED_MS = 10;

/** @param latencyLimitMs the tightest latency threshold of the run, if it has one */
export const judgeGenerator = (
  summary: Summary,
  windows: readonly Window[],
  isOpenLoop: boolean,
  nOpened: number,
  latencyLimitMs?: number,
): Verdict => {
  const whole = windows.length > 1 ? windows.slice(0, -1) : windows;
  const mean = (read: (window: Window) => number): number =>
    whole.reduce((sum, window) => sum + read(window), 0) / Math.max(1, whole.length);
  const busy = mean((window) => window.busy);
  const starved = mean((window) => window.starved);
  const latenessP99Ms = isOpenLoop ? summary.lateness.p99Ms : null;
  const idle = mean((window) => window.idle ?? 0);
  const facts = { busy, starved, latenessP99Ms };
  const percent = Math.round(busy * 100);
  if (nOpened === 0)
    return { kind: 'invalid', sentence: 'invalid: no connection could be opened', ...facts };
  if (summary.planned === 0)
    return { kind: 'invalid', sentence: 'invalid: nothing was asked', ...facts };
  if (busy >= BUSY_LIMIT) {
    return {
      kind: 'generator-bound',
      sentence: `generator-bound: a lower bound (the generator was ${percent} % busy; give it more processes with -t, or another machine)`,
      ...facts,
    };
  }
  // A process that uses a processor or waits for one all the time is at its end. Where the machine had processors to
  // spare, that is the generator's own end; where it had none, service and generator have come to their common end.
  const isSpent = busy + starved >= BUSY_LIMIT;
  if (isSpent && idle >= IDLE_TO_SPARE) {
    return {
      kind: 'generator-bound',
      sentence: `generator-bound: a lower bound (the generator used ${percent} % of a processor and waited for one ${Math.round(starved * 100)} % of the time)`,
      ...facts,
    };
  }
  const allowedMs =
    latencyLimitMs === undefined
      ? Math.max(LATENESS_ALLOWED_MS, (summary.responseTime.p99Ms ?? 0) / 4)
      : Math.max(LATENESS_ALLOWED_MS, latencyLimitMs / 10);
  if (latenessP99Ms !== null && latenessP99Ms > allowedMs) {
    return {
      kind: 'generator-bound',
      sentence: `generator-bound: a lower bound (1 request in 100 left the generator more than ${latenessP99Ms.toFixed(1)} ms late${starved > 0.1 ? `; it waited for a processor ${Math.round(starved * 100)} % of the time` : ''})`,
      ...facts,
    };
  }
  return {
    kind: 'valid',
    sentence: isSpent
      ? `valid for this machine: all its processors were in use, and the generator (${percent} % busy) had to share them`
      : busy >= BUSY_WORTH_SAYING
        ? `valid, generator ${percent} % busy`
        : 'valid',
    ...facts,
  };
};
