/**
 * The flags of `puntual stress`, and the plan and session that they ask for.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../core/errors.ts';
import { parseSlo } from '../stress/analysis/slo.ts';
import { parsePart, parseStartAt, type RunPart, shareOfCount } from '../stress/coordinator/part.ts';
import { parseFaults } from '../stress/faults/fault.ts';
import { parseRamp } from '../stress/modes/ramp.ts';
import type { TableReader } from '../stress/payload/data-file.ts';
import { parseHeader, parseMethod } from '../stress/payload/request.ts';
import type { Mode } from '../stress/results/run-file.ts';
import type { SessionOptions } from '../stress/session.ts';
import type { StressPlan } from '../stress/stress.ts';
import { durationMs, realNumber, setting, wholeNumber } from './setting.ts';

export interface StressFlags {
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
  readonly part?: string;
  readonly startAt?: string;
  readonly merge?: readonly string[];
  readonly json?: boolean;
}

const MAX_CONNECTIONS = 1_000_000;
const DEFAULT_CONNECTIONS = 64;
/** A search plans its requests: more connections, so that it is not them that requests wait for. */
const SEARCH_CONNECTIONS = 128;
const DEFAULT_DURATION_MS = 30_000;
const DEFAULT_SLO = 'p99<50ms,errors<0.1%';
export const DEFAULT_REPORT = 'stress-report.html';

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

export const addStressOptions = (command: Command): Command =>
  command
    .description(
      `Finds how many requests per second a service sustains, and where and why it breaks. With no flag but the URL: a capacity search under '${DEFAULT_SLO}', and a report.`,
    )
    .argument(
      '[url]',
      'the service, such as http://localhost:8080; or a run file (.json), to report on it again',
    )
    .addOption(
      setting(
        '-c, --connections <n>',
        `open connections; without --rate each sends its next request as soon as it was answered (default: ${DEFAULT_CONNECTIONS}, or what the rate needs)`,
      ).argParser(wholeNumber(1, MAX_CONNECTIONS)),
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
      'flights (CSV, TSV, NDJSON, JSON, Parquet, Arrow; .gz, .zst) that are asked in turn, as JSON bodies',
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
      'write the report (.html) or the run file (.json, or - for stdout); may be given again',
      gather,
    )
    .option(
      '--compare <run.json>',
      'compare with an earlier run; exit code 99 when worse beyond noise',
    )
    .addOption(
      setting(
        '--part <i/n>',
        'part i (from 0) of a plain run that n machines share; every other flag is that of the whole',
      ),
    )
    .addOption(setting('--start-at <moment>', 'when all parts begin, such as 2026-01-31T12:00:00Z'))
    .option('--merge <run.json...>', 'put the run files of all parts together, instead of a run')
    .addOption(
      setting('--seed <n>', 'seed of everything random')
        .argParser(wholeNumber(0, 2 ** 31))
        .default(1),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES);

export const modeOf = (flags: StressFlags, isBare: boolean): Mode => {
  if (flags.findMax && flags.rate !== undefined) {
    throw new AppError('usage', '--find-max looks for the rate itself: leave --rate out.');
  }
  if (flags.connectionsRamp !== undefined) return 'ramp';
  return flags.findMax || isBare ? 'find-max' : 'single';
};

export const planOf = (flags: StressFlags, mode: Mode): StressPlan => {
  const durationMs = flags.duration ?? DEFAULT_DURATION_MS;
  const slo = flags.slo ?? (mode === 'find-max' ? DEFAULT_SLO : undefined);
  const faults = (flags.fault ?? []).flatMap((text) => parseFaults(text, durationMs));
  if (faults.length > 0 && mode !== 'single') {
    throw new AppError(
      'usage',
      '--fault needs a plain run: give -c or --rate, without --find-max or a ramp.',
    );
  }
  const part = flags.part === undefined ? undefined : parsePart(flags.part);
  const startAtMs = flags.startAt === undefined ? undefined : parseStartAt(flags.startAt);
  if ((part || startAtMs !== undefined) && (mode !== 'single' || faults.length > 0)) {
    throw new AppError('usage', '--part and --start-at need a plain run without faults.');
  }
  return {
    part,
    startAtMs,
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

/** The database is loaded only when a table is read. */
const readTable: TableReader = async (path, maxRows) =>
  (await import('../flights/reading/first-rows.ts')).readFirstRows(path, maxRows);

export const sessionOptionsOf = (url: string, flags: StressFlags, mode: Mode): SessionOptions => {
  const { rate } = flags;
  const part = flags.part === undefined ? undefined : parsePart(flags.part);
  const asked = mode === 'ramp' ? parseRamp(flags.connectionsRamp!).to : flags.connections;
  return {
    url,
    nConnections: shareOf(asked ?? defaultConnections(mode, rate), part),
    part,
    nShards: flags.threads,
    method: flags.method === undefined ? undefined : parseMethod(flags.method),
    headers: (flags.header ?? []).map(parseHeader),
    body: flags.body,
    data: flags.data === undefined ? undefined : { path: flags.data, readTable },
    script: flags.script,
    timeoutMs: flags.timeout,
    keepAlive: flags.keepAlive,
    verifyTls: !flags.insecure,
    checkAnswers: flags.check,
    seed: flags.seed,
  };
};

/** The connections of one part of the run, at least one. */
const shareOf = (
  all: SessionOptions['nConnections'],
  part: RunPart | undefined,
): SessionOptions['nConnections'] => {
  if (!part) return all;
  const share = (count: number): number => Math.max(1, shareOfCount(count, part));
  return typeof all === 'number' ? share(all) : (probeMs) => share(all(probeMs));
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
