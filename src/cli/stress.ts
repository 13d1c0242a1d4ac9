/**
 * `puntual stress`: reads the flags, runs the asked mode, prints text or JSON, and ends with the verdict's exit code.
 * Stands beside the other commands; the modes themselves are in `stress/`.
 */
import { writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { AppError, ERRORS } from '../core/errors.ts';
import { adminUrlOf, openAdmin } from '../stress/admin.ts';
import { compareRuns, type ComparisonReport } from '../stress/compare.ts';
import { readLimits } from '../stress/connections.ts';
import { needsAdmin, parseFaults } from '../stress/fault.ts';
import { parseRamp } from '../stress/ramp-run.ts';
import { parseHeader, parseMethod } from '../stress/request.ts';
import { readRunFile, type RunFile } from '../stress/run-file.ts';
import { openSession, type SessionOptions } from '../stress/session.ts';
import { parseSlo } from '../stress/slo.ts';
import { type Mode, type StressPlan, runStress } from '../stress/stress.ts';
import { parseTarget } from '../stress/target.ts';
import { comparisonLines, headLines, runLines } from '../stress/text.ts';
import { buildLineView, buildLiveView, type View } from '../stress/view.ts';
import { buildStressPage } from '../report/stress-page.ts';
import { printJson, printLine } from './output.ts';
import { durationMs, realNumber, setting, wholeNumber } from './setting.ts';

interface Flags {
  readonly connections?: number;
  readonly duration?: number;
  readonly rate?: number;
  readonly poisson?: boolean;
  readonly findMax?: boolean;
  readonly connectionsRamp?: string;
  readonly slo?: string;
  readonly fault?: readonly string[];
  readonly admin?: string;
  readonly warmUp: number;
  readonly timeout: number;
  readonly threads?: number;
  readonly data?: string;
  readonly script?: string;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly body?: string;
  readonly keepAlive: boolean;
  readonly insecure?: boolean;
  readonly check: boolean;
  readonly output?: readonly string[];
  readonly compare?: string;
  readonly seed: number;
  readonly json?: boolean;
}

const MOST_CONNECTIONS = 1_000_000;
const DEFAULT_CONNECTIONS = 64;
/** A search plans its requests: more connections, so that it is not them that requests wait for. */
const SEARCH_CONNECTIONS = 128;
const DEFAULT_DURATION_MS = 30_000;
const DEFAULT_SLO = 'p99<50ms,errors<0.1%';
const DEFAULT_REPORT = 'stress-report.html';

const gather = (text: string, before: readonly string[] | undefined): string[] => [
  ...(before ?? []),
  text,
];

const parseDuration = (text: string): number => {
  const ms = durationMs(text);
  if (ms < 100) throw new InvalidArgumentError('At least 100ms are expected.');
  return ms;
};

const EXAMPLES = `
Examples:
  puntual stress http://localhost:8080                      find what it holds, write ${DEFAULT_REPORT}
  puntual stress http://localhost:8080 -c 400 -d 30s        as wrk does: a closed loop of 400 connections
  puntual stress http://localhost:8080 --rate 5000 --slo 'p99<50ms,errors<0.1%'
  puntual stress http://localhost:8080 --rate 5000 --fault kill-worker@10s

Exit codes: 0 all held, 2 bad usage or no service, 3 the run proves nothing, 99 a threshold failed.`;

export const describe = (command: Command): void => {
  command
    .description(
      `Finds what a service holds, and where and why it breaks. With no flag but the URL: a capacity search under '${DEFAULT_SLO}', and a report.`,
    )
    .argument(
      '<url>',
      'the service, such as http://localhost:8080; or a run file (.json), to report on it again',
    )
    .addOption(
      setting(
        '-c, --connections <n>',
        `open connections; without --rate each asks again as soon as it was answered (default: ${DEFAULT_CONNECTIONS}, or what the rate needs)`,
      ).argParser(wholeNumber(1, MOST_CONNECTIONS)),
    )
    .addOption(setting('-d, --duration <time>', 'how long (default: 30s)').argParser(parseDuration))
    .addOption(
      setting(
        '-r, --rate <n>',
        'planned requests per second, whatever the service does (open loop)',
      ).argParser(realNumber(0.001, 10_000_000)),
    )
    .option('--poisson', 'plan random arrivals, as of independent users, instead of even ones')
    .option('--find-max', 'search the highest rate under the thresholds')
    .option('--connections-ramp <from..to>', 'capacity and p99 against open connections')
    .addOption(
      setting('--slo <thresholds>', `what must hold, such as '${DEFAULT_SLO}'; else exit code 99`),
    )
    .option(
      '--fault <fault>',
      'kill-worker@10s, pause-worker@10s+2s, reload@10s, slow-clients@10s+5s:1000, garbage@10s+5s, reset-storm@10s; may be given again',
      gather,
    )
    .addOption(setting('--admin <url>', 'admin port of the service (default: its host, port 8081)'))
    .addOption(
      setting('--warm-up <time>', 'leave the beginning out of the figures')
        .argParser(durationMs)
        .default(0, '0s'),
    )
    .addOption(
      setting('--timeout <time>', 'when a request counts as lost')
        .argParser(parseDuration)
        .default(10_000, '10s'),
    )
    .addOption(
      setting(
        '-t, --threads <n>',
        'processes of the generator (default: what limits and cores ask for)',
      ).argParser(wholeNumber(1, 256)),
    )
    .option(
      '--data <file>',
      'flights (CSV, TSV, NDJSON, JSON, .gz) that are asked in turn, as JSON bodies',
    )
    .option(
      '-s, --script <file>',
      'a JavaScript or TypeScript module that exports request(i); called before the run',
    )
    .option('--method <method>', 'HTTP method')
    .option('-H, --header <header>', "a header 'Name: value'; may be given again", gather)
    .option('--body <text>', 'a body, or @FILE')
    .option('--no-keep-alive', 'open a connection for every request')
    .option('--insecure', 'take any TLS certificate')
    .option('--no-check', 'do not compare answers with those that came before the load')
    .option(
      '-o, --output <file>',
      'write the report (.html) or the run file (.json); may be given again',
      gather,
    )
    .option(
      '--compare <run.json>',
      'compare with an earlier run; exit code 99 when worse beyond noise',
    )
    .addOption(
      setting('--seed <n>', 'seed of everything random')
        .argParser(wholeNumber(0, 2 ** 31))
        .default(1),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action((url: string, flags: Flags) => stress(url, flags));
};

const stress = async (url: string, flags: Flags): Promise<void> => {
  const isBare =
    flags.connections === undefined &&
    flags.duration === undefined &&
    flags.rate === undefined &&
    flags.connectionsRamp === undefined &&
    flags.fault === undefined;
  const mode = modeOf(flags, isBare);
  const outputs = flags.output ?? (isBare && !flags.json ? [DEFAULT_REPORT] : []);
  const odd = outputs.find((path) => !/\.(html?|json)$/.test(path));
  if (odd !== undefined) {
    throw new AppError('usage', `-o '${odd}': a name that ends with .html or .json is expected.`);
  }
  const earlier = flags.compare === undefined ? undefined : readRunFile(flags.compare);
  if (url.endsWith('.json') && !url.includes('://')) {
    report(readRunFile(url), earlier, outputs, flags);
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
    const frame = { startedAt: new Date(), ...readLimits() };
    run = await runStress(session, plan, frame, admin, view, (head) => {
      if (!flags.json) for (const line of headLines(head)) printLine(line);
    });
  } finally {
    view.stop();
    await session.close();
  }
  report(run, earlier, outputs, flags);
};

/** Writes and prints what a run found, and sets the exit code. */
const report = (
  run: RunFile,
  earlier: RunFile | undefined,
  outputs: readonly string[],
  flags: Flags,
): void => {
  const comparison = earlier && compareRuns(earlier, run);
  for (const path of outputs) writeOutput(path, run, comparison, earlier);
  if (flags.json) printJson(documentOf(run, comparison));
  else {
    for (const line of runLines(run)) printLine(line);
    if (comparison) for (const line of comparisonLines(comparison)) printLine(line);
    if (outputs.length > 0) printLine(`\nreport  ${outputs.join('  ')}`);
  }
  process.exitCode = exitCodeOf(run, comparison);
};

const modeOf = (flags: Flags, isBare: boolean): Mode => {
  if (flags.findMax && flags.rate !== undefined) {
    throw new AppError('usage', '--find-max looks for the rate itself: leave --rate out.');
  }
  if (flags.connectionsRamp !== undefined) return 'ramp';
  return flags.findMax || isBare ? 'find-max' : 'single';
};

const planOf = (flags: Flags, mode: Mode): StressPlan => {
  const durationMs = flags.duration ?? DEFAULT_DURATION_MS;
  const slo = flags.slo ?? (mode === 'find-max' ? DEFAULT_SLO : undefined);
  const faults = (flags.fault ?? []).flatMap((text) => parseFaults(text, durationMs));
  if (faults.length > 0 && mode !== 'single') {
    throw new AppError(
      'usage',
      '--fault needs a plain run: give -c or --rate, without --find-max or a ramp.',
    );
  }
  return {
    mode,
    ratePerSecond: flags.rate ?? null,
    arrivals: flags.poisson ? 'poisson' : 'uniform',
    durationMs,
    durationSaid: flags.duration !== undefined,
    warmUpMs: flags.warmUp,
    timeoutMs: flags.timeout,
    seed: flags.seed,
    thresholds: slo === undefined ? [] : parseSlo(slo),
    faults,
    ramp: flags.connectionsRamp === undefined ? undefined : parseRamp(flags.connectionsRamp),
  };
};

const sessionOptionsOf = (url: string, flags: Flags, mode: Mode): SessionOptions => {
  const { rate } = flags;
  const asked = mode === 'ramp' ? parseRamp(flags.connectionsRamp!).to : flags.connections;
  return {
    url,
    nConnections: asked ?? defaultConnections(mode, rate),
    nShards: flags.threads,
    method: flags.method === undefined ? undefined : parseMethod(flags.method),
    headers: (flags.header ?? []).map(parseHeader),
    body: flags.body,
    data: flags.data,
    script: flags.script,
    timeoutMs: flags.timeout,
    keepAlive: flags.keepAlive,
    verifyTls: !flags.insecure,
    checkAnswers: flags.check,
    seed: flags.seed,
  };
};

const defaultConnections = (
  mode: Mode,
  rate: number | undefined,
): SessionOptions['nConnections'] => {
  if (mode === 'find-max') return SEARCH_CONNECTIONS;
  return rate === undefined ? DEFAULT_CONNECTIONS : connectionsFor(rate);
};

/** Enough for the waiting that Little's law asks, twice over; few enough that a stall is seen as waiting. */
const connectionsFor =
  (ratePerSecond: number) =>
  (probeMs: number): number =>
    Math.min(1000, Math.max(4, Math.ceil(ratePerSecond * Math.max(0.1, (2 * probeMs) / 1000))));

const viewOf = async (flags: Flags, plan: StressPlan, adminUrl: string): Promise<View> => {
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
  const text = path.endsWith('.json')
    ? `${JSON.stringify(run)}\n`
    : buildStressPage(
        run,
        comparison && earlier ? { ...comparison, earlierStartedAt: earlier.startedAt } : undefined,
      );
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new AppError('file-unwritable', `-o '${path}' can not be written.`, { cause });
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
  if (run.verdict.kind !== 'valid') return ERRORS['verdict-invalid'].exit;
  const held = run.thresholds.every(({ holds }) => holds);
  const found = run.findMax === undefined || run.findMax.sustainedPerSecond !== null;
  return held && found && !comparison?.regressed ? 0 : ERRORS['threshold-failed'].exit;
};
