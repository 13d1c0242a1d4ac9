/**
 * Run files of parts that several machines ran together, as one run: counts and histograms add up exactly.
 */
import { AppError } from '../../core/errors.ts';
import { mergeGroups } from '../analysis/groups.ts';
import { judgeResult } from '../analysis/result.ts';
import { parseSlo } from '../analysis/slo.ts';
import { buildStep, type Step } from '../analysis/step.ts';
import { judgeRun, type Verdict } from '../analysis/verdict.ts';
import { rejoin } from '../coordinator/series.ts';
import type { Window } from '../coordinator/window.ts';
import { mergeBeside } from '../coordinator/window.ts';
import { steadyLoad } from '../generator/schedule.ts';
import { addTally, buildTally, SLOT_MS } from '../generator/tally.ts';
import type { RunFile } from './run-file.ts';

/** Starts that lie further apart are worth a word: the seconds side by side were not the same ones. */
const TOGETHER_MS = 1000;

/** @throws AppError usage when the runs are not parts of one run */
export const mergeRuns = (runs: readonly RunFile[]): RunFile => {
  const first = runs[0];
  if (!first || runs.length < 2) {
    throw new AppError('usage', '--merge needs the run files of at least two machines.');
  }
  for (const run of runs) checkAlike(first, run);
  checkParts(runs);
  const steps = runs.map(({ main }) => main);
  const sum = (read: (run: RunFile) => number): number =>
    runs.reduce((total, run) => total + read(run), 0);
  const main = mergeSteps(steps, first.slo);
  const starts = runs.map(({ startedAt }) => Date.parse(startedAt));
  const apartMs = Math.max(...starts) - Math.min(...starts);
  const verdict = judgeRun(main.verdict, main.summary);
  const notes = [...new Set(runs.flatMap((run) => run.notes))];
  const { part: _, ...frame } = first;
  return {
    ...frame,
    startedAt: new Date(Math.min(...starts)).toISOString(),
    load: `${runs.length} machines together, of which the first: ${first.load}`,
    plan: runs.map(({ plan }, i) => `machine ${i}: ${plan}`).join('; '),
    notes:
      apartMs > TOGETHER_MS
        ? [...notes, `The machines began ${(apartMs / 1000).toFixed(1)} s apart.`]
        : notes,
    connections: {
      planned: sum(({ connections }) => connections.planned),
      opened: sum(({ connections }) => connections.opened),
    },
    main,
    result: judgeResult({ verdict, main, thresholds: main.judgements, hasFaults: false }),
    verdict,
    thresholds: main.judgements,
  };
};

const checkAlike = (first: RunFile, run: RunFile): void => {
  const refuse = (what: string): never => {
    throw new AppError('usage', `--merge: ${what}; parts of one run are expected.`);
  };
  if (run.mode !== 'single') refuse('a search or a ramp cannot be merged, only plain runs');
  if (run.faults) refuse('a run with faults cannot be merged');
  if (new URL(run.url).pathname !== new URL(first.url).pathname) {
    refuse(`the runs sent different requests (${first.url}, ${run.url})`);
  }
  if (run.model !== first.model) refuse('an open and a closed loop cannot be merged');
  const { durationMs, warmUpMs } = run.main;
  if (durationMs !== first.main.durationMs || warmUpMs !== first.main.warmUpMs) {
    refuse('the runs differ in length or warm-up');
  }
  if (run.slo.join() !== first.slo.join()) refuse('the runs differ in their thresholds');
};

/** Each part once, or none at all. */
const checkParts = (runs: readonly RunFile[]): void => {
  const parts = runs.flatMap(({ part }) => part ?? []);
  if (parts.length === 0) return;
  const seen = new Set(parts.map(({ index }) => index));
  const of = parts[0]!.of;
  const isWhole = parts.every((part) => part.of === of) && seen.size === of && runs.length === of;
  if (!isWhole) {
    throw new AppError(
      'usage',
      `--merge: parts ${parts.map(({ index, of }) => `${index}/${of}`).join(', ')} are not each part of one run once.`,
    );
  }
};

const mergeSteps = (steps: readonly Step[], slo: readonly string[]): Step => {
  const tally = buildTally();
  for (const { counters, histograms, summary } of steps) {
    const { statuses, reasons } = summary;
    addTally(tally, { counters, histograms, statuses, reasons, okSlots: [], badSlots: [] });
  }
  const { durationMs, warmUpMs } = steps[0]!;
  const rate = steps.reduce((sum, step) => sum + (step.ratePerSecond ?? 0), 0);
  const load = steps[0]!.ratePerSecond === null ? null : steadyLoad(rate, durationMs, 'uniform', 0);
  const record = {
    step: { startAtMs: 0, load, durationMs, maxRequests: null, warmUpMs, graceMs: 0 },
    tally,
    windows: mergeWindows(steps.map(({ windows }) => windows)),
    seconds: (durationMs - warmUpMs) / 1000,
    nShards: steps.length,
    nParts: 1,
    isHere: false,
    isCutShort: steps.some(({ isCutShort }) => isCutShort),
    names: [],
  };
  const connections = steps.reduce((sum, step) => sum + step.connections, 0);
  const thresholds = slo.length === 0 ? [] : parseSlo(slo.join(','));
  return {
    ...buildStep({ name: 'run', record, connections, thresholds }),
    ...mergeGroups(steps),
    verdict: worstOf(steps),
  };
};

/** The weakest verdict of all machines: the first that is not valid, else the busiest. */
const worstOf = (steps: readonly Step[]): Verdict => {
  const verdicts = steps.map(({ verdict }) => verdict);
  const at = verdicts.findIndex(({ kind }) => kind !== 'valid');
  if (at >= 0) {
    const { sentence } = verdicts[at]!;
    return { ...verdicts[at]!, sentence: `${sentence}, says machine ${at}` };
  }
  return verdicts.reduce((max, verdict) => (verdict.busy > max.busy ? verdict : max));
};

const mergeWindows = (all: readonly (readonly Window[])[]): Window[] => {
  const span = Math.max(...all.flat().map(({ slotMs }) => slotMs)) / SLOT_MS;
  const bySecond = new Map<number, Window>();
  for (const windows of all) {
    for (const window of rejoin(windows, span)) {
      const known = bySecond.get(window.second);
      bySecond.set(window.second, known ? mergeBeside(known, window) : window);
    }
  }
  return [...bySecond.values()].sort((a, b) => a.second - b.second);
};
