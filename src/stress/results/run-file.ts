/**
 * The run file: everything a run found, as one JSON document with a published schema; reports are made from it alone.
 */
import { AppError } from '../../core/errors.ts';
import { readNamedFile } from '../../core/files/named-file.ts';
import { VERSION } from '../../core/version.ts';
import type { KneeReport, LoadPoint } from '../analysis/knee.ts';
import { judgeResult, type Result } from '../analysis/result.ts';
import type { Judgement } from '../analysis/slo.ts';
import type { Step } from '../analysis/step.ts';
import type { UslFit } from '../analysis/usl.ts';
import { judgeRun, type Verdict } from '../analysis/verdict.ts';
import type { RunPart } from '../coordinator/part.ts';
import { COARSE_SCALE } from '../coordinator/window.ts';
import type { Recovery } from '../faults/recovery.ts';
import { SCALE } from '../generator/tally.ts';
import type { CapacityRun } from '../modes/capacity.ts';
import type { SearchResult } from '../modes/capacity-search.ts';
import type { RampRun } from '../modes/ramp.ts';
import type { SingleRun } from '../modes/single.ts';
import type { Session } from '../session.ts';

export const RUN_FORMAT = 'puntual-stress-run/1';

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
  /** Pass or fail, in one sentence. */
  readonly result: Result;
  /** Whether it was measured well. */
  readonly verdict: Verdict;
  readonly thresholds: readonly Judgement[];
  /** What ended the run before its plan did. */
  readonly cutShort?: string;
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
export type RunHead = Pick<
  RunFile,
  'load' | 'payload' | 'plan' | 'notes' | 'url' | 'mode' | 'connections'
>;

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
  readonly cutShort?: string | undefined;
  readonly part?: RunPart | undefined;
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
  notes: session.notes,
  slo: frame.slo,
  scale: { bits: SCALE.bits, maxBits: SCALE.maxBits },
  heatScale: { bits: COARSE_SCALE.bits, maxBits: COARSE_SCALE.maxBits },
  ...(frame.cutShort === undefined ? {} : { cutShort: frame.cutShort }),
  ...(frame.part === undefined ? {} : { part: frame.part }),
});

export const singleRunFile = (session: Session, frame: RunFrame, run: SingleRun): RunFile => {
  const verdict = judgeRun(run.step.verdict, run.step.summary);
  return {
    ...frameOf(session, frame),
    format: RUN_FORMAT,
    mode: 'single',
    model: run.step.ratePerSecond === null ? 'closed' : 'open',
    connections: run.connections,
    main: run.step,
    result: judgeResult({
      verdict,
      main: run.step,
      thresholds: run.step.judgements,
      hasFaults: run.faults.length > 0,
      cutShort: frame.cutShort,
    }),
    verdict,
    thresholds: run.step.judgements,
    ...(run.faults.length > 0 ? { faults: run.faults } : {}),
  };
};

/** The step that the headline speaks of: the one at the rate that was found, its soak before its trial; else the last. */
const mainOf = ({ soaks, trials, sweep, found }: CapacityRun): Step => {
  const all = [...trials, ...soaks];
  return (
    all.findLast(({ ratePerSecond }) => ratePerSecond === found.sustainedPerSecond) ??
    all.at(-1) ??
    sweep.at(-1)!
  );
};

export const capacityRunFile = (session: Session, frame: RunFrame, run: CapacityRun): RunFile => {
  const main = mainOf(run);
  const isFound = run.found.sustainedPerSecond !== null;
  const verdict = searchVerdict(run, main);
  return {
    ...frameOf(session, frame),
    format: RUN_FORMAT,
    mode: 'find-max',
    model: 'open',
    connections: run.connections,
    main,
    result: judgeResult({
      verdict,
      main,
      thresholds: isFound ? main.judgements : [],
      hasFaults: false,
      found: isFound,
      cutShort: frame.cutShort,
    }),
    verdict,
    thresholds: main.judgements,
    findMax: run.found,
    capacity: {
      points: run.points,
      usl: run.usl,
      knee: run.knee,
      trials: [...run.sweep, ...run.trials, ...run.soaks].map(trialLine),
    },
  };
};

/** What ended the search may have been the generator or the machine: then its last such step says why. */
const searchVerdict = ({ found, trials, soaks }: CapacityRun, main: Step): Verdict => {
  const { reason } = found;
  if (reason !== 'generator-bound' && reason !== 'noisy') {
    return judgeRun(main.verdict, main.summary);
  }
  const { verdict } = [...trials, ...soaks].findLast((step) => step.verdict.kind === reason)!;
  const sentence =
    reason === 'noisy' ? `${verdict.sentence}; what was found is a lower bound` : verdict.sentence;
  return { ...verdict, sentence };
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
  const main = last.held;
  const verdict = judgeRun(main.verdict, main.summary);
  return {
    ...frameOf(session, frame),
    format: RUN_FORMAT,
    mode: 'ramp',
    model: 'open',
    connections: { planned: last.planned, opened: last.opened },
    main,
    result: judgeResult({
      verdict,
      main,
      thresholds: main.judgements,
      hasFaults: false,
      cutShort: frame.cutShort,
    }),
    verdict,
    thresholds: main.judgements,
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

/** What files of earlier versions lack. */
const completed = (file: RunFile): RunFile => {
  if (file.result !== undefined) return file;
  const { summary } = file.main;
  const { planned, outcomes } = summary;
  const errors = planned - outcomes.ok - outcomes.inFlight;
  const before = {
    answered: outcomes.ok + outcomes.httpError,
    achievedPerSecond: summary.sent / summary.seconds,
    errors,
    longestGapMs: 0,
    unsolicited: 0,
    users: null,
    compared: 0,
    wrongEstimate: null,
  };
  const main: Step = {
    ...file.main,
    outage: null,
    isCutShort: false,
    summary: {
      ...summary,
      ...before,
      outcomes: { ...outcomes, unanswered: 0, wrong: 0 },
    },
    windows: file.main.windows.map((window) => ({
      ...window,
      sent: window.planned,
      unanswered: 0,
      reasons: {},
    })),
  };
  const { verdict, thresholds, faults, findMax } = file;
  const result = judgeResult({
    verdict,
    main,
    thresholds,
    hasFaults: faults !== undefined,
    ...(findMax ? { found: findMax.sustainedPerSecond !== null } : {}),
  });
  return { ...file, main, result };
};

/** @throws AppError file-missing, file-unreadable, file-broken */
export const readRunFile = (path: string): RunFile => {
  const text = readNamedFile(path, `The run file '${path}'`).toString('utf8');
  try {
    const file = JSON.parse(text) as RunFile;
    if (file.format === RUN_FORMAT && file.main?.summary) return completed(file);
  } catch {}
  throw new AppError(
    'file-broken',
    `'${path}' is not a run file; one written by 'puntual stress URL -o run.json' is expected.`,
  );
};
