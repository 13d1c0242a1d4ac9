/**
 * `puntual stress`: reads the flags, runs the asked mode, prints text or JSON, and ends with the verdict's exit code.
 */
import type { Command } from 'commander';
import { AppError } from '../core/errors.ts';
import { readLimits } from '../stress/coordinator/connections.ts';
import { needsAdmin } from '../stress/faults/fault.ts';
import { isCurl } from '../stress/payload/curl.ts';
import { checkComparable, compareRuns } from '../stress/results/compare.ts';
import { mergeRuns } from '../stress/results/merge.ts';
import { type RunFile, type RunHead, readRunFile } from '../stress/results/run-file.ts';
import { comparisonLines, headLines, runLines } from '../stress/results/text.ts';
import { buildLineView, buildLiveView, type View } from '../stress/results/view.ts';
import { openSession, type Session } from '../stress/session.ts';
import { runStress, type StressPlan } from '../stress/stress.ts';
import { type Admin, adminUrlOf, openAdmin } from '../stress/target/admin.ts';
import { askModel } from '../stress/target/puntual.ts';
import { printJson, printLine } from './output.ts';
import { tellAll, type Watcher } from '../stress/watcher.ts';
import {
  addStressOptions,
  DEFAULT_REPORT,
  EXIT_CODES,
  SIGNALS,
  type StressFlags,
} from './stress/flags.ts';
import { breakLine } from './stress/broken-line.ts';
import { type LiveUi, openLiveUi, openOtlp } from './stress/live.ts';
import {
  documentOf,
  exitCodeOf,
  type Outputs,
  openOutputs,
  pageOf,
  type Told,
} from './stress/output.ts';
import {
  modeOf,
  planOf,
  sessionOptionsOf,
  sourceOf,
  unfoldCurl,
  wantsReport,
} from './stress/plan.ts';

export const describe = (command: Command): void => {
  addStressOptions(command).action((urls: readonly string[], flags: StressFlags) =>
    flags.on === undefined ? stress(urls, flags) : stressOnKubernetes(urls, flags, command),
  );
};

const stressOnKubernetes = async (
  urls: readonly string[],
  flags: StressFlags,
  command: Command,
): Promise<void> => {
  const earlier = flags.compare === undefined ? undefined : readRunFile(flags.compare);
  const [url] = urls;
  if (url === undefined) throw new AppError('usage', 'A URL that the pods reach is expected.');
  const outputs = openOutputs(flags.output ?? []);
  let run: RunFile;
  try {
    const { runOnKubernetes } = await import('./stress/parts.ts');
    run = await runOnKubernetes(
      flags,
      command,
      process.argv.slice(process.argv.indexOf('stress') + 1),
    );
    if (earlier && !flags.anyway) checkComparable(earlier, run);
  } catch (cause) {
    outputs.drop();
    throw cause;
  }
  printHead(run, flags);
  report(run, earlier, outputs, flags);
};

const stress = async (given: readonly string[], said: StressFlags): Promise<void> => {
  const isOneCurl = given.length === 1 && isCurl(given[0]!);
  const unfolded = isOneCurl ? unfoldCurl(given[0]!, said) : undefined;
  const urls = unfolded ? [unfolded.url] : given;
  const flags = unfolded?.flags ?? said;
  const mode = modeOf(flags);
  const [url] = urls;
  const earlier = flags.compare === undefined ? undefined : readRunFile(flags.compare);
  if (flags.merge !== undefined) {
    if (url !== undefined) throw new AppError('usage', '--merge takes run files and no URL.');
    reportStored(mergeRuns(flags.merge.map(readRunFile)), earlier, flags);
    return;
  }
  if (url === undefined) {
    throw new AppError('usage', 'A URL such as http://localhost:8080 is expected.');
  }
  if (url.endsWith('.json') && !url.includes('://')) {
    reportStored(readRunFile(url), earlier, flags);
    return;
  }
  const source = unfolded?.source ?? sourceOf(url, flags);
  const plan = planOf(flags, mode, source);
  const options = sessionOptionsOf(urls, flags, mode, source);
  const checkHead = (head: RunHead): void => {
    if (earlier && !flags.anyway) checkComparable(earlier, head);
    printHead(head, flags);
  };
  const otlp = flags.otlp === undefined ? undefined : openOtlp(flags.otlp, url);
  const outputs = openOutputs(flags.output ?? (wantsReport(flags) ? [DEFAULT_REPORT] : []));
  let ui: LiveUi | undefined;
  let run: RunFile;
  try {
    ui = flags.ui || flags.uiPort !== undefined ? openLiveUi(plan, flags.uiPort ?? 0) : undefined;
    if (ui) process.stderr.write(`live    ${ui.url}\n`);
    const session = await openSession(options);
    try {
      run = await runSession(session, plan, flags, {
        onHead: (head) => {
          checkHead(head);
          ui?.onHead(head);
        },
        watchers: [ui ?? {}, otlp ?? {}],
      });
    } finally {
      await session.close();
    }
  } catch (cause) {
    outputs.drop();
    await ui?.end(undefined);
    throw cause;
  }
  report(run, earlier, outputs, flags);
  await ui?.end(pageOf({ run }));
  const lost = await otlp?.end();
  if (lost !== undefined) process.stderr.write(`note    ${lost}\n`);
};

/** Who else is told of a run. */
interface Audience {
  readonly onHead: (head: RunHead) => void;
  readonly watchers: readonly Watcher[];
}

const runSession = async (
  session: Session,
  plan: StressPlan,
  flags: StressFlags,
  { onHead, watchers }: Audience,
): Promise<RunFile> => {
  checkNames(session, plan);
  const adminUrl = adminUrlOf(session.target.url, flags.admin);
  const admin = await adminOf(session, plan, flags, adminUrl);
  const view = await viewOf(session, plan, flags, adminUrl);
  const interruption = watchInterruption();
  try {
    return await runStress({
      session,
      plan,
      machine: { startedAt: new Date(plan.startAtMs ?? Date.now()), ...readLimits() },
      admin,
      signal: interruption.signal,
      watcher: tellAll([{ onStep: interruption.allowReport }, view, ...watchers]),
      onHead,
    });
  } finally {
    interruption.unwatch();
    view.stop();
  }
};

/** A threshold of a name that no request has would fail without anybody's fault. @throws AppError usage */
const checkNames = ({ names }: Session, { thresholds }: StressPlan): void => {
  const odd = thresholds.find(
    ({ metric, of }) =>
      of !== undefined && metric !== 'status' && !(names.length > 1 && names.includes(of)),
  );
  if (odd === undefined) return;
  const known =
    names.length > 1 ? `the names are ${names.join(', ')}` : 'the requests have no names';
  throw new AppError('usage', `The threshold '${odd.text}' is of '${odd.of}', and ${known}.`);
};

/**
 * Ctrl-C and SIGTERM: the run ends, and what was measured is reported. Before there is anything to report, and the
 * second time, the program ends at once.
 */
const watchInterruption = () => {
  const controller = new AbortController();
  let isReportable = false;
  const stop = (name: (typeof SIGNALS)[number]): void => {
    if (!isReportable || controller.signal.aborted) process.exit(EXIT_CODES[name]);
    process.stderr.write('stopping: what was measured is reported; once more ends at once\n');
    controller.abort(name === 'SIGINT' ? 'Ctrl-C' : name);
  };
  for (const name of SIGNALS) process.on(name, stop);
  return {
    signal: controller.signal,
    allowReport: () => {
      isReportable = true;
    },
    unwatch: () => {
      for (const name of SIGNALS) process.off(name, stop);
    },
  };
};

const say = (line: string): void => printLine(breakLine(line, process.stdout.columns));

const printHead = (head: RunHead, flags: StressFlags): void => {
  if (!isForOthers(flags)) for (const line of headLines(head)) say(line);
};

/** Writes and prints what a run found, and sets the exit code. */
const report = (
  run: RunFile,
  earlier: RunFile | undefined,
  outputs: Outputs,
  flags: StressFlags,
): void => {
  const comparison = earlier && compareRuns(earlier, run);
  const told: Told = { run, earlier, comparison };
  process.exitCode = exitCodeOf(told);
  if (flags.json) printJson(documentOf(told));
  else if (!isForOthers(flags)) {
    for (const line of runLines(run)) say(line);
    if (comparison) for (const line of comparisonLines(comparison)) say(line);
  }
  outputs.write(told);
  if (!isForOthers(flags) && outputs.paths.length > 0) {
    printLine(`\nreport  ${outputs.paths.join('  ')}`);
  }
};

/** A run that was made before, or in parts: told as if it had just ended. */
const reportStored = (run: RunFile, earlier: RunFile | undefined, flags: StressFlags): void => {
  const outputs = openOutputs(flags.output ?? (wantsReport(flags) ? [DEFAULT_REPORT] : []));
  if (earlier && !flags.anyway) checkComparable(earlier, run);
  printHead(run, flags);
  report(run, earlier, outputs, flags);
};

/** Whether stdout belongs to another program. */
const isForOthers = ({ json, output }: StressFlags): boolean =>
  json === true || (output?.includes('-') ?? false);

/** The admin port, where faults need it. @throws AppError usage, target-unreachable */
const adminOf = async (
  session: Session,
  plan: StressPlan,
  flags: StressFlags,
  adminUrl: string,
): Promise<Admin | undefined> => {
  if (!plan.faults.some(needsAdmin)) return undefined;
  if (flags.admin === undefined && !(await isPuntual(session, plan))) {
    throw new AppError(
      'usage',
      `${session.target.url.origin} does not say that it is Puntual's, so no port of it is taken for an admin port; --admin URL says where one is.`,
    );
  }
  return openAdmin(adminUrl);
};

const isPuntual = async ({ target, payload }: Session, plan: StressPlan): Promise<boolean> =>
  payload.model !== undefined || (await askModel(target, plan.timeoutMs)) !== undefined;

const viewOf = async (
  session: Session,
  plan: StressPlan,
  flags: StressFlags,
  adminUrl: string,
): Promise<View> => {
  if (flags.json) return { stop: () => {} };
  if (!process.stderr.isTTY) return buildLineView((text) => void process.stderr.write(text));
  const screen = {
    write: (text: string) => void process.stderr.write(text),
    columns: () => process.stderr.columns || 80,
  };
  const isKnown = session.payload.model !== undefined || flags.admin !== undefined;
  const admin = isKnown ? await openAdmin(adminUrl).catch(() => undefined) : undefined;
  const isCounted = plan.maxRequests !== undefined;
  return buildLiveView(screen, {
    totalMs: plan.mode === 'single' && !isCounted ? plan.durationMs : undefined,
    thresholds: plan.thresholds,
    admin,
  });
};
