/**
 * The run file: everything a run found, as one JSON document with a published schema; reports are made from it alone.
 */
import { existsSync, readFileSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { VERSION } from '../../core/version.ts';
import type { KneeReport, LoadPoint } from '../analysis/knee.ts';
import type { Judgement } from '../analysis/slo.ts';
import type { Step } from '../analysis/step.ts';
import type { UslFit } from '../analysis/usl.ts';
import { judgeRun, type Verdict } from '../analysis/verdict.ts';
import type { RunPart } from '../coordinator/part.ts';
import { COARSE_SCALE } from '../coordinator/window.ts';
import type { Recovery } from '../faults/recovery.ts';
import { SCALE } from '../generator/tally.ts';
import type { CapacityRun } from '../modes/capacity.ts';
import type { RampRun } from '../modes/ramp.ts';
import type { SearchResult } from '../modes/search.ts';
import type { SingleRun } from '../modes/single.ts';
import type { Session } from '../session.ts';

const RUN_FORMAT = 'puntual-stress-run/1';

export type Mode = 'single' | 'find-max' | 'ramp';

export interface RunFile {
  readonly format: typeof RUN_FORMAT;
  readonly madeBy: string;
  readonly startedAt: string;
  readonly machine: { readonly cores: number; readonly descriptors: number };
  readonly mode: Mode;
  readonly url: string;
  /** The first line: which model of load this is. */
  readonly load: string;
  readonly payload: string;
  readonly plan: string;
  readonly notes: readonly string[];
  readonly model: 'open' | 'closed';
  readonly slo: readonly string[];
  /** How histograms are cut; unit microseconds. */
  readonly scale: { readonly bits: number; readonly maxBits: number };
  readonly heatScale: { readonly bits: number; readonly maxBits: number };
  readonly connections: { readonly planned: number; readonly opened: number };
  /** The step that the headline speaks of. */
  readonly main: Step;
  readonly verdict: Verdict;
  readonly thresholds: readonly Judgement[];
  /** What this machine took of a run that several shared. */
  readonly part?: RunPart;
  readonly faults?: readonly Recovery[];
  readonly findMax?: SearchResult;
  readonly capacity?: {
    readonly points: readonly LoadPoint[];
    readonly usl: UslFit | null;
    readonly knee: KneeReport | null;
    readonly trials: readonly TrialLine[];
  };
  readonly ramp?: {
    readonly ratePerSecond: number;
    readonly steps: readonly RampLine[];
  };
}

/** What is known of a run before it begins. */
export type RunHead = Pick<RunFile, 'load' | 'payload' | 'plan' | 'notes' | 'url'>;

/** A step without its windows and histograms. */
interface TrialLine {
  readonly name: string;
  readonly ratePerSecond: number | null;
  readonly throughputPerSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly errorShare: number;
  readonly inFlight: number;
  readonly busy: number;
  readonly held: boolean;
}

interface RampLine {
  readonly planned: number;
  readonly opened: number;
  readonly heldP50Ms: number | null;
  readonly heldP99Ms: number | null;
  readonly heldErrorShare: number;
  readonly fullPerSecond: number;
  readonly fullP99Ms: number | null;
  readonly fullErrorShare: number;
  readonly connectP99Ms: number | null;
  readonly rssBytes: number;
}

export interface RunFrame {
  readonly startedAt: Date;
  readonly load: string;
  readonly slo: readonly string[];
  readonly descriptors: number;
  readonly cores: number;
}

const frameOf = (session: Session, frame: RunFrame) => ({
  format: RUN_FORMAT,
  madeBy: `puntual ${VERSION}`,
  startedAt: frame.startedAt.toISOString(),
  machine: { cores: frame.cores, descriptors: frame.descriptors },
  url: session.target.url.href,
  load: frame.load,
  payload: session.payload.sentence,
  plan: session.plan.sentence,
  notes: session.probe.notes,
  slo: frame.slo,
  scale: { bits: SCALE.bits, maxBits: SCALE.maxBits },
  heatScale: { bits: COARSE_SCALE.bits, maxBits: COARSE_SCALE.maxBits },
});

export const singleRunFile = (session: Session, frame: RunFrame, run: SingleRun): RunFile => ({
  ...frameOf(session, frame),
  format: RUN_FORMAT,
  mode: 'single',
  model: run.step.ratePerSecond === null ? 'closed' : 'open',
  connections: run.connections,
  main: run.step,
  verdict: judgeRun(run.step.verdict, run.step.summary),
  thresholds: run.step.judgements,
  ...(run.faults.length > 0 ? { faults: run.faults } : {}),
});

/** The headline is the soak when one was run, else the last step. */
export const capacityRunFile = (session: Session, frame: RunFrame, run: CapacityRun): RunFile => {
  const main = run.soak ?? run.trials.at(-1) ?? run.sweep.at(-1)!;
  const isGenerator = run.found.reason === 'generator-bound';
  const verdict: Verdict = isGenerator
    ? {
        ...main.verdict,
        kind: 'generator-bound',
        sentence: `generator-bound: a lower bound (the generator was the bottleneck, ${Math.round(main.verdict.busy * 100)} % busy; give it more processes with -t, or another machine)`,
      }
    : judgeRun(main.verdict, main.summary);
  return {
    ...frameOf(session, frame),
    format: RUN_FORMAT,
    mode: 'find-max',
    model: 'open',
    connections: run.connections,
    main,
    verdict,
    thresholds: main.judgements,
    findMax: run.found,
    capacity: {
      points: run.points,
      usl: run.usl,
      knee: run.knee,
      trials: [...run.sweep, ...run.trials, ...(run.soak ? [run.soak] : [])].map(trialLine),
    },
  };
};

const trialLine = (step: Step): TrialLine => ({
  name: step.name,
  ratePerSecond: step.ratePerSecond,
  throughputPerSecond: step.summary.throughputPerSecond,
  p50Ms: step.summary.responseTime.p50Ms,
  p99Ms: step.summary.responseTime.p99Ms,
  errorShare: step.summary.errorShare,
  inFlight: step.inFlight,
  busy: step.verdict.busy,
  held: step.verdict.kind === 'valid' && step.judgements.every(({ holds }) => holds),
});

export const rampRunFile = (session: Session, frame: RunFrame, run: RampRun): RunFile => {
  const last = run.steps.at(-1)!;
  return {
    ...frameOf(session, frame),
    format: RUN_FORMAT,
    mode: 'ramp',
    model: 'open',
    connections: { planned: last.planned, opened: last.opened },
    main: last.held,
    verdict: judgeRun(last.held.verdict, last.held.summary),
    thresholds: last.held.judgements,
    ramp: {
      ratePerSecond: run.ratePerSecond,
      steps: run.steps.map(({ planned, opened, held, full }) => ({
        planned,
        opened,
        heldP50Ms: held.summary.responseTime.p50Ms,
        heldP99Ms: held.summary.responseTime.p99Ms,
        heldErrorShare: held.summary.errorShare,
        fullPerSecond: full.summary.throughputPerSecond,
        fullP99Ms: full.summary.responseTime.p99Ms,
        fullErrorShare: full.summary.errorShare,
        connectP99Ms: held.summary.connectTime.p99Ms,
        rssBytes: Math.max(...full.windows.map(({ rssBytes }) => rssBytes)),
      })),
    },
  };
};

/** @throws AppError file-missing, file-broken */
export const readRunFile = (path: string): RunFile => {
  if (!existsSync(path))
    throw new AppError('file-missing', `The run file '${path}' does not exist.`);
  try {
    const file = JSON.parse(readFileSync(path, 'utf8')) as RunFile;
    if (file.format === RUN_FORMAT && file.main?.summary) return file;
  } catch {}
  throw new AppError(
    'file-broken',
    `'${path}' is not a run file; one written by 'puntual stress URL -o run.json' is expected.`,
  );
};
