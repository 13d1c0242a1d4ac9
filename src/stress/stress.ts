/**
 * The three modes behind one door: a plain run, a capacity search, a connection ramp; each ends in a run file.
 */

import { AppError } from '../core/errors.ts';
import type { Threshold } from './analysis/slo.ts';
import type { RunPart } from './coordinator/part.ts';
import type { FaultPlan } from './faults/fault.ts';
import { type Arrivals, type Load, type Stage, steadyLoad } from './generator/schedule.ts';
import { runCapacity } from './modes/capacity.ts';
import { runRamp } from './modes/ramp.ts';
import { runSingle } from './modes/single.ts';
import {
  capacityRunFile,
  type Mode,
  type RunFile,
  type RunFrame,
  type RunHead,
  rampRunFile,
  singleRunFile,
} from './results/run-file.ts';
import type { Session } from './session.ts';
import type { Admin } from './target/admin.ts';
import type { Watcher } from './watcher.ts';

export interface StressPlan {
  readonly mode: Mode;
  readonly ratePerSecond: number | null;
  readonly arrivals: Arrivals;
  readonly durationMs: number;
  /** Parts of the load with rates of their own; their sum is the duration. */
  readonly stages?: readonly Stage[] | undefined;
  /** A run ends after so many requests. */
  readonly maxRequests?: number | undefined;
  /** Bound of a search. */
  readonly maxTimeMs: number;
  /** Whether a run ends as soon as a threshold has failed. */
  readonly abortOnFail: boolean;
  /** Whether the user said the duration; a search takes it for its soak then. */
  readonly durationSaid: boolean;
  readonly warmUpMs: number;
  readonly timeoutMs: number;
  readonly seed: number;
  readonly thresholds: readonly Threshold[];
  readonly faults: readonly FaultPlan[];
  readonly ramp: { readonly from: number; readonly to: number } | undefined;
  /** What this machine takes of a plain run that several share, and when they begin. */
  readonly part?: RunPart | undefined;
  readonly startAtMs?: number | undefined;
}

const STEP_MS = 3000;
const SOAK_MS = 10_000;
const HOLD_MS = 5000;

interface StressOptions {
  readonly session: Session;
  readonly plan: StressPlan;
  readonly machine: Pick<RunFrame, 'startedAt' | 'descriptors' | 'cores'>;
  readonly admin?: Admin | undefined;
  readonly watcher?: Watcher;
  /** Ends the run early, for the reason that it gives; what was measured is reported. */
  readonly signal?: AbortSignal;
  /** Is told what will be run, before it is. */
  readonly onHead?: (head: RunHead) => void;
}

export const runStress = async ({
  session,
  plan,
  machine,
  admin,
  watcher = {},
  signal = new AbortController().signal,
  onHead,
}: StressOptions): Promise<RunFile> => {
  if (session.isJourney && plan.mode !== 'single') {
    throw new AppError(
      'usage',
      'A journey needs users: give --rate (users that arrive) or -c (users at once), without --find-max or a ramp.',
    );
  }
  const load = loadSentence(session, plan);
  const frame: RunFrame = {
    startedAt: machine.startedAt,
    descriptors: machine.descriptors,
    cores: machine.cores,
    load,
    slo: plan.thresholds.map(({ text }) => text),
  };
  onHead?.({
    load,
    payload: session.payload.sentence,
    plan: session.plan.sentence,
    notes: session.notes,
    url: session.target.url.href,
    mode: plan.mode,
    connections: { planned: session.plan.nConnections, opened: 0 },
  });
  const { arrivals, seed, thresholds, timeoutMs, durationMs, ratePerSecond } = plan;
  switch (plan.mode) {
    case 'single': {
      const failing = new AbortController();
      const run = await runSingle(
        session,
        {
          load: loadOf(session, plan),
          durationMs,
          maxRequests: ratePerSecond === null ? plan.maxRequests : undefined,
          warmUpMs: plan.warmUpMs,
          timeoutMs,
          thresholds,
          faults: plan.faults,
          admin,
          startAtMs: plan.startAtMs,
          signal: AbortSignal.any([signal, failing.signal]),
          onFailed: plan.abortOnFail
            ? (threshold) => failing.abort(`${threshold} failed`)
            : undefined,
        },
        watcher,
      );
      const cutShort = reasonOf(signal) ?? reasonOf(failing.signal);
      return singleRunFile(session, { ...frame, cutShort, part: plan.part }, run);
    }
    case 'find-max': {
      const run = await runCapacity(
        session,
        {
          thresholds,
          arrivals,
          seed,
          timeoutMs,
          stepMs: STEP_MS,
          soakMs: plan.durationSaid ? durationMs : SOAK_MS,
          limitMs: plan.maxTimeMs,
          signal,
        },
        watcher,
      );
      return capacityRunFile(session, { ...frame, cutShort: reasonOf(signal) }, run);
    }
    case 'ramp': {
      const run = await runRamp(
        session,
        {
          ...plan.ramp!,
          ratePerSecond,
          holdMs: plan.durationSaid ? durationMs : HOLD_MS,
          timeoutMs,
          thresholds,
          seed,
          signal,
        },
        watcher,
      );
      return rampRunFile(session, { ...frame, cutShort: reasonOf(signal) }, run);
    }
  }
};

/** Why a run was cut short; undefined when it was not. */
const reasonOf = (signal: AbortSignal): string | undefined =>
  signal.aborted ? String(signal.reason) : undefined;

/** The plan of a run at given rates or moments; null for a closed loop. */
const loadOf = (session: Session, plan: StressPlan): Load | null => {
  const { ratePerSecond, durationMs, arrivals, seed, stages } = plan;
  const { momentsMs } = session.payload;
  if (momentsMs) {
    const rate = (momentsMs.length / durationMs) * 1000;
    return { ...steadyLoad(rate, durationMs, arrivals, seed), momentsMs };
  }
  if (stages) return { stages, arrivals, seed };
  return ratePerSecond === null ? null : steadyLoad(ratePerSecond, durationMs, arrivals, seed);
};

/** Each stage in words: `100/s for 30 s`, `100 to 2,000/s in 120 s`. */
const stagesSentence = (stages: readonly Stage[]): string =>
  stages
    .map(({ fromPerSecond: from, toPerSecond: to, durationMs }) => {
      const show = (rate: number): string => rate.toLocaleString('en');
      return from === to
        ? `${show(from)}/s for ${durationMs / 1000} s`
        : `${show(from)} to ${show(to)}/s in ${durationMs / 1000} s`;
    })
    .join(', ');

const journeySentence = (session: Session, plan: StressPlan, of: string): string => {
  const seconds = plan.durationMs / 1000;
  const n = session.plan.nConnections.toLocaleString('en');
  if (plan.stages) {
    return `open loop of users: ${stagesSentence(plan.stages)} (${plan.arrivals}), each walks the journey once${of}`;
  }
  if (plan.ratePerSecond !== null) {
    return `open loop: ${plan.ratePerSecond.toLocaleString('en')} users per second planned (${plan.arrivals}), for ${seconds} s, each walks the journey once${of}`;
  }
  const until =
    plan.maxRequests === undefined
      ? `for ${seconds} s`
      : `until ${plan.maxRequests.toLocaleString('en')} have`;
  return `closed loop: ${n} users at once, another begins when one is through, ${until}${of}`;
};

const loadSentence = (session: Session, plan: StressPlan): string => {
  const of = plan.part ? `, part ${plan.part.index} of ${plan.part.of} of it` : '';
  const { nStreams } = session;
  const n = session.plan.nConnections.toLocaleString('en');
  const streams = session.target.isHttp2 ? ` of HTTP/2 with ${nStreams} streams each` : '';
  const over = session.target.isHttp2
    ? `, over HTTP/2 with ${nStreams} streams on each connection`
    : '';
  const seconds = plan.durationMs / 1000;
  switch (plan.mode) {
    case 'single': {
      const { momentsMs } = session.payload;
      if (momentsMs) {
        return `open loop: ${momentsMs.length.toLocaleString('en')} requests at the moments that were recorded, in ${seconds.toFixed(1)} s${over}${of}`;
      }
      if (session.isJourney) return journeySentence(session, plan, of);
      if (plan.stages)
        return `open loop: ${stagesSentence(plan.stages)} (${plan.arrivals})${over}${of}`;
      if (plan.ratePerSecond !== null) {
        return `open loop: ${plan.ratePerSecond.toLocaleString('en')} requests per second planned (${plan.arrivals}), for ${seconds} s${over}${of}`;
      }
      const until =
        plan.maxRequests === undefined
          ? `for ${seconds} s`
          : `until ${plan.maxRequests.toLocaleString('en')} requests`;
      return `closed loop: ${n} ${n === '1' ? 'connection' : 'connections'}${streams}, each ${session.target.isHttp2 ? 'stream ' : ''}sends its next request as soon as the last was answered, ${until}${of}`;
    }
    case 'find-max':
      return `open loop: the highest rate is searched (${plan.arrivals} arrivals, ${n} connections${streams}) under ${plan.thresholds.map(({ text }) => text).join(', ')}`;
    case 'ramp':
      return `open and closed loop: ${plan.ramp!.from.toLocaleString('en')} to ${n} open connections, each size held at a fixed rate and then at full tilt`;
  }
};
