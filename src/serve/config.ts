/**
 * Everything that a running service can be told, in one flat record that is also what a worker is sent.
 */
import type { Temporality } from './labels.ts';
import type { LogLevel } from './log.ts';

export const SERVICE_VIEW_RULES = ['auto', 'on', 'off'] as const;
type ServiceViewRule = (typeof SERVICE_VIEW_RULES)[number];

/** Thousandths of a processor, as the downward API of Kubernetes writes them into a volume and keeps them. */
interface CpuRequestFile {
  readonly file: string;
}

export interface ServeConfig {
  /** A path, `NAME`, `NAME/VERSION` or an address with `#sha256=`; undefined: the only model in `modelsDir`. */
  readonly model: string | undefined;
  /** Further models, each asked for by its name. */
  readonly namedModels: readonly string[];
  /** Answers nobody: what it would answer is compared with the first model's answers, and counted. */
  readonly shadowModel: string | undefined;
  readonly modelsDir: string;
  /** Another current version in the folder is taken over like a reload. */
  readonly watchesModel: boolean;
  /** Files of flights that are planned for the coming days; undefined: the model falls back on what is usual. */
  readonly schedule: readonly string[] | undefined;
  /** The supervisor's copy of that plan, for workers. */
  readonly planFile: string | undefined;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  /** A second port for health, workers and metrics alone; undefined: there is none. */
  readonly health: { readonly host: string; readonly port: number } | undefined;
  /** Holds the token that a reload or rollback must bring; undefined: they need none, and only loopback takes them. */
  readonly controlTokenFile: string | undefined;
  readonly workers: 'auto' | number;
  /** Processors to plan with where the container has no quota; undefined: all there are. */
  readonly cpuRequest: number | CpuRequestFile | undefined;
  /** `keys:FILE` or `jwt:ISSUER|AUDIENCE|JWKS`; undefined: anybody may call. */
  readonly auth: string | undefined;
  /** Tokens that never expire are taken too. */
  readonly endlessTokens: boolean;
  readonly logLevel: LogLevel;
  /** Proxies of our own that a request passes, each of which adds to `X-Forwarded-For` whom it had it from. */
  readonly proxies: number;
  /** Share of requests that are written to the access log, 0 to 1. */
  readonly accessLogShare: number;
  /** Connections to be ready for: more workers when one process may not open enough descriptors. */
  readonly connections: number;

  readonly bodyLimitBytes: number;
  readonly batchLimitRows: number;
  /** A request must have arrived by then. */
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** A connection older than about this closes after its next answer; 0: however old. */
  readonly connectionAgeMs: number;
  /** Batches in flight at once in one worker; one more is refused. */
  readonly batchesInFlight: number;

  /** After SIGTERM: how long to go on as before, but not ready, so that balancers notice. */
  readonly drainDelayMs: number;
  /** After SIGTERM: when the process has ended at the latest. */
  readonly drainLimitMs: number;
  /** A worker without a heartbeat for so long is replaced. */
  readonly hangLimitMs: number;
  /** A worker that holds more of its own is drained and replaced; a container with less memory lowers it. */
  readonly memoryLimitMb: number;

  /** Origins that browsers may call from; empty: none but our own page. */
  readonly corsOrigins: readonly string[];
  /** Whether the page may show the state of the service: `auto` on loopback, to callers of the same machine. */
  readonly serviceView: ServiceViewRule;
  /** Folder whose stress reports the page lists, where it may show the state of the service. */
  readonly reportsDir: string;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Base address of an OTLP/HTTP collector; undefined: nothing leaves. */
  readonly otlpEndpoint: string | undefined;
  /** Share of traces begun here that are sampled, 0 to 1. */
  readonly traceShare: number;
  /** Metrics are sent there too, in this form; undefined: they are only read. */
  readonly otlpMetrics: Temporality | undefined;
  readonly otlpEveryMs: number;
}

/** What a worker holds before it has anything to do. */
const OWN_MB = 64;
const SMALLEST_BUFFER_MB = 8;

/** A quarter of what the memory limit leaves: once for unfinished requests, once for answers that are being made. */
export const bufferBytesOf = ({ memoryLimitMb }: Pick<ServeConfig, 'memoryLimitMb'>): number =>
  Math.max(SMALLEST_BUFFER_MB, (memoryLimitMb - OWN_MB) / 4) * 2 ** 20;

export const DEFAULT_CONFIG: ServeConfig = {
  model: undefined,
  namedModels: [],
  shadowModel: undefined,
  modelsDir: 'models',
  watchesModel: false,
  schedule: undefined,
  planFile: undefined,
  host: '127.0.0.1',
  port: 8080,
  adminHost: '127.0.0.1',
  adminPort: 8081,
  health: undefined,
  controlTokenFile: undefined,
  workers: 'auto',
  cpuRequest: undefined,
  auth: undefined,
  endlessTokens: false,
  proxies: 0,
  logLevel: 'info',
  accessLogShare: 0,
  connections: 50_000,
  bodyLimitBytes: 1024 * 1024,
  batchLimitRows: 10_000,
  requestTimeoutMs: 10_000,
  idleTimeoutMs: 75_000,
  connectionAgeMs: 0,
  batchesInFlight: 16,
  drainDelayMs: 500,
  drainLimitMs: 7500,
  hangLimitMs: 1500,
  memoryLimitMb: 512,
  corsOrigins: [],
  serviceView: 'auto',
  reportsDir: '.',
  tls: undefined,
  otlpEndpoint: undefined,
  traceShare: 0.01,
  otlpMetrics: undefined,
  otlpEveryMs: 10_000,
};
