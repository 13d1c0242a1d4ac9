/**
 * What is ready before a load begins: the service found and probed, the requests made, the connections planned, the
 * processes of the generator started.
 */
import { AppError } from '../core/errors.ts';
import { type ConnectionPlan, planConnections, readLimits } from './coordinator/connections.ts';
import { buildFleet, type CommonPlan, type Fleet } from './coordinator/fleet.ts';
import type { RunPart } from './coordinator/part.ts';
import { buildPayload, type Payload, type PayloadOptions } from './payload/payload.ts';
import { encodeRequest } from './payload/request.ts';
import { type Probe, probeTarget } from './target/probe.ts';
import { parseTarget, resolveTarget, type Target } from './target/target.ts';

export interface SessionOptions extends Omit<PayloadOptions, 'url'> {
  readonly url: string;
  /** The largest number of connections that will be open at once; a function is given the mean time of an answer. */
  readonly nConnections: number | ((probeMs: number) => number);
  readonly nShards?: number | undefined;
  readonly keepAlive: boolean;
  readonly verifyTls: boolean;
  /** Whether bodies are compared with the ones that came before the load. */
  readonly checkAnswers: boolean;
  /** What this machine takes of a run that several share. */
  readonly part?: RunPart | undefined;
}

export interface Session {
  readonly target: Target;
  readonly payload: Payload;
  readonly probe: Probe;
  readonly plan: ConnectionPlan;
  readonly fleet: Fleet;
  readonly close: () => Promise<void>;
}

const CONNECTS_AT_ONCE = 256;
const N_GOLDEN = 32;
const PROBE_TIMEOUT_MS = 5000;

/** @throws AppError usage, target-unreachable, limit-system, and those of payload files */
export const openSession = async (options: SessionOptions): Promise<Session> => {
  const url = parseTarget(options.url);
  const target = await resolveTarget(url);
  const payload = await buildPayload({ ...options, url });
  const probe = await probeTarget(target, payload.requests, {
    timeoutMs: Math.min(options.timeoutMs, PROBE_TIMEOUT_MS),
    verifyTls: options.verifyTls,
    nGolden: options.checkAnswers ? N_GOLDEN : 0,
  });
  const { nConnections } = options;
  const plan = planConnections(
    typeof nConnections === 'number' ? nConnections : nConnections(probe.meanMs),
    target,
    readLimits(),
    options.nShards,
  );
  const common: CommonPlan = {
    addresses: target.addresses,
    port: target.port,
    tls: target.isTls ? { serverName: target.host, verify: options.verifyTls } : null,
    requests: payload.requests.map((request) =>
      Buffer.from(encodeRequest(request, url.host, options.keepAlive)).toString('base64'),
    ),
    golden: probe.golden.map(([index, body]) => [index, Buffer.from(body).toString('base64')]),
    bodiless: payload.requests[0]!.method === 'HEAD',
    keepAlive: options.keepAlive,
    timeoutMs: options.timeoutMs,
    connectsAtOnce: Math.max(16, Math.floor(CONNECTS_AT_ONCE / plan.nShards)),
  };
  const fleet = await buildFleet(plan, common, target.isLoopback, options.part);
  return { target, payload, probe, plan, fleet, close: fleet.close };
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
    `No connection to ${session.target.host}:${session.target.port} could be opened (${reason}).`,
  );
};
