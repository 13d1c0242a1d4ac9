/**
 * What is ready before a load begins: the service found and probed, the requests made, the connections planned, the
 * processes of the generator started.
 */
import { resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import { type ConnectionPlan, planConnections, readLimits } from './coordinator/connections.ts';
import { buildFleet, type CommonPlan, type Fleet } from './coordinator/fleet.ts';
import type { RunPart } from './coordinator/part.ts';
import { encodeHeaderBlock } from './generator/header-block.ts';
import { OTHER } from './generator/tally.ts';
import { rehearse } from './journey/rehearsal.ts';
import { readJourney } from './journey/script.ts';
import type { Journey } from './journey/user.ts';
import type { Expectation } from './messages.ts';
import { readDataFile } from './payload/data-file.ts';
import { buildPayload, type Payload, type PayloadOptions } from './payload/payload.ts';
import { encodeRequest, streamFields } from './payload/request.ts';
import { probeTarget } from './target/probe.ts';
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
  readonly nConnections: number | ((probeMs: number, isJourney: boolean) => number);
  readonly nShards?: number | undefined;
  readonly keepAlive: boolean;
  /** Requests at once on each connection of HTTP/2. */
  readonly nStreams?: number | undefined;
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
  readonly plan: ConnectionPlan;
  readonly fleet: Fleet;
  /** Requests that a connection carries at once. */
  readonly nStreams: number;
  /** Whether users walk a journey: its rates and counts are those of users. */
  readonly isJourney: boolean;
  /** Names of requests, at least one. */
  readonly names: readonly string[];
  /** What a reader must know before the figures. */
  readonly notes: readonly string[];
  readonly close: () => Promise<void>;
}

const CONNECTS_AT_ONCE = 256;
const N_GOLDEN = 32;
const DEFAULT_STREAMS = 10;
const UNNAMED = 'all';
/** Names whose figures are kept apart. */
const MAX_NAMES = 100;
const MAX_ROWS = 10_000;

/** @throws AppError usage, target-unreachable, limit-system, and those of payload files */
export const openSession = async (options: SessionOptions): Promise<Session> => {
  const url = parseTarget(options.url);
  const found = await resolveTarget(url, options.access);
  const journey = options.script === undefined ? undefined : await readJourney(options.script);
  const prepared = journey
    ? await prepareJourney(journey, found, options)
    : await prepareRequests(found, options);
  const { payload, names, nStreams, probeMs } = prepared;
  const nConnections =
    typeof options.nConnections === 'number'
      ? options.nConnections
      : Math.ceil(options.nConnections(probeMs, journey !== undefined) / nStreams);
  const limits = readLimits();
  const target = nConnections > limits.ports ? await withAliases(found) : found;
  const plan = planConnections(nConnections, target, limits, options.nShards);
  const common: CommonPlan = {
    ...prepared.plan,
    addresses: target.addresses,
    port: target.port,
    socketPath: target.socketPath,
    tls: target.tls,
    names,
    expect: options.expect,
    seed: options.seed,
    keepAlive: options.keepAlive,
    timeoutMs: options.timeoutMs,
    connectsAtOnce: Math.max(16, Math.floor(CONNECTS_AT_ONCE / plan.nShards)),
  };
  const fleet = await buildFleet(plan, common, target.isLoopback, options.part);
  return {
    target,
    payload,
    plan,
    fleet,
    nStreams,
    names,
    isJourney: journey !== undefined,
    notes: [
      ...target.notes,
      ...proxyNotes(target),
      ...(options.keepAlive
        ? []
        : ['every request opens a connection of its own, and its response time holds that too.']),
      ...prepared.notes,
    ],
    close: fleet.close,
  };
};

/** What will be sent, once the service has been asked. */
interface Prepared {
  readonly payload: Payload;
  /** Time of one request, or of a whole journey. */
  readonly probeMs: number;
  readonly names: readonly string[];
  readonly nStreams: number;
  readonly notes: readonly string[];
  readonly plan: Pick<
    CommonPlan,
    'requests' | 'http2' | 'journey' | 'golden' | 'bodiless' | 'nameOf'
  >;
}

const prepareRequests = async (found: Target, options: SessionOptions): Promise<Prepared> => {
  const { url } = found;
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
  const asked = options.nStreams ?? DEFAULT_STREAMS;
  const nStreams = found.isHttp2 ? Math.max(1, Math.min(asked, probe.maxStreams)) : 1;
  const { requests } = probe;
  const all = [...new Set(requests.map(({ name }) => name ?? UNNAMED))];
  const names = all.length > MAX_NAMES ? [UNNAMED] : all;
  const places = new Map(names.map((name, place) => [name, place]));
  return {
    payload,
    probeMs: probe.meanMs,
    names,
    nStreams,
    notes: [
      ...(all.length > MAX_NAMES
        ? [`The requests have ${all.length} names, more than ${MAX_NAMES}: they are told together.`]
        : []),
      ...(found.isHttp2 && asked > nStreams
        ? [
            `The service takes ${nStreams} requests at once on a connection: of ${asked} streams so many are used.`,
          ]
        : []),
      ...probe.notes,
    ],
    plan: {
      requests: found.isHttp2
        ? []
        : requests.map((request) => base64(encodeRequest(request, url.host, options.keepAlive))),
      http2: found.isHttp2
        ? {
            nStreams,
            requests: requests.map((request) => [
              base64(encodeHeaderBlock(streamFields(request, url))),
              base64(request.body ?? new Uint8Array(0)),
            ]),
          }
        : null,
      journey: null,
      golden: probe.golden.map(([index, body]) => [index, base64(body)]),
      bodiless: requests.flatMap(({ method }, index) => (method === 'HEAD' ? [index] : [])),
      nameOf: names.length > 1 ? requests.map(({ name }) => places.get(name ?? UNNAMED)!) : [],
    },
  };
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** @throws AppError usage for what a journey says itself */
const prepareJourney = async (
  journey: Journey,
  found: Target,
  options: SessionOptions,
): Promise<Prepared> => {
  const said = [
    [found.isHttp2, '--http2'],
    [options.checkAnswers === true, '--check'],
    [options.expect.body !== null, '--expect-body'],
    [options.body !== undefined, '--body'],
    [options.method !== undefined, '--method'],
  ] as const;
  const odd = said.find(([isSaid]) => isSaid);
  if (odd) {
    throw new AppError(
      'usage',
      `A journey says itself what is sent and expected: leave ${odd[1]} out.`,
    );
  }
  const path = options.script!;
  const rows = options.data
    ? (await readDataFile(options.data.path, MAX_ROWS, options.data.readTable, 'text')).rows.map(
        ({ fields }) => fields,
      )
    : [];
  const { url } = found;
  const { headers, follow, keepAlive, timeoutMs, seed } = options;
  const { statuses } = options.expect;
  const rehearsal = await rehearse(journey, { url, headers, follow, keepAlive, statuses }, found, {
    timeoutMs,
    seed,
    row: rows[0] ?? {},
  });
  return {
    payload: {
      requests: [],
      sentence: `the journey of ${path}: ${rehearsal.names.join(', ')}`,
      model: undefined,
    },
    probeMs: rehearsal.journeyMs,
    names: [...rehearsal.names, OTHER],
    nStreams: 1,
    notes: rehearsal.notes,
    plan: {
      requests: [],
      http2: null,
      journey: { path: resolve(path), url: url.href, headers, follow, rows },
      golden: [],
      bodiless: [],
      nameOf: [],
    },
  };
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
