/**
 * The flags of a service: `puntual serve` and `puntual start` share them; `config.ts` says what they ask for.
 */
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { AppError } from '../../core/errors.ts';
import { DEFAULT_CONFIG, SERVICE_VIEW_RULES, type ServeConfig } from '../../serve/config.ts';
import { TEMPORALITIES } from '../../serve/labels.ts';
import { buildLog, LOG_LEVELS, type LogLevel } from '../../serve/log.ts';
import {
  durationFrom,
  durationMs,
  realNumber,
  setting,
  takeServiceLinks,
  wholeNumber,
} from '../setting.ts';

export interface ServeFlags {
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
/** Timeouts and heartbeats are looked at ten times a second. */
const SHORTEST_LIMIT_MS = 100;

export const addServeOptions = (command: Command): Command => {
  const links = takeServiceLinks(process.env);
  return command
    .hook('preAction', () => {
      for (const name of links)
        buildLog(command.opts<ServeFlags>().logLevel).debug('a variable is passed over', {
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
