/**
 * What is ready before a load begins: the service found and probed, the requests made, the connections planned, the
 * processes of the generator started.
 */
import { AppError } from '../core/errors.ts';
import { type ConnectionPlan, planConnections, readLimits } from './coordinator/connections.ts';
import { buildFleet, type CommonPlan, type Fleet } from './coordinator/fleet.ts';
import type { RunPart } from './coordinator/part.ts';
import type { Expectation } from './messages.ts';
import { buildPayload, type Payload, type PayloadOptions } from './payload/payload.ts';
import { encodeRequest } from './payload/request.ts';
import { type Probe, probeTarget } from './target/probe.ts';
import { askModel } from './target/puntual.ts';
import {
  type Access,
  parseTarget,
  resolveTarget,
  type Target,
  withAliases,
} from './target/target.ts';

export interface SessionOptions extends Omit<PayloadOptions, 'url' | 'askModel'> {
  readonly url: string;
  readonly timeoutMs: number;
  /** The largest number of connections that will be open at once; a function is given the mean time of an answer. */
  readonly nConnections: number | ((probeMs: number) => number);
  readonly nShards?: number | undefined;
  readonly keepAlive: boolean;
  /** How the service is reached: TLS, addresses, a socket. */
  readonly access: Access;
  /** Whether bodies are compared with the ones that came before the load; undefined: those of a Puntual service. */
  readonly checkAnswers: boolean | undefined;
  readonly expect: Expectation;
  readonly follow: boolean;
  /** What this machine takes of a run that several share. */
  readonly part?: RunPart | undefined;
}

export interface Session {
  readonly target: Target;
  readonly payload: Payload;
  readonly probe: Probe;
  readonly plan: ConnectionPlan;
  readonly fleet: Fleet;
  /** Names of requests, at least one. */
  readonly names: readonly string[];
  /** What a reader must know before the figures. */
  readonly notes: readonly string[];
  readonly close: () => Promise<void>;
}

const CONNECTS_AT_ONCE = 256;
const N_GOLDEN = 32;
const UNNAMED = 'all';
/** Names whose figures are kept apart. */
const MAX_NAMES = 100;

/** @throws AppError usage, target-unreachable, limit-system, and those of payload files */
export const openSession = async (options: SessionOptions): Promise<Session> => {
  const url = parseTarget(options.url);
  const found = await resolveTarget(url, options.access);
  const payload = await buildPayload({
    ...options,
    url,
    askModel: () => askModel(found, options.timeoutMs),
  });
  const isOurs = payload.model !== undefined;
  const probe = await probeTarget(found, payload.requests, {
    timeoutMs: options.timeoutMs,
    nGolden: (options.checkAnswers ?? isOurs) ? N_GOLDEN : 0,
    isApart: !isOurs,
    isHarmless: isOurs,
    statuses: options.expect.statuses,
    follow: options.follow,
  });
  const nConnections =
    typeof options.nConnections === 'number'
      ? options.nConnections
      : options.nConnections(probe.meanMs);
  const limits = readLimits();
  const target = nConnections > limits.ports ? await withAliases(found) : found;
  const plan = planConnections(nConnections, target, limits, options.nShards);
  const { requests } = probe;
  const all = [...new Set(requests.map(({ name }) => name ?? UNNAMED))];
  const names = all.length > MAX_NAMES ? [UNNAMED] : all;
  const places = new Map(names.map((name, place) => [name, place]));
  const common: CommonPlan = {
    addresses: target.addresses,
    port: target.port,
    socketPath: target.socketPath,
    tls: target.tls,
    requests: requests.map((request) =>
      Buffer.from(encodeRequest(request, url.host, options.keepAlive)).toString('base64'),
    ),
    golden: probe.golden.map(([index, body]) => [index, Buffer.from(body).toString('base64')]),
    bodiless: requests.flatMap(({ method }, index) => (method === 'HEAD' ? [index] : [])),
    names,
    nameOf: names.length > 1 ? requests.map(({ name }) => places.get(name ?? UNNAMED)!) : [],
    expect: options.expect,
    seed: options.seed,
    keepAlive: options.keepAlive,
    timeoutMs: options.timeoutMs,
    connectsAtOnce: Math.max(16, Math.floor(CONNECTS_AT_ONCE / plan.nShards)),
  };
  const fleet = await buildFleet(plan, common, target.isLoopback, options.part);
  const notes = [
    ...target.notes,
    ...proxyNotes(target),
    ...(all.length > MAX_NAMES
      ? [`The requests have ${all.length} names, more than ${MAX_NAMES}: they are told together.`]
      : []),
    ...probe.notes,
  ];
  return { target, payload, probe, plan, fleet, names, notes, close: fleet.close };
};

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'] as const;

/** A proxy of the environment is not used by any part of a run: whoever expects it is told. */
const proxyNotes = ({ isTls }: Target): string[] => {
  const name = PROXIES.filter((proxy) => proxy !== (isTls ? 'HTTP_PROXY' : 'HTTPS_PROXY'))
    .flatMap((proxy) => [proxy, proxy.toLowerCase()])
    .find((proxy) => process.env[proxy]);
  return name === undefined
    ? []
    : [`${name} is set and is not used: every request goes straight to the service.`];
};

const OPEN_LIMIT_MS = 120_000;

/** Opens connections. @throws AppError target-unreachable when not one could be opened */
export const openConnections = async (
  session: Session,
  nConnections: number,
  onOpening?: (nOpen: number) => void,
): Promise<number> => {
  const { nOpen, reasons } = await session.fleet.open(nConnections, OPEN_LIMIT_MS, onOpening);
  if (nOpen > 0) return nOpen;
  const [reason = 'no reason given'] = Object.keys(reasons);
  throw new AppError(
    'target-unreachable',
    `No connection to ${session.target.socketPath ?? `${session.target.host}:${session.target.port}`} could be opened (${reason}).`,
  );
};
