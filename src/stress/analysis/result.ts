/**
 * Pass or fail: what a run says of the service, apart from whether it was measured well.
 *
 * A clear failure goes before a doubtful measurement: what neither the generator nor a noisy machine can have caused.
 */
import { type Judgement, unitOf } from './slo.ts';
import type { Step } from './step.ts';
import type { Verdict } from './verdict.ts';

/** `attention`: no threshold failed, but more requests did than anybody would pass over. */
export type ResultKind = 'passed' | 'attention' | 'failed' | 'unproven';

export interface Result {
  readonly kind: ResultKind;
  readonly sentence: string;
}

interface ResultFacts {
  /** Of the whole run. */
  readonly verdict: Verdict;
  readonly main: Step;
  readonly thresholds: readonly Judgement[];
  /** Whether faults were injected, so that a stretch without answers was asked for. */
  readonly hasFaults: boolean;
  /** A search: whether it found a rate that holds. */
  readonly found?: boolean;
  /** What the run was cut short by. */
  readonly cutShort?: string | undefined;
}

/** Above this share of errors a run is not called good, though nobody set a threshold. */
const ERRORS_WORTH_A_LOOK = 0.01;

export const judgeResult = (facts: ResultFacts): Result => {
  const { verdict, main, thresholds, hasFaults, found, cutShort } = facts;
  const failed = thresholds.filter(({ holds }) => !holds);
  const outage = hasFaults || found !== undefined ? null : main.outage;
  const isMeasured = verdict.kind === 'valid';
  // Of a service that gave no good answer every threshold has failed, and nothing else is known.
  const isClear = verdict.kind === 'invalid' || failed.some((entry) => isClearFailure(entry, main));
  const cut = cutShort === undefined ? '' : ` (cut short: ${cutShort})`;
  if (outage !== null || (failed.length > 0 && (isMeasured || isClear))) {
    const why = [
      ...(outage === null ? [] : [outageSentence(outage)]),
      ...failed.map(showJudgement),
    ].join('; ');
    const doubt = verdict.kind === 'invalid' ? `; ${verdict.sentence}` : '';
    return { kind: 'failed', sentence: `FAILED: ${why}${doubt}${cut}` };
  }
  if (!isMeasured) return { kind: 'unproven', sentence: `${verdict.sentence}${cut}` };
  if (found === false) {
    return { kind: 'failed', sentence: `FAILED: no rate held its thresholds${cut}` };
  }
  const { errors, errorShare, unsolicited, planned } = main.summary;
  if (unsolicited > ERRORS_WORTH_A_LOOK * planned) {
    return {
      kind: 'attention',
      sentence: `LOOK: bytes that answered no request came ${unsolicited.toLocaleString('en')} times, so answers may have reached the wrong ones; ${errors.toLocaleString('en')} requests failed${cut}`,
    };
  }
  if (thresholds.length === 0 && errorShare > ERRORS_WORTH_A_LOOK) {
    return {
      kind: 'attention',
      sentence: `LOOK: ${errors.toLocaleString('en')} requests failed, ${showShare(errorShare)}, and no threshold was set${cut}`,
    };
  }
  return {
    kind: 'passed',
    sentence:
      thresholds.length === 0
        ? `no threshold was set: ${showShare(errorShare)} errors${cut}`
        : `PASSED: ${thresholds.map(showJudgement).join('; ')}${cut}`,
  };
};

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const outageSentence = ({ fromMs, lengthMs, isOver }: NonNullable<Step['outage']>): string =>
  `an outage: no good answer for ${seconds(lengthMs)}, from ${seconds(fromMs)} ${isOver ? `to ${seconds(fromMs + lengthMs)}` : 'to the end'}`;

/** Times its own lateness at which a generator cannot be the reason: what it does late, a service does late beside it. */
const LATENESS_ALLOWED = 3;

/** Whether a threshold has failed by more than the generator's own lateness can explain. */
const isClearFailure = ({ threshold, actual }: Judgement, { summary }: Step): boolean => {
  if (actual === null) return false;
  if (unitOf(threshold) === 'share') return true;
  if (unitOf(threshold) === 'rate') return false;
  const limit = limitMsOf(threshold);
  const oursMs = LATENESS_ALLOWED * (summary.lateness.p99Ms ?? 0);
  return limit !== null && actual - oursMs > limit;
};

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

const limitMsOf = (threshold: string): number | null => {
  const match = /<=?\s*([\d.]+)\s*(us|ms|s)$/.exec(threshold);
  return match ? Number(match[1]) * UNIT_MS[match[2]!]! : null;
};

/** `p99<50ms (was 80 ms)` */
const showJudgement = (judgement: Judgement): string =>
  `${judgement.threshold} (${judgement.holds ? '' : 'was '}${showActual(judgement)})`;

export const showActual = ({ threshold, actual }: Judgement): string => {
  if (actual === null) {
    return threshold.startsWith('recovery') ? 'it did not recover within the run' : 'not measured';
  }
  switch (unitOf(threshold)) {
    case 'share':
      return showShare(actual);
    case 'rate':
      return `${Math.round(actual).toLocaleString('en')}/s`;
    case 'ms':
      return actual >= 1000
        ? `${(actual / 1000).toFixed(2)} s`
        : `${Number(actual.toPrecision(3))} ms`;
  }
};

const showShare = (share: number): string => `${(share * 100).toFixed(3)} %`;
