/**
 * The three modes behind one door: a plain run, a capacity search, a connection ramp; each ends in a run file.
 */

import type { Threshold } from './analysis/slo.ts';
import type { RunPart } from './coordinator/part.ts';
import type { FaultPlan } from './faults/fault.ts';
import type { Arrivals } from './generator/schedule.ts';
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
const SEARCH_LIMIT_MS = 60_000;
const HOLD_MS = 5000;

interface StressOptions {
  readonly session: Session;
  readonly plan: StressPlan;
  readonly machine: Pick<RunFrame, 'startedAt' | 'descriptors' | 'cores'>;
  readonly admin?: Admin | undefined;
  readonly watcher?: Watcher;
  /** Is told what will be run, before it is. */
  readonly onHead?: (head: RunHead) => void;
}

export const runStress = async ({
  session,
  plan,
  machine,
  admin,
  watcher = {},
  onHead,
}: StressOptions): Promise<RunFile> => {
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
    notes: session.probe.notes,
    url: session.target.url.href,
  });
  const { arrivals, seed, thresholds, timeoutMs, durationMs, ratePerSecond } = plan;
  switch (plan.mode) {
    case 'single': {
      const rate = ratePerSecond;
      const planned =
        rate === null
          ? null
          : { fromPerSecond: rate, toPerSecond: rate, durationMs, arrivals, seed };
      const run = await runSingle(
        session,
        {
          load: planned,
          durationMs,
          warmUpMs: plan.warmUpMs,
          timeoutMs,
          thresholds,
          faults: plan.faults,
          admin,
          startAtMs: plan.startAtMs,
        },
        watcher,
      );
      return { ...singleRunFile(session, frame, run), ...(plan.part ? { part: plan.part } : {}) };
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
          limitMs: SEARCH_LIMIT_MS,
        },
        watcher,
      );
      return capacityRunFile(session, frame, run);
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
        },
        watcher,
      );
      return rampRunFile(session, frame, run);
    }
  }
};

const loadSentence = (session: Session, plan: StressPlan): string => {
  const of = plan.part ? `, part ${plan.part.index} of ${plan.part.of} of it` : '';
  const n = session.plan.nConnections.toLocaleString('en');
  const seconds = plan.durationMs / 1000;
  switch (plan.mode) {
    case 'single':
      return plan.ratePerSecond === null
        ? `closed loop: ${n} connections, each sends its next request as soon as it was answered, for ${seconds} s${of}`
        : `open loop: ${plan.ratePerSecond.toLocaleString('en')} requests per second planned (${plan.arrivals}), for ${seconds} s${of}`;
    case 'find-max':
      return `open loop: the highest rate is searched (${plan.arrivals} arrivals, ${n} connections) under ${plan.thresholds.map(({ text }) => text).join(', ')}`;
    case 'ramp':
      return `open and closed loop: ${plan.ramp!.from.toLocaleString('en')} to ${n} open connections, each size held at a fixed rate and then at full tilt`;
  }
};
