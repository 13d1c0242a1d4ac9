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
  /** Share of the time that the shard with the least rest ran, and waited for a processor. */
  readonly busy: number;
  readonly starved: number;
  /** Share of the time in which the service had something to do; null where it is not seen. */
  readonly service: number | null;
  /** How late the pump was, at its 99th percentile; null in a closed loop. */
  readonly latenessP99Ms: number | null;
}

export interface VerdictFacts {
  readonly isOpenLoop: boolean;
  readonly nOpened: number;
  /** Whether the service is on this machine, and so may have to share its processors. */
  readonly isHere: boolean;
  /** The tightest latency threshold of the run. */
  readonly latencyLimitMs?: number | undefined;
}

/** From here on a shard has no rest: it runs, or waits for a processor, all the time. */
const SPENT = 0.95;
/** From here on a service has no rest either: more load would only wait. */
const SERVICE_SPENT = 0.9;
/** Where the service is not seen: share of the machine that was free, so that it was not the two together that filled it. */
const IDLE_TO_SPARE = 0.1;
const BUSY_WORTH_SAYING = 0.7;
const WAITED_WORTH_SAYING = 0.1;
/** Lateness that is always allowed: a few turns of a 1 ms pump on a shared machine. */
const LATENESS_ALLOWED_MS = 10;

/**
 * A run is generator-bound when the generator had no rest, or left requests late, while the service had time to spare:
 * then a stronger generator would have asked more. Where neither had any, they have come to their common end.
 */
export const judgeGenerator = (
  summary: Summary,
  windows: readonly Window[],
  { isOpenLoop, nOpened, isHere, latencyLimitMs }: VerdictFacts,
): Verdict => {
  const whole = windows.length > 1 ? windows.slice(0, -1) : windows;
  const busy = meanOf(whole, (window) => window.busy) ?? 0;
  const starved = meanOf(whole, (window) => window.starved) ?? 0;
  const service = isHere ? meanOf(whole, (window) => window.service) : null;
  const idle = meanOf(whole, (window) => window.idle) ?? 0;
  const latenessP99Ms = isOpenLoop ? summary.lateness.p99Ms : null;
  const say = (kind: VerdictKind, sentence: string): Verdict => ({
    kind,
    sentence,
    busy,
    starved,
    service,
    latenessP99Ms,
  });
  if (nOpened === 0) return say('invalid', 'invalid: no connection could be opened');
  if (summary.planned === 0) return say('invalid', 'invalid: nothing was asked');
  const isSpent = busy + starved >= SPENT;
  const allowedMs =
    latencyLimitMs === undefined
      ? Math.max(LATENESS_ALLOWED_MS, (summary.responseTime.p99Ms ?? 0) / 4)
      : Math.max(LATENESS_ALLOWED_MS, latencyLimitMs / 10);
  const isLate = latenessP99Ms !== null && latenessP99Ms > allowedMs;
  const percent = (share: number): string => `${Math.round(Math.min(1, share) * 100)} %`;
  const waited =
    starved >= WAITED_WORTH_SAYING
      ? `, and waited for a processor ${percent(starved)} of the time`
      : '';
  if (!isSpent && !isLate) {
    const isWorthSaying = busy >= BUSY_WORTH_SAYING;
    return say('valid', isWorthSaying ? `valid, generator ${percent(busy)} busy` : 'valid');
  }
  const hadRoom =
    service === null
      ? !isHere || isLate || busy >= SPENT || idle >= IDLE_TO_SPARE
      : service < SERVICE_SPENT;
  if (!hadRoom) {
    return say(
      'valid',
      `valid for this machine: service and generator came to their end together (the generator was ${percent(busy)} busy${waited})`,
    );
  }
  const rested = service === null ? '' : `; the service rested ${percent(1 - service)} of the time`;
  const why = isSpent
    ? `the generator was ${percent(busy)} busy${waited}${rested}; give it more processes with -t, or another machine`
    : `1 request in 100 left the generator more than ${latenessP99Ms!.toFixed(1)} ms late${waited}${rested}`;
  return say('generator-bound', `generator-bound: a lower bound (${why})`);
};

/** Mean over time of what is known; null when nothing is. */
const meanOf = (
  windows: readonly Window[],
  read: (window: Window) => number | null,
): number | null => {
  let sum = 0;
  let seconds = 0;
  for (const window of windows) {
    const value = read(window);
    if (value === null) continue;
    sum += value * window.seconds;
    seconds += window.seconds;
  }
  return seconds === 0 ? null : sum / seconds;
};
