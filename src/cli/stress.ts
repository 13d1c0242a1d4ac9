/**
 * `puntual stress`: reads the flags, runs the asked mode, prints text or JSON, and ends with the verdict's exit code.
 */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { AppError, ERRORS } from '../core/errors.ts';
import { buildStressPage } from '../report/stress/stress-page.ts';
import { readLimits } from '../stress/coordinator/connections.ts';
import { needsAdmin } from '../stress/faults/fault.ts';
import { type ComparisonReport, compareRuns } from '../stress/results/compare.ts';
import { mergeRuns } from '../stress/results/merge.ts';
import { type RunFile, type RunHead, readRunFile } from '../stress/results/run-file.ts';
import { comparisonLines, headLines, runLines } from '../stress/results/text.ts';
import { buildLineView, buildLiveView, type View } from '../stress/results/view.ts';
import { openSession } from '../stress/session.ts';
import { runStress, type StressPlan } from '../stress/stress.ts';
import { adminUrlOf, openAdmin } from '../stress/target/admin.ts';
import { parseTarget } from '../stress/target/target.ts';
import { printJson, printLine } from './output.ts';
import {
  addStressOptions,
  DEFAULT_REPORT,
  modeOf,
  planOf,
  type StressFlags,
  sessionOptionsOf,
} from './stress-flags.ts';

export const describe = (command: Command): void => {
  addStressOptions(command).action((url: string | undefined, flags: StressFlags) =>
    stress(url, flags),
  );
};

const stress = async (url: string | undefined, flags: StressFlags): Promise<void> => {
  const isBare =
    flags.connections === undefined &&
    flags.duration === undefined &&
    flags.rate === undefined &&
    flags.connectionsRamp === undefined &&
    flags.fault === undefined;
  const mode = modeOf(flags, isBare);
  const outputs = flags.output ?? (isBare && !flags.json ? [DEFAULT_REPORT] : []);
  const odd = outputs.find((path) => path !== '-' && !/\.(html?|json)$/.test(path));
  if (odd !== undefined) {
    throw new AppError('usage', `-o '${odd}': a name that ends with .html or .json is expected.`);
  }
  const earlier = flags.compare === undefined ? undefined : readRunFile(flags.compare);
  if (flags.merge !== undefined) {
    if (url !== undefined) throw new AppError('usage', '--merge takes run files and no URL.');
    reportStored(mergeRuns(flags.merge.map(readRunFile)), earlier, outputs, flags);
    return;
  }
  if (url === undefined) {
    throw new AppError('usage', 'A URL such as http://localhost:8080 is expected.');
  }
  if (url.endsWith('.json') && !url.includes('://')) {
    reportStored(readRunFile(url), earlier, outputs, flags);
    return;
  }
  const plan = planOf(flags, mode);
  if (plan.warmUpMs >= plan.durationMs) {
    throw new AppError('usage', '--warm-up must be shorter than --duration.');
  }
  const adminUrl = adminUrlOf(parseTarget(url), flags.admin);
  const admin = plan.faults.some(needsAdmin) ? await openAdmin(adminUrl) : undefined;
  const session = await openSession(sessionOptionsOf(url, flags, mode));
  const view = await viewOf(flags, plan, adminUrl);
  let run: RunFile;
  try {
    run = await runStress({
      session,
      plan,
      machine: { startedAt: new Date(), ...readLimits() },
      admin,
      watcher: view,
      onHead: (head) => printHead(head, flags),
    });
  } finally {
    view.stop();
    await session.close();
  }
  report(run, earlier, outputs, flags);
};

const printHead = (head: RunHead, flags: StressFlags): void => {
  if (!isForOthers(flags)) for (const line of headLines(head)) printLine(line);
};

/** Writes and prints what a run found, and sets the exit code. */
const report = (
  run: RunFile,
  earlier: RunFile | undefined,
  outputs: readonly string[],
  flags: StressFlags,
): void => {
  const comparison = earlier && compareRuns(earlier, run);
  for (const path of outputs) writeOutput(path, run, comparison, earlier);
  if (flags.json) printJson(documentOf(run, comparison));
  else if (!isForOthers(flags)) {
    for (const line of runLines(run)) printLine(line);
    if (comparison) for (const line of comparisonLines(comparison)) printLine(line);
    if (outputs.length > 0) printLine(`\nreport  ${outputs.join('  ')}`);
  }
  process.exitCode = exitCodeOf(run, comparison);
};

/** A run that was made before, or in parts: told as if it had just ended. */
const reportStored: typeof report = (run, earlier, outputs, flags) => {
  printHead(run, flags);
  report(run, earlier, outputs, flags);
};

/** Whether stdout belongs to another program. */
const isForOthers = ({ json, output }: StressFlags): boolean =>
  json === true || (output?.includes('-') ?? false);

const viewOf = async (flags: StressFlags, plan: StressPlan, adminUrl: string): Promise<View> => {
  if (flags.json) return { stop: () => {} };
  if (!process.stderr.isTTY) return buildLineView((text) => void process.stderr.write(text));
  const screen = {
    write: (text: string) => void process.stderr.write(text),
    columns: () => process.stderr.columns || 80,
  };
  const admin = await openAdmin(adminUrl).catch(() => undefined);
  return buildLiveView(screen, plan.mode === 'single' ? plan.durationMs : undefined, admin);
};

const writeOutput = (
  path: string,
  run: RunFile,
  comparison: ComparisonReport | undefined,
  earlier: RunFile | undefined,
): void => {
  if (path === '-') {
    printLine(JSON.stringify(run));
    return;
  }
  const text = path.endsWith('.json')
    ? `${JSON.stringify(run)}\n`
    : buildStressPage(
        run,
        comparison && earlier ? { ...comparison, earlierStartedAt: earlier.startedAt } : undefined,
      );
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new AppError('file-unwritable', `-o '${path}' cannot be written.`, { cause });
  }
};

/** The keys that other programs rely on, then the rest of the run without its raw series. */
const documentOf = (run: RunFile, comparison: ComparisonReport | undefined): object => {
  const { main, verdict } = run;
  return {
    verdict: verdict.kind,
    verdictSentence: verdict.sentence,
    model: run.model,
    mode: run.mode,
    url: run.url,
    load: run.load,
    payload: run.payload,
    plan: run.plan,
    notes: run.notes,
    ...main.summary,
    ratePerSecond: main.ratePerSecond,
    connections: run.connections,
    generator: verdict,
    thresholds: run.thresholds,
    steadiness: main.steadiness,
    little: main.little,
    p99RangeMs: main.p99RangeMs,
    ...(run.faults ? { faults: run.faults } : {}),
    ...(run.findMax ? { findMax: run.findMax } : {}),
    ...(run.capacity ? { capacity: run.capacity } : {}),
    ...(run.ramp ? { ramp: run.ramp } : {}),
    ...(comparison ? { comparison } : {}),
  };
};

const exitCodeOf = (run: RunFile, comparison: ComparisonReport | undefined): number => {
  const { kind } = run.verdict;
  if (kind === 'generator-bound') return ERRORS['verdict-invalid'].exit;
  const held = run.thresholds.every(({ holds }) => holds);
  const found = run.findMax === undefined || run.findMax.sustainedPerSecond !== null;
  // That nothing was answered proves no speed, but it does prove that a threshold is missed.
  if (!held || !found || comparison?.regressed) return ERRORS['threshold-failed'].exit;
  return kind === 'valid' ? 0 : ERRORS['verdict-invalid'].exit;
};
