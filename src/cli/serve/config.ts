/**
 * The configuration that the flags of a service ask for, and which of them do not go together.
 */
import { InvalidArgumentError } from 'commander';
import { DEFAULT_CONFIG, type ServeConfig } from '../../serve/config.ts';
import { MODELS_LIMIT } from '../../serve/labels.ts';
import { isAddress } from '../../serve/supervisor/model-source.ts';
import type { ServeFlags } from './flags.ts';

const SHORTEST_PUSH_MS = 100;

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
} as const satisfies Readonly<Record<string, keyof ServeFlags>>;

/** What a variable of a script or of the environment did not hold is no wish to do without. @throws InvalidArgumentError */
const checkNotEmpty = (flags: ServeFlags): void => {
  for (const [flag, name] of Object.entries(NAMING))
    if ([flags[name]].flat().includes(''))
      throw new InvalidArgumentError(`${flag} is empty: leave it out, or say what it names.`);
};

/** @throws InvalidArgumentError */
export const configOf = (flags: ServeFlags): ServeConfig => {
  checkNotEmpty(flags);
  const { tlsCert, tlsKey } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new InvalidArgumentError('--tls-cert and --tls-key must be given together.');
  const { model, also = [], shadow } = flags;
  if (flags.watch && [model, ...also, shadow].some((name) => name && isAddress(name)))
    throw new InvalidArgumentError('--watch watches a folder, but a model is an address.');
  if (also.length >= MODELS_LIMIT)
    throw new InvalidArgumentError(`--also takes up to ${MODELS_LIMIT - 1} models.`);
  if (flags.healthHost !== undefined && flags.healthPort === undefined)
    throw new InvalidArgumentError('--health-host needs --health-port.');
  if (flags.otlpMetrics !== 'off' && flags.otlpEndpoint === undefined)
    throw new InvalidArgumentError('--otlp-metrics needs --otlp-endpoint.');
  if (flags.drainDelay >= flags.drainLimit)
    throw new InvalidArgumentError(
      '--drain-delay is a part of --drain-limit, and must be shorter: the rest is for requests in flight.',
    );
  if (flags.otlpInterval < SHORTEST_PUSH_MS)
    throw new InvalidArgumentError(`--otlp-interval must be at least ${SHORTEST_PUSH_MS}ms.`);
  return {
    ...DEFAULT_CONFIG,
    model,
    namedModels: also,
    shadowModel: shadow,
    modelsDir: flags.models,
    watchesModel: flags.watch === true,
    schedule: flags.schedule,
    host: flags.host,
    port: flags.port,
    adminHost: flags.adminHost,
    adminPort: flags.adminPort,
    health:
      flags.healthPort === undefined
        ? undefined
        : { host: flags.healthHost ?? flags.host, port: flags.healthPort },
    controlTokenFile: flags.controlTokenFile,
    workers: flags.workers,
    cpuRequest: flags.cpuRequest,
    auth: flags.auth,
    endlessTokens: flags.tokenExpiry === 'optional',
    proxies: flags.proxies,
    logLevel: flags.logLevel,
    accessLogShare: flags.accessLog,
    connections: flags.connections,
    bodyLimitBytes: flags.bodyLimit,
    requestTimeoutMs: flags.requestTimeout,
    idleTimeoutMs: flags.idleTimeout,
    connectionAgeMs: flags.connectionAge,
    drainDelayMs: flags.drainDelay,
    drainLimitMs: flags.drainLimit,
    hangLimitMs: flags.hangLimit,
    memoryLimitMb: flags.memoryLimit,
    corsOrigins: flags.cors ?? [],
    serviceView: flags.serviceView,
    reportsDir: flags.reports,
    tls: tlsCert && tlsKey ? { certFile: tlsCert, keyFile: tlsKey } : undefined,
    otlpEndpoint: flags.otlpEndpoint,
    traceShare: flags.traceShare,
    otlpMetrics: flags.otlpMetrics === 'off' ? undefined : flags.otlpMetrics,
    otlpEveryMs: flags.otlpInterval,
  };
};
