/**
 * `puntual stress`: reads the flags, runs the asked mode, prints text or JSON, and ends with the verdict's exit code.
 * Stands beside the other commands; wires `stress/` with the terminal.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { AppError, ERRORS } from '../core/errors.ts';
import { parseHeader, parseMethod } from '../stress/request.ts';
import { openSession } from '../stress/session.ts';
import { runSingle, type SingleRun } from '../stress/single-run.ts';
import { parseSlo } from '../stress/slo.ts';
import { describeRun, runLines, windowLine } from '../stress/text.ts';
import { printJson, printLine } from './output.ts';
import { durationMs, realNumber, setting, wholeNumber } from './setting.ts';

interface Flags {
  readonly connections?: number;
  readonly duration: number;
  readonly rate?: number;
  readonly poisson?: boolean;
  readonly warmUp: number;
  readonly timeout: number;
  readonly threads?: number;
  readonly slo?: string;
  readonly data?: string;
  readonly script?: string;
  readonly method?: string;
  readonly header: readonly string[];
  readonly body?: string;
  readonly keepAlive: boolean;
  readonly insecure?: boolean;
  readonly check: boolean;
  readonly seed: number;
  readonly json?: boolean;
}

const MOST_CONNECTIONS = 1_000_000;
const DEFAULT_CONNECTIONS = 64;

const gather = (text: string, before: readonly string[]): string[] => [...before, text];

const parseDuration = (text: string): number => {
  const ms = durationMs(text);
  if (ms < 100) throw new InvalidArgumentError('At least 100ms are expected.');
  return ms;
};

export const describe = (command: Command): void => {
  command
    .description('Finds what a service holds, and where and why it breaks.')
    .argument('<url>', 'the service, such as http://localhost:8080')
    .addOption(
      setting(
        '-c, --connections <n>',
        'open connections; without --rate each asks again as soon as it was answered',
      ).argParser(wholeNumber(1, MOST_CONNECTIONS)),
    )
    .addOption(
      setting('-d, --duration <time>', 'how long', 30_000)
        .argParser(parseDuration)
        .default(30_000, '30s'),
    )
    .addOption(
      setting(
        '-r, --rate <n>',
        'planned requests per second, whatever the service does (open loop)',
      ).argParser(realNumber(0.001, 10_000_000)),
    )
    .option('--poisson', 'plan random arrivals, as of independent users, instead of even ones')
    .addOption(
      setting(
        '--slo <thresholds>',
        "what must hold, such as 'p99<50ms,errors<0.1%'; exit code 99 if it does not",
      ),
    )
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
        'processes of the generator; by default what limits and cores ask for',
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
    .option(
      '-H, --header <header>',
      "a header 'Name: value'; may be given again",
      gather,
      [] as string[],
    )
    .option('--body <text>', 'a body, or @FILE')
    .option('--no-keep-alive', 'open a connection for every request')
    .option('--insecure', 'take any TLS certificate')
    .option('--no-check', 'do not compare answers with those that came before the load')
    .addOption(
      setting('--seed <n>', 'seed of everything random')
        .argParser(wholeNumber(0, 2 ** 31))
        .default(1),
    )
    .option('--json', 'print one JSON document')
    .action(async (url: string, flags: Flags) => {
      await stress(url, flags);
    });
};

const stress = async (url: string, flags: Flags): Promise<void> => {
  const thresholds = flags.slo === undefined ? [] : parseSlo(flags.slo);
  if (flags.warmUp >= flags.duration) {
    throw new AppError('usage', '--warm-up must be shorter than --duration.');
  }
  const { rate } = flags;
  const session = await openSession({
    url,
    nConnections:
      flags.connections ?? (rate === undefined ? DEFAULT_CONNECTIONS : connectionsFor(rate)),
    nShards: flags.threads,
    method: flags.method === undefined ? undefined : parseMethod(flags.method),
    headers: flags.header.map(parseHeader),
    body: flags.body,
    data: flags.data,
    script: flags.script,
    timeoutMs: flags.timeout,
    keepAlive: flags.keepAlive,
    verifyTls: !flags.insecure,
    checkAnswers: flags.check,
    seed: flags.seed,
  });
  const say = flags.json ? () => {} : (line: string) => printLine(line);
  try {
    const arrivals = flags.poisson ? 'poisson' : 'uniform';
    const seconds = flags.duration / 1000;
    const load =
      rate === undefined
        ? `closed loop: ${session.plan.nConnections} connections, each asks again as soon as it was answered, for ${seconds} s`
        : `open loop: ${rate} requests per second planned (${arrivals}), for ${seconds} s`;
    for (const line of describeRun(session, load)) say(line);
    const run = await runSingle(
      session,
      {
        load:
          rate === undefined
            ? null
            : {
                fromPerSecond: rate,
                toPerSecond: rate,
                durationMs: flags.duration,
                arrivals,
                seed: flags.seed,
              },
        durationMs: flags.duration,
        warmUpMs: flags.warmUp,
        timeoutMs: flags.timeout,
        thresholds,
      },
      undefined,
      (window) => {
        if (!flags.json) process.stderr.write(`${windowLine(window)}\n`);
      },
    );
    if (flags.json) printJson(documentOf(url, run));
    else for (const line of runLines(run)) printLine(line);
    process.exitCode = exitCodeOf(run);
  } finally {
    await session.close();
  }
};

/** Enough for the waiting that Little's law asks, twice over; few enough that a stall is seen as waiting. */
const connectionsFor =
  (ratePerSecond: number) =>
  (probeMs: number): number =>
    Math.min(1000, Math.max(4, Math.ceil(ratePerSecond * Math.max(0.1, (2 * probeMs) / 1000))));

const documentOf = (url: string, run: SingleRun): object => {
  const { verdict, model, summary, connections, judgements } = run;
  return {
    verdict: verdict.kind,
    verdictSentence: verdict.sentence,
    model,
    url,
    ...summary,
    connections,
    generator: verdict,
    thresholds: judgements,
  };
};

const exitCodeOf = (run: SingleRun): number => {
  if (run.verdict.kind !== 'valid') return ERRORS['verdict-invalid'].exit;
  return run.judgements.every(({ holds }) => holds) ? 0 : ERRORS['threshold-failed'].exit;
};
