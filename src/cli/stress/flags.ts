/**
 * The flags of `puntual stress`; `plan.ts` says what they ask for.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { durationMs, realNumber, setting, wholeNumber } from '../setting.ts';

export interface StressFlags {
  readonly connections?: number;
  readonly duration?: number;
  readonly requests?: number;
  readonly rate?: string;
  readonly stages?: string;
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
  readonly har?: string;
  readonly accessLog?: string;
  readonly openapi?: string;
  readonly speed: number;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly body?: string;
  readonly keepAlive: boolean;
  readonly http2?: boolean;
  readonly streams?: number;
  readonly insecure?: boolean;
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly resolve?: readonly string[];
  readonly unixSocket?: string;
  readonly follow?: boolean;
  readonly check?: boolean;
  readonly expectStatus?: string;
  readonly expectBody?: string;
  readonly maxTime: number;
  readonly abortOnFail?: boolean;
  readonly output?: readonly string[];
  readonly ui?: boolean;
  readonly uiPort?: number;
  readonly otlp?: string;
  readonly compare?: string;
  readonly anyway?: boolean;
  readonly seed: number;
  readonly part?: string;
  readonly startAt?: string;
  readonly merge?: readonly string[];
  readonly on?: 'kubernetes';
  readonly parts: number;
  readonly image?: string;
  readonly namespace?: string;
  readonly startIn: number;
  readonly partCpu: string;
  readonly partMemory: string;
  readonly json?: boolean;
}

const MAX_CONNECTIONS = 1_000_000;
export const DEFAULT_CONNECTIONS = 64;
export const DEFAULT_SLO = 'p99<50ms,errors<0.1%';
export const DEFAULT_REPORT = 'stress-report.html';

/** Signals that end a run, and the exit codes that say so. */
export const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
export const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

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
  puntual stress http://localhost:8080                      find what it sustains, write ${DEFAULT_REPORT}
  puntual stress http://localhost:8080 -c 400 -d 30s        as wrk does: a closed loop of 400 connections
  puntual stress http://localhost:8080 --rate 5000 --slo 'p99<50ms,errors<0.1%'
  puntual stress http://localhost:8080 --rate 5000 --fault kill-worker@10s

Exit codes: 0 all held, 2 bad usage or no service, 3 the run proves nothing, 99 a threshold failed or the service stopped answering.`;

export const addStressOptions = (command: Command): Command =>
  command
    .description(
      `Finds how many requests per second a service sustains, and where and why it breaks. With no flag but the URL: a capacity search under '${DEFAULT_SLO}', and a report.`,
    )
    .argument(
      '[url...]',
      'the service, such as http://localhost:8080; several URLs of it are asked in turn; or a whole curl command in quotes; or a run file (.json), to report on it again',
    )
    .addOption(
      setting(
        '-c, --connections <n>',
        `open connections; without --rate each sends its next request as soon as the last was answered (default: ${DEFAULT_CONNECTIONS}, or what the rate needs)`,
      ).argParser(wholeNumber(1, MAX_CONNECTIONS)),
    )
    .addOption(setting('-d, --duration <time>', 'how long (default: 30s)').argParser(parseDuration))
    .addOption(
      setting(
        '-r, --rate <rate>',
        "planned requests per second, whatever the service does (open loop): 5000, 10/s, 6/m; or stages: '100@30s,100..2000@2m,0@10s'",
      ),
    )
    .option('--stages <file>', 'stages of the rate from a file, one per line')
    .addOption(
      setting('-n, --requests <count>', 'end after so many requests').argParser(
        wholeNumber(1, 1_000_000_000),
      ),
    )
    .option('--poisson', 'plan random arrivals, as from independent users, instead of even ones')
    .option('--find-max', 'search the highest rate under the thresholds')
    .addOption(
      setting('--max-time <time>', 'the highest rate that the search tries')
        .argParser(parseDuration)
        .default(180_000, '3m'),
    )
    .option('--connections-ramp <from..to>', 'capacity and p99 against open connections')
    .addOption(
      setting(
        '--slo <thresholds>',
        `what must hold, such as '${DEFAULT_SLO}', or @FILE (OpenSLO); else exit code 99`,
      ),
    )
    .option('--abort-on-fail', 'end the run as soon as a threshold fails')
    .option(
      '--fault <fault>',
      'kill-worker@10s, pause-worker@10s+2s, reload@10s, slow-clients@10s+5s:1000, garbage@10s+5s, reset-storm@10s; may be given again',
      gather,
    )
    .addOption(setting('--admin <url>', 'admin port of the service (default: its host, port 8081)'))
    .addOption(
      setting('--warm-up <time>', 'leave this much of the beginning out of the figures')
        .argParser(durationMs)
        .default(0, '0s'),
    )
    .addOption(
      setting('--timeout <time>', 'when a request without an answer counts as lost')
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
    .option('--har <file>', 'the requests of a HAR file to one service')
    .option('--access-log <file>', 'replay a log of nginx or Apache with its times')
    .addOption(
      setting('--speed <times>', 'how many times faster than recorded the log is replayed')
        .argParser(realNumber(0.01, 1000))
        .default(1),
    )
    .option('--openapi <file>', 'the operations of an OpenAPI document with their examples')
    .option('--method <method>', 'HTTP method')
    .option('-H, --header <header>', "a header 'Name: value'; may be given again", gather)
    .option('--body <text>', 'a body, or @FILE')
    .option('--no-keep-alive', 'open a connection for every request')
    .option('--http2', 'speak HTTP/2: by ALPN over https://, with prior knowledge over http://')
    .addOption(
      setting(
        '--streams <n>',
        'requests at once on each connection of HTTP/2 (default: 10)',
      ).argParser(wholeNumber(1, 10_000)),
    )
    .option('--insecure', 'take any TLS certificate')
    .option('--cacert <file>', 'certificates to trust, PEM')
    .option('--cert <file>', 'client certificate, PEM, for a service that asks for one')
    .option('--key <file>', 'its key, PEM')
    .option(
      '--resolve <host:port:address>',
      'the address that stands for a host; may be given again',
      gather,
    )
    .option('--unix-socket <path>', 'connect through a Unix socket')
    .option('--follow', 'follow redirects of the service to itself, before the load')
    .option('--expect-status <list>', 'status codes that count as right, such as 200,201')
    .option(
      '--expect-body <what>',
      "what a right body contains: TEXT, '/pattern/' or json:path=value",
    )
    .option(
      '--check',
      'compare answers with those that came before the load (the default for a Puntual service)',
    )
    .option('--no-check', 'compare no answers with those that came before the load')
    .option(
      '-o, --output <file>',
      'write the report (.html), the run file (.json, or - for stdout), JUnit (.xml), seconds (.csv), a summary (.md); may be given again',
      gather,
    )
    .option('--ui', 'show the run as it goes on, as a page on this machine; it becomes the report')
    .addOption(
      setting('--ui-port <port>', 'its port (default: a free one)').argParser(
        wholeNumber(0, 65_535),
      ),
    )
    .option(
      '--otlp <url>',
      'send metrics every second to a collector (OTLP over HTTP, JSON), such as http://localhost:4318',
    )
    .option(
      '--compare <run.json>',
      'compare with an earlier run; exit code 99 when worse beyond noise',
    )
    .option('--anyway', 'compare runs that differ in target, load, connections or data')
    .addOption(
      setting(
        '--part <i/n>',
        'part i (from 0) of a plain run that n machines share; every other flag is that of the whole',
      ),
    )
    .addOption(setting('--start-at <moment>', 'when all parts begin, such as 2026-01-31T12:00:00Z'))
    .option('--merge <run.json...>', 'put the run files of all parts together, instead of a run')
    .addOption(
      new Option('--on <place>', 'run in parts on a cluster, gathered and merged here').choices([
        'kubernetes',
      ]),
    )
    .addOption(
      setting('--parts <n>', 'parts of a run on a cluster, one pod each')
        .argParser(wholeNumber(2, 1000))
        .default(4),
    )
    .addOption(setting('--image <image>', 'image of the parts, whose entry point is puntual'))
    .option('--namespace <name>', "of the parts (default: that of kubectl's context)")
    .addOption(
      setting('--start-in <time>', 'time for the pods to come up before all parts begin')
        .argParser(parseDuration)
        .default(60_000, '1m'),
    )
    .addOption(setting('--part-cpu <n>', 'processors requested for each part', '1'))
    .addOption(setting('--part-memory <size>', 'memory of each part', '512Mi'))
    .addOption(
      setting('--seed <n>', 'seed of everything random')
        .argParser(wholeNumber(0, 2 ** 31))
        .default(1),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES);
