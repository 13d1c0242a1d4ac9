/**
 * `puntual serve`: answers predictions over HTTP until it is told to end.
 */
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { AppError } from '../core/errors.ts';
import { DEFAULT_CONFIG, SERVICE_VIEW_RULES, type ServeConfig } from '../serve/config.ts';
import { MODELS_LIMIT, TEMPORALITIES } from '../serve/labels.ts';
import { buildLog, LOG_LEVELS, type Log, type LogLevel } from '../serve/log.ts';
import { encodePlan, type PlannedFlights } from '../core/around/departure-plan.ts';
import { findFiles } from '../flights/reading/files.ts';
import type { PlanReader } from '../serve/supervisor/kept-plan.ts';
import type { ModelRole } from '../serve/messages.ts';
import { isAddress } from '../serve/supervisor/model-source.ts';
import { isLoopback } from '../serve/supervisor/ports.ts';
import { type Started, serve } from '../serve/supervisor/supervisor.ts';
import { printJson, programName } from './output.ts';
import {
  durationFrom,
  durationMs,
  realNumber,
  setting,
  takeServiceLinks,
  wholeNumber,
} from './setting.ts';

export interface ServeOptions {
  readonly model?: string;
  readonly also?: string[];
  readonly shadow?: string;
  readonly models: string;
  readonly watch?: true;
  readonly schedule?: string[];
  readonly host: string;
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly healthHost?: string;
  readonly healthPort?: number;
  readonly controlTokenFile?: string;
  readonly workers: 'auto' | number;
  readonly cpuRequest?: NonNullable<ServeConfig['cpuRequest']>;
  readonly auth?: string;
  readonly tokenExpiry: (typeof TOKEN_EXPIRIES)[number];
  readonly proxies: number;
  readonly logLevel: LogLevel;
  readonly accessLog: number;
  readonly connections: number;
  readonly bodyLimit: number;
  readonly requestTimeout: number;
  readonly idleTimeout: number;
  readonly connectionAge: number;
  readonly drainDelay: number;
  readonly drainLimit: number;
  readonly hangLimit: number;
  readonly memoryLimit: number;
  readonly cors?: string[];
  readonly serviceView: ServeConfig['serviceView'];
  readonly reports: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly otlpEndpoint?: string;
  readonly traceShare: number;
  readonly otlpMetrics: (typeof OTLP_METRICS)[number];
  readonly otlpInterval: number;
  readonly json?: true;
}

const D = DEFAULT_CONFIG;
const TOKEN_EXPIRIES = ['required', 'optional'] as const;
const OTLP_METRICS = ['off', ...TEMPORALITIES] as const;
const SHORTEST_PUSH_MS = 100;
/** Timeouts and heartbeats are looked at ten times a second. */
const SHORTEST_LIMIT_MS = 100;

export const describe = (command: Command): void => {
  addServeOptions(command)
    .description('Serves predictions over HTTP, with workers that are replaced when they die.')
    .action((options: ServeOptions) => serveUntilEnded(configOf(options), options.json === true));
};

/** The flags of a service: `serve` and `start` share them. */
export const addServeOptions = (command: Command): Command => {
  const links = takeServiceLinks(process.env);
  return command
    .hook('preAction', () => {
      for (const name of links)
        buildLog(command.opts<ServeOptions>().logLevel).debug('a variable is passed over', {
          name,
          reason: 'Kubernetes set it for a Service of that name',
        });
    })
    .addOption(
      setting(
        '--model <model>',
        'NAME, NAME/VERSION, path, or https://...#sha256=...; without it, the only one',
      ),
    )
    .addOption(
      setting(
        '--also <model...>',
        'further models (or MODEL,MODEL), asked for by name: /predict?model=NAME',
      ).argParser(modelsOf),
    )
    .addOption(
      setting(
        '--shadow <model>',
        'shadow model: it answers nobody, and is compared with the first',
      ),
    )
    .addOption(setting('--models <dir>', 'folder of the models', D.modelsDir))
    .addOption(setting('--watch', 'serve another version as soon as the folder has it'))
    .addOption(
      setting(
        '--schedule <file...>',
        'flights planned for the coming days, cancelled ones too; read again when a file changes',
      ),
    )
    .addOption(setting('--host <host>', 'address to listen on', D.host))
    .addOption(portOption())
    .addOption(setting('--admin-host <host>', 'address of the admin port', D.adminHost))
    .addOption(
      setting('--admin-port <port>', 'port of health, metrics and reload', D.adminPort).argParser(
        wholeNumber(0, 65_535),
      ),
    )
    .addOption(
      setting('--health-port <port>', 'second port, for health and metrics alone').argParser(
        wholeNumber(0, 65_535),
      ),
    )
    .addOption(setting('--health-host <host>', 'address of the health port (default: --host)'))
    .addOption(setting('--control-token-file <file>', 'token that reload and rollback must bring'))
    .addOption(
      setting('--workers <n>', "processes, or 'auto': one per processor", D.workers).argParser(
        workersOf,
      ),
    )
    .addOption(
      setting(
        '--cpu-request <n>',
        'processors to plan with where no quota is set: 1.5, 1500m, or @FILE of thousandths',
      ).argParser(processorsOf),
    )
    .addOption(setting('--auth <spec>', 'keys:FILE or jwt:ISSUER|AUDIENCE|JWKS'))
    .addOption(
      setting('--token-expiry <rule>', "'optional' takes tokens without exp", 'required').choices(
        TOKEN_EXPIRIES,
      ),
    )
    .addOption(
      setting(
        '--proxies <n>',
        'proxies in front: who calls is then read from X-Forwarded-For, for bounds per caller',
        D.proxies,
      ).argParser(wholeNumber(0, 10)),
    )
    .addOption(
      setting('--log-level <level>', 'lowest severity that is logged', D.logLevel).choices(
        LOG_LEVELS,
      ),
    )
    .addOption(
      setting('--access-log <share>', 'share of requests to log', D.accessLogShare).argParser(
        realNumber(0, 1),
      ),
    )
    .addOption(
      setting('--connections <n>', 'connections to be ready for', D.connections).argParser(
        wholeNumber(1, 1_000_000),
      ),
    )
    .addOption(
      setting('--body-limit <bytes>', 'largest body', D.bodyLimitBytes).argParser(
        wholeNumber(1, 2 ** 30),
      ),
    )
    .addOption(
      duration(
        '--request-timeout',
        'how long a request may take to arrive',
        D.requestTimeoutMs,
      ).argParser(durationFrom(SHORTEST_LIMIT_MS)),
    )
    .addOption(
      duration('--idle-timeout', 'how long an idle connection is kept', D.idleTimeoutMs).argParser(
        durationFrom(SHORTEST_LIMIT_MS),
      ),
    )
    .addOption(
      duration(
        '--connection-age',
        'a connection older than this closes after its next answer',
        D.connectionAgeMs,
        'never',
      ),
    )
    .addOption(duration('--drain-delay', 'how long to go on serving after SIGTERM', D.drainDelayMs))
    .addOption(
      duration(
        '--drain-limit',
        'how long after SIGTERM the service ends at the latest',
        D.drainLimitMs,
      ),
    )
    .addOption(
      duration(
        '--hang-limit',
        'how long a worker may be silent before it is replaced',
        D.hangLimitMs,
      ).argParser(durationFrom(SHORTEST_LIMIT_MS)),
    )
    .addOption(
      setting(
        '--memory-limit <mb>',
        'memory above which a worker is replaced; less where memory is short',
        D.memoryLimitMb,
      ).argParser(wholeNumber(64, 1_000_000)),
    )
    .addOption(
      setting('--cors <origin...>', 'origins that browsers may call from').argParser(originsOf),
    )
    .addOption(
      setting(
        '--service-view <rule>',
        "whether the page shows workers, rate and errors: 'auto' only to this machine",
        D.serviceView,
      ).choices(SERVICE_VIEW_RULES),
    )
    .addOption(
      setting('--reports <dir>', 'folder whose stress reports that view lists', D.reportsDir),
    )
    .addOption(setting('--tls-cert <file>', 'certificate chain, PEM'))
    .addOption(setting('--tls-key <file>', 'private key, PEM'))
    .addOption(
      setting('--otlp-endpoint <url>', 'collector that spans are sent to (OTLP/HTTP)').argParser(
        collectorOf,
      ),
    )
    .addOption(
      setting('--otlp-metrics <form>', 'send metrics there too', 'off').choices(OTLP_METRICS),
    )
    .addOption(duration('--otlp-interval', 'how often metrics are sent', D.otlpEveryMs))
    .addOption(
      setting('--trace-share <share>', 'share of new traces sampled', D.traceShare).argParser(
        realNumber(0, 1),
      ),
    )
    .option('--json', 'print one JSON document once ready');
};

/** Serves until a signal ends it; the process ends with it. */
export const serveUntilEnded = async (config: ServeConfig, isJson: boolean): Promise<void> => {
  const onStarted = (started: Started): void => {
    // Other commands end when nobody reads them any more; a service stays.
    for (const stream of [process.stdout, process.stderr])
      stream.removeAllListeners('error').on('error', () => {});
    const log = buildLog(config.logLevel);
    warnOfOpenPorts(config, log);
    if (isJson) printJson(started);
    if (process.stderr.isTTY && !isJson) void printStarted(started);
    else logStarted(started, log);
  };
  process.exitCode = await serve(config, onStarted, { find: findFiles, read: readPlan });
  // Sockets of a forced end must not keep the process.
  process.exit();
};

/** The reader of files is loaded only where there is one to read. */
const readPlan: PlanReader['read'] = async (files) => {
  const { readPlanned } = await import('../flights/cleaning/plan.ts');
  const parts: PlannedFlights[] = [];
  const names = await readPlanned(files, {}, (flights, nRows) => {
    parts.push(mapColumns((column) => flights[column].slice(0, nRows)));
  });
  const whole = mapColumns((column) => Int32Array.from(parts.flatMap((part) => [...part[column]])));
  return encodePlan(whole, names);
};

const mapColumns = (of: (column: keyof PlannedFlights) => Int32Array): PlannedFlights => ({
  origin: of('origin'),
  destination: of('destination'),
  airline: of('airline'),
  tailNumber: of('tailNumber'),
  minutes: of('minutes'),
});

const duration = (
  flag: string,
  description: string,
  fallbackMs: number,
  shown = fallbackMs % 1000 === 0 ? `${fallbackMs / 1000}s` : `${fallbackMs}ms`,
): Option =>
  setting(`${flag} <time>`, description).default(fallbackMs, shown).argParser(durationMs);

/** PUNTUAL_PORT goes before PORT, which Cloud Run sets. */
const portOption = (): Option => {
  const port = wholeNumber(0, 65_535);
  const option = setting('--port <port>', 'port of the service (env: also PORT)').argParser(port);
  const given = process.env['PUNTUAL_PORT'] === undefined ? process.env['PORT'] : undefined;
  if (given === undefined || given === '') return option.default(D.port);
  try {
    return option.default(port(given), `${D.port}, here ${given} from PORT`);
  } catch (error) {
    throw new AppError('usage', `PORT is '${given}': ${(error as Error).message}`);
  }
};

/** As Kubernetes writes it: `1.5`, or `1500m`; `@FILE` of a downward API volume. @throws InvalidArgumentError */
const processorsOf = (text: string): NonNullable<ServeConfig['cpuRequest']> => {
  if (/^@./.test(text)) return { file: text.slice(1) };
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(text.trim());
  const processors = match ? Number(match[1]) / (match[2] === 'm' ? 1000 : 1) : 0;
  if (!(processors > 0))
    throw new InvalidArgumentError("A number of processors such as '1.5' or '1500m' is expected.");
  return processors;
};

/** As browsers write them; commas too, since a variable holds one text. @throws InvalidArgumentError */
const originsOf = (text: string, before: readonly string[] | undefined): readonly string[] => {
  const origins = text.split(',').map((origin) => origin.trim().toLowerCase());
  const odd = origins.find(
    (origin) => !/^(?:\*|null|[a-z][a-z0-9+.-]*:\/\/[^\s/?#]+)$/.test(origin),
  );
  if (odd !== undefined)
    throw new InvalidArgumentError(
      `An origin such as https://app.example, without a path, or * is expected, not '${odd}'.`,
    );
  return [...(before ?? []), ...origins];
};

/** @throws InvalidArgumentError */
const collectorOf = (text: string): string => {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError('An address such as http://collector:4318 is expected.');
  return text;
};

/** Commas too, since a variable holds one text. */
const modelsOf = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  ...text.split(',').filter((model) => model !== ''),
];

const workersOf = (text: string): 'auto' | number =>
  text === 'auto' ? 'auto' : wholeNumber(1, 1024)(text);

const NAMING = {
  '--model': 'model',
  '--shadow': 'shadow',
  '--models': 'models',
  '--schedule': 'schedule',
  '--control-token-file': 'controlTokenFile',
  '--auth': 'auth',
  '--reports': 'reports',
  '--tls-cert': 'tlsCert',
  '--tls-key': 'tlsKey',
} as const satisfies Readonly<Record<string, keyof ServeOptions>>;

/** What a variable of a script or of the environment did not hold is no wish to do without. @throws InvalidArgumentError */
const checkNotEmpty = (options: ServeOptions): void => {
  for (const [flag, name] of Object.entries(NAMING))
    if ([options[name]].flat().includes(''))
      throw new InvalidArgumentError(`${flag} is empty: leave it out, or say what it names.`);
};

/** @throws InvalidArgumentError */
export const configOf = (options: ServeOptions): ServeConfig => {
  checkNotEmpty(options);
  const { tlsCert, tlsKey } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new InvalidArgumentError('--tls-cert and --tls-key must be given together.');
  const { model, also = [], shadow } = options;
  if (options.watch && [model, ...also, shadow].some((name) => name && isAddress(name)))
    throw new InvalidArgumentError('--watch watches a folder, but a model is an address.');
  if (also.length >= MODELS_LIMIT)
    throw new InvalidArgumentError(`--also takes up to ${MODELS_LIMIT - 1} models.`);
  if (options.healthHost !== undefined && options.healthPort === undefined)
    throw new InvalidArgumentError('--health-host needs --health-port.');
  if (options.otlpMetrics !== 'off' && options.otlpEndpoint === undefined)
    throw new InvalidArgumentError('--otlp-metrics needs --otlp-endpoint.');
  if (options.drainDelay >= options.drainLimit)
    throw new InvalidArgumentError(
      '--drain-delay is a part of --drain-limit, and must be shorter: the rest is for requests in flight.',
    );
  if (options.otlpInterval < SHORTEST_PUSH_MS)
    throw new InvalidArgumentError(`--otlp-interval must be at least ${SHORTEST_PUSH_MS}ms.`);
  return {
    ...D,
    model,
    namedModels: also,
    shadowModel: shadow,
    modelsDir: options.models,
    watchesModel: options.watch === true,
    schedule: options.schedule,
    host: options.host,
    port: options.port,
    adminHost: options.adminHost,
    adminPort: options.adminPort,
    health:
      options.healthPort === undefined
        ? undefined
        : { host: options.healthHost ?? options.host, port: options.healthPort },
    controlTokenFile: options.controlTokenFile,
    workers: options.workers,
    cpuRequest: options.cpuRequest,
    auth: options.auth,
    endlessTokens: options.tokenExpiry === 'optional',
    proxies: options.proxies,
    logLevel: options.logLevel,
    accessLogShare: options.accessLog,
    connections: options.connections,
    bodyLimitBytes: options.bodyLimit,
    requestTimeoutMs: options.requestTimeout,
    idleTimeoutMs: options.idleTimeout,
    connectionAgeMs: options.connectionAge,
    drainDelayMs: options.drainDelay,
    drainLimitMs: options.drainLimit,
    hangLimitMs: options.hangLimit,
    memoryLimitMb: options.memoryLimit,
    corsOrigins: options.cors ?? [],
    serviceView: options.serviceView,
    reportsDir: options.reports,
    tls: tlsCert && tlsKey ? { certFile: tlsCert, keyFile: tlsKey } : undefined,
    otlpEndpoint: options.otlpEndpoint,
    traceShare: options.traceShare,
    otlpMetrics: options.otlpMetrics === 'off' ? undefined : options.otlpMetrics,
    otlpEveryMs: options.otlpInterval,
  };
};

const warnOfOpenPorts = (
  { host, auth, adminHost, controlTokenFile }: ServeConfig,
  log: Log,
): void => {
  if (!isLoopback(host) && auth === undefined)
    log.warn(`anybody who reaches ${host} may call it: see --auth`);
  if (!isLoopback(adminHost) && controlTokenFile === undefined)
    log.info(`reload and rollback are refused on ${adminHost}: see --control-token-file`);
};

/** `jfk 20261122T101500Z-1a2b3c4d, late60 ...`; undefined where there is none. */
const namesOf = ({ others = [] }: Started, wanted: ModelRole): string | undefined =>
  others
    .filter(({ role }) => role === wanted)
    .map(({ name, version }) => `${name} ${version}`)
    .join(', ') || undefined;

/** Where programs read the log, it holds nothing but its own lines. */
const logStarted = (started: Started, log: Log): void => {
  const { url, adminUrl, healthUrl, workers, model, readyMs } = started;
  log.info('the service is ready', {
    url,
    adminUrl,
    healthUrl,
    workers,
    model: model.name,
    version: model.version,
    also: namesOf(started, 'named'),
    shadow: namesOf(started, 'shadow'),
    readyMs: Math.round(readyMs),
  });
};

/** What a person at a terminal wants to know now; on stderr, since it is no result. */
const printStarted = async (started: Started): Promise<void> => {
  const { url, adminUrl, healthUrl, workers, model, readyMs } = started;
  const say = (line = ''): void => void process.stderr.write(`${line}\n`);
  const [also, shadow] = [namesOf(started, 'named'), namesOf(started, 'shadow')];
  say(`Puntual serves ${model.name} ${model.version}`);
  if (also !== undefined) say(`  and by name: ${also}`);
  if (shadow !== undefined) say(`  compared with the shadow ${shadow}`);
  say();
  say(`  page      ${url}`);
  say(`  admin     ${adminUrl}   /readyz /workers /metrics`);
  if (healthUrl) say(`  health    ${healthUrl}   /readyz /workers /metrics`);
  say(`  workers   ${workers}, ready after ${Math.round(readyMs)} ms`);
  say();
  say('Try:');
  for (const line of await thingsToTry(url, adminUrl)) say(`  ${line}`);
  say();
};

/** Commands that work as they are: the example is a flight that the model itself names. */
const thingsToTry = async (url: string, adminUrl: string): Promise<readonly string[]> => {
  const lines = [`${programName()} stress ${url}`, `curl ${adminUrl}/workers`];
  try {
    const { example } = (await (await fetch(`${url}/model`)).json()) as { example?: unknown };
    if (example === undefined) return lines;
    const ask = `curl ${url}/predict -H 'content-type: application/json' -d '${JSON.stringify(example)}'`;
    return [ask, ...lines];
  } catch {
    // Behind a key or a certificate of its own, the page and the documents say how to ask.
    return lines;
  }
};
