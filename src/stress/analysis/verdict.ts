/**
 * Whether a run proves anything about the service, or only about the generator, or nothing: the self-check and its sentence.
 */

import type { Window } from '../coordinator/window.ts';
import type { Summary } from './summary.ts';

/** `noisy`: other work on the machine took the generator's processor. */
export type VerdictKind = 'valid' | 'generator-bound' | 'noisy' | 'invalid';

export interface Verdict {
  readonly kind: VerdictKind;
  readonly sentence: string;
  /** Share of the time that the busiest shard ran, and waited for a processor. */
  readonly busy: number;
  readonly starved: number;
  /** Share of the time in which the service had something to do; null where it is not seen. */
  readonly service: number | null;
  /** How late the pacer was, at its 99th percentile; null in a closed loop. */
  readonly latenessP99Ms: number | null;
}

interface VerdictFacts {
  readonly isOpenLoop: boolean;
  readonly nOpened: number;
  /** Whether the service is on this machine, and so may have to share its processors. */
  readonly isHere: boolean;
  /** Whether the service did not answer for a while: then requests waited for it, not for the generator. */
  readonly hasOutage?: boolean;
  /** The tightest latency threshold of the run. */
  readonly latencyLimitMs?: number | undefined;
}

/** From here on it has no idle time to speak of: it runs, or waits for a processor, all the time. */
const SPENT = 0.9;
/** Where the service is not seen: share of the machine that was free, so that it was not the two together that filled it. */
const IDLE_TO_SPARE = 0.1;
const BUSY_WORTH_SAYING = 0.7;
const WAITED_WORTH_SAYING = 0.1;
/**
 * From so many times its own work on it is other work that took the processor, not the generator that needed it. One
 * that was never saturated was not the bottleneck: there half as much waiting explains what was late.
 */
const NOISY_TIMES = { spent: 2, unspent: 0.5 } as const;
/** Lateness that is always allowed: a few turns of a 1 ms pacer on a shared machine. */
const LATENESS_ALLOWED_MS = 10;

/**
 * A run is generator-bound when a stronger generator would have sent more, or sooner: when it was saturated and the
 * service was not. A planned rate must have suffered from it: its pacer was late, or requests were sent late because the
 * answers before them lay unread. Where both were saturated, the figures are those of this machine.
 */
export const judgeGenerator = (
  summary: Summary,
  windows: readonly Window[],
  { isOpenLoop, nOpened, isHere, hasOutage = false, latencyLimitMs }: VerdictFacts,
): Verdict => {
  const whole = windows.length > 1 ? windows.slice(0, -1) : windows;
  const busy = meanOf(whole, (window) => window.busy) ?? 0;
  const starved = meanOf(whole, (window) => window.starved) ?? 0;
  const serviceIn = (part: readonly Window[]): number | null =>
    isHere ? meanOf(part, (window) => window.service) : null;
  const service = serviceIn(whole);
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
  if (summary.planned === 0) return say('invalid', 'invalid: no request was planned');
  const allowedMs =
    latencyLimitMs === undefined
      ? Math.max(LATENESS_ALLOWED_MS, (summary.responseTime.p99Ms ?? 0) / 4)
      : Math.max(LATENESS_ALLOWED_MS, latencyLimitMs / 10);
  // A planned rate suffers in the seconds in which the generator was saturated, even if they are few.
  const spent = whole.filter((window) => window.busy + window.starved >= SPENT);
  const isSpent = isOpenLoop ? spent.length > 0 : busy + starved >= SPENT;
  const lateMs = Math.max(latenessP99Ms ?? 0, isSpent && !hasOutage ? (summary.lag.p99Ms ?? 0) : 0);
  const isAtItsEnd = isOpenLoop ? lateMs > allowedMs : isSpent;
  const percent = (share: number): string => `${Math.round(Math.min(1, share) * 100)} %`;
  const waited =
    starved >= WAITED_WORTH_SAYING
      ? `, and waited for a processor ${percent(starved)} of the time`
      : '';
  if (!isAtItsEnd) {
    const isWorthSaying = busy >= BUSY_WORTH_SAYING;
    return say('valid', isWorthSaying ? `valid, generator ${percent(busy)} busy` : 'valid');
  }
  const worked = isOpenLoop && isSpent ? serviceIn(spent) : service;
  const hadRoom =
    worked === null
      ? !isHere || isOpenLoop || busy >= SPENT || idle >= IDLE_TO_SPARE
      : worked < SPENT;
  if (!hadRoom) {
    return say(
      'valid',
      `valid for this machine: service and generator were saturated together (the generator was ${percent(busy)} busy${waited})`,
    );
  }
  if (starved >= NOISY_TIMES[isSpent ? 'spent' : 'unspent'] * Math.max(0.01, busy)) {
    return say(
      'noisy',
      `the machine was too noisy: ${isOpenLoop ? `1 request in 100 left more than ${lateMs.toFixed(1)} ms late, because ` : ''}the generator waited for a processor ${percent(starved)} of the time and ran ${percent(busy)}; end what else runs here, or measure from another machine`,
    );
  }
  const wasIdle =
    worked === null ? '' : `; the service was idle ${percent(1 - worked)} of the time`;
  const late = `1 request in 100 left the generator more than ${lateMs.toFixed(1)} ms late; it`;
  const why = `${isOpenLoop ? late : 'the generator'} was ${percent(busy)} busy`;
  return say(
    'generator-bound',
    `generator-bound: a lower bound (${why}${waited}${wasIdle}; give it more processes with -t, or another machine)`,
  );
};

/** Of a whole run: a service of which no answer was ok has not been measured, however well the requests were sent. */
export const judgeRun = (generator: Verdict, { planned, outcomes, reasons }: Summary): Verdict => {
  if (generator.kind === 'invalid' || outcomes.ok > 0) return generator;
  const count = (number: number): string => number.toLocaleString('en');
  const [reason, nTimes] = Object.entries(reasons)[0] ?? [
    'in flight when cut short',
    outcomes.inFlight,
  ];
  return {
    ...generator,
    kind: 'invalid',
    sentence: `invalid: none of ${count(planned)} requests was answered ok; most often: ${reason} (${count(nTimes)})`,
  };
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
