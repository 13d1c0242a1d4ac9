/**
 * What the flags of `puntual stress` ask for: the mode, the plan of the load, and how the service is reached.
 */
import { AppError } from '../../core/errors.ts';
import { readNamedFile } from '../../core/files/named-file.ts';
import { readObjectives } from '../../slo/objective.ts';
import { thresholdsOf } from '../../slo/thresholds.ts';
import { parseSlo } from '../../stress/analysis/slo.ts';
import {
  parsePart,
  parseStartAt,
  type RunPart,
  shareOfCount,
} from '../../stress/coordinator/part.ts';
import { parseBodyExpectation, parseStatuses } from '../../stress/expectation.ts';
import { parseFaults } from '../../stress/faults/fault.ts';
import { parseRate, type RateText, readStages } from '../../stress/load-text.ts';
import { parseRamp } from '../../stress/modes/ramp.ts';
import { parseCurl, payloadOfCurl } from '../../stress/payload/curl.ts';
import type { TableReader } from '../../stress/payload/data-file.ts';
import type { Payload } from '../../stress/payload/payload.ts';
import { mergeHeaders, parseHeader, parseMethod, pathOf } from '../../stress/payload/request.ts';
import { readSource } from '../../stress/payload/source.ts';
import type { Mode } from '../../stress/results/run-file.ts';
import type { SessionOptions } from '../../stress/session.ts';
import type { StressPlan } from '../../stress/stress.ts';
import { type Access, parseTarget } from '../../stress/target/target.ts';
import { DEFAULT_CONNECTIONS, DEFAULT_SLO, type StressFlags } from './flags.ts';

/** A search plans its requests: more connections, so that it is not them that requests wait for. */
const SEARCH_CONNECTIONS = 128;
const DEFAULT_DURATION_MS = 30_000;
/** Connections that a rate gets by itself; users at once that it gets where each keeps one for its journey. */
const MAX_FOR_RATE = 1000;
const MAX_USERS = 10_000;
/** A closed loop that ends by its count of requests ends after this at the latest. */
const MAX_COUNTED_MS = 24 * 3_600_000;

/** Whether nothing but a URL is given, or what does not say how to load it. */
const isBare = (flags: StressFlags): boolean =>
  flags.connections === undefined &&
  flags.duration === undefined &&
  flags.requests === undefined &&
  flags.rate === undefined &&
  flags.stages === undefined &&
  flags.accessLog === undefined &&
  flags.connectionsRamp === undefined &&
  flags.fault === undefined;

/** @throws AppError usage */
export const modeOf = (flags: StressFlags): Mode => {
  const hasRate = flags.rate !== undefined || flags.stages !== undefined;
  if (flags.findMax && hasRate) {
    throw new AppError('usage', '--find-max looks for the rate itself: leave --rate out.');
  }
  const mode: Mode =
    flags.connectionsRamp !== undefined
      ? 'ramp'
      : flags.findMax || isBare(flags)
        ? 'find-max'
        : 'single';
  if (mode !== 'single' && flags.requests !== undefined) {
    throw new AppError(
      'usage',
      '-n needs a plain run: give -c or --rate, without --find-max or a ramp.',
    );
  }
  return mode;
};

/** Whether the report is written though nobody asked for it. */
export const wantsReport = (flags: StressFlags): boolean => isBare(flags) && !flags.json;

/** The rate that is asked for; undefined for a closed loop. @throws AppError usage */
const rateOf = (flags: StressFlags): RateText | undefined => {
  if (flags.stages !== undefined) {
    if (flags.rate !== undefined) throw new AppError('usage', 'Give --rate or --stages, not both.');
    return { kind: 'stages', stages: readStages(flags.stages) };
  }
  return flags.rate === undefined ? undefined : parseRate(flags.rate);
};

/** How long the load lasts: what its record, its stages, its count or its user says. @throws AppError usage */
const durationOf = (
  flags: StressFlags,
  rate: RateText | undefined,
  source: Payload | undefined,
): number => {
  const { requests, duration } = flags;
  if (source?.momentsMs) {
    if (rate !== undefined || duration !== undefined || requests !== undefined) {
      throw new AppError(
        'usage',
        'A log says when its requests came: leave --rate, -d and -n out.',
      );
    }
    // The last request lies within the run, not at its end.
    return Math.ceil(source.momentsMs.at(-1)!) + 1;
  }
  if (rate?.kind === 'stages') {
    if (duration !== undefined || requests !== undefined) {
      throw new AppError('usage', 'Stages say how long they last: leave -d and -n out.');
    }
    return rate.stages.reduce((sum, { durationMs }) => sum + durationMs, 0);
  }
  if (requests === undefined) return duration ?? DEFAULT_DURATION_MS;
  if (rate === undefined) return duration ?? MAX_COUNTED_MS;
  if (duration !== undefined) {
    throw new AppError('usage', 'A rate and -n say how long the run lasts: leave -d out.');
  }
  return (requests / rate.perSecond) * 1000;
};

/** @throws AppError usage */
export const planOf = (flags: StressFlags, mode: Mode, source?: Payload): StressPlan => {
  const rate = rateOf(flags);
  const durationMs = durationOf(flags, rate, source);
  const slo = flags.slo ?? (mode === 'find-max' ? DEFAULT_SLO : undefined);
  const faults = (flags.fault ?? []).flatMap((text) => parseFaults(text, durationMs));
  if (faults.length > 0 && mode !== 'single') {
    throw new AppError(
      'usage',
      '--fault needs a plain run: give -c or --rate, without --find-max or a ramp.',
    );
  }
  if (flags.abortOnFail && (slo === undefined || mode !== 'single')) {
    throw new AppError('usage', '--abort-on-fail needs a plain run and thresholds: give --slo.');
  }
  if (rate?.kind === 'stages' && mode === 'ramp') {
    throw new AppError('usage', '--connections-ramp holds one rate: leave stages out.');
  }
  if (flags.warmUp >= durationMs) {
    throw new AppError('usage', '--warm-up must be shorter than --duration.');
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
    ratePerSecond: rate?.kind === 'steady' ? rate.perSecond : null,
    stages: rate?.kind === 'stages' ? rate.stages : undefined,
    maxRequests: rate === undefined ? flags.requests : undefined,
    arrivals: flags.poisson ? 'poisson' : 'uniform',
    durationMs,
    durationSaid: flags.duration !== undefined,
    maxTimeMs: flags.maxTime,
    abortOnFail: flags.abortOnFail ?? false,
    warmUpMs: flags.warmUp,
    timeoutMs: flags.timeout,
    seed: flags.seed,
    thresholds: slo === undefined ? [] : parseSlo(thresholdTextOf(slo)),
    faults,
    ramp: flags.connectionsRamp === undefined ? undefined : parseRamp(flags.connectionsRamp),
  };
};

/** `@FILE` stands for the objectives in it (OpenSLO). */
export const thresholdTextOf = (slo: string): string =>
  slo.startsWith('@') ? thresholdsOf(readObjectives(slo.slice(1))) : slo;

/** The database is loaded only when a table is read. */
const readTable: TableReader = async (path, maxRows, cells) =>
  (await import('../../flights/reading/first-rows.ts')).readFirstRows(path, maxRows, {
    keepsText: cells !== 'flights',
    typesNumbers: cells !== 'text',
  });

/** @param urls of one service, asked in turn @throws AppError usage, file-missing */
export const sessionOptionsOf = (
  urls: readonly string[],
  flags: StressFlags,
  mode: Mode,
  source?: Payload,
): SessionOptions => {
  checkHttp2(flags, mode);
  const part = flags.part === undefined ? undefined : parsePart(flags.part);
  const asked = mode === 'ramp' ? parseRamp(flags.connectionsRamp!).to : flags.connections;
  return {
    url: urls[0]!,
    paths: pathsOf(urls),
    source,
    nConnections: shareOf(
      asked ?? defaultConnections(mode, highestRate(rateOf(flags), source)),
      part,
    ),
    part,
    nShards: flags.threads,
    method: flags.method === undefined ? undefined : parseMethod(flags.method),
    headers: (flags.header ?? []).map(parseHeader),
    body: flags.body,
    data: flags.data === undefined ? undefined : { path: flags.data, readTable },
    script: flags.script,
    timeoutMs: flags.timeout,
    keepAlive: flags.keepAlive,
    nStreams: flags.streams,
    access: accessOf(flags),
    checkAnswers: flags.check,
    expect: {
      statuses: flags.expectStatus === undefined ? null : parseStatuses(flags.expectStatus),
      body: flags.expectBody === undefined ? null : parseBodyExpectation(flags.expectBody),
    },
    follow: flags.follow ?? false,
    seed: flags.seed,
  };
};

/** @throws AppError usage */
const checkHttp2 = ({ http2, streams, keepAlive }: StressFlags, mode: Mode): void => {
  if (streams !== undefined && !http2) {
    throw new AppError('usage', '--streams are those of HTTP/2: give --http2 too.');
  }
  if (!http2) return;
  if (!keepAlive) {
    throw new AppError('usage', '--http2 keeps its connections: leave --no-keep-alive out.');
  }
  if (mode === 'ramp') {
    throw new AppError(
      'usage',
      '--connections-ramp opens connections of HTTP/1.1: leave --http2 out.',
    );
  }
};

/** The paths of several URLs; none where there is one. @throws AppError usage when they are not of one service */
const pathsOf = (urls: readonly string[]): string[] => {
  if (urls.length < 2) return [];
  const parsed = urls.map(parseTarget);
  const other = parsed.find(({ origin }) => origin !== parsed[0]!.origin);
  if (other) {
    throw new AppError(
      'usage',
      `${other.origin} is not ${parsed[0]!.origin}: the URLs of one run are of one service.`,
    );
  }
  return parsed.map(pathOf);
};

const accessOf = (flags: StressFlags): Access => {
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new AppError('usage', '--cert and --key must be given together.');
  }
  return {
    verifyTls: !flags.insecure,
    socketPath: flags.unixSocket,
    http2: flags.http2,
    ca: readPem('--cacert', flags.cacert),
    cert: readPem('--cert', flags.cert),
    key: readPem('--key', flags.key),
    resolve: new Map((flags.resolve ?? []).map(parseResolve)),
  };
};

const readPem = (flag: string, path: string | undefined): string | undefined => {
  if (path === undefined) return undefined;
  const text = readNamedFile(path, `${flag} '${path}'`).toString('latin1');
  if (!text.includes('-----BEGIN ')) {
    throw new AppError('file-broken', `${flag} '${path}' is not a PEM file.`);
  }
  return text;
};

/** `example.com:443:127.0.0.1`, as curl takes it. */
const parseResolve = (text: string): [string, string] => {
  const match = /^([^:]+):(\d+):\[?([^\]]+?)\]?$/.exec(text);
  if (!match) {
    throw new AppError('usage', `--resolve '${text}' is not HOST:PORT:ADDRESS.`);
  }
  return [`${match[1]}:${match[2]}`, match[3]!];
};

/** The connections of one part of the run, at least one. */
const shareOf = (
  all: SessionOptions['nConnections'],
  part: RunPart | undefined,
): SessionOptions['nConnections'] => {
  if (!part) return all;
  const share = (count: number): number => Math.max(1, shareOfCount(count, part));
  return typeof all === 'number' ? share(all) : (...args) => share(all(...args));
};

const defaultConnections = (
  mode: Mode,
  perSecond: number | undefined,
): SessionOptions['nConnections'] => {
  if (mode === 'find-max') return SEARCH_CONNECTIONS;
  return perSecond === undefined ? DEFAULT_CONNECTIONS : connectionsFor(perSecond);
};

/** The highest rate of an open loop; undefined for a closed one. */
const highestRate = (
  rate: RateText | undefined,
  source: Payload | undefined,
): number | undefined => {
  if (source?.momentsMs) {
    const perSecond = new Map<number, number>();
    for (const ms of source.momentsMs) {
      const second = Math.floor(ms / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    return Math.max(...perSecond.values());
  }
  if (rate === undefined) return undefined;
  return rate.kind === 'steady'
    ? rate.perSecond
    : Math.max(...rate.stages.flatMap((stage) => [stage.fromPerSecond, stage.toPerSecond]));
};

/** A curl command in the place of the URL: its URL, its request, and the flags that it gives. */
export const unfoldCurl = (
  text: string,
  flags: StressFlags,
): { readonly url: string; readonly source: Payload; readonly flags: StressFlags } => {
  const given = flags.method ?? flags.body ?? flags.data ?? flags.script ?? flags.har;
  if (given !== undefined) {
    throw new AppError('usage', 'A curl command says what is sent: leave other requests out.');
  }
  const command = parseCurl(text);
  const payload = payloadOfCurl(command);
  const own = (flags.header ?? []).map(parseHeader);
  return {
    url: command.url,
    source: {
      ...payload,
      requests: payload.requests.map((request) => ({
        ...request,
        headers: mergeHeaders(request.headers, own),
      })),
    },
    flags: {
      ...flags,
      insecure: flags.insecure ?? command.insecure,
      follow: flags.follow ?? command.follow,
      resolve: [...command.resolve, ...(flags.resolve ?? [])],
      ...(command.cacert === undefined ? {} : { cacert: command.cacert }),
      ...(command.cert === undefined ? {} : { cert: command.cert }),
      ...(command.key === undefined ? {} : { key: command.key }),
      ...(command.unixSocket === undefined ? {} : { unixSocket: command.unixSocket }),
    },
  };
};

/** Requests of a file that somebody else wrote; undefined where none is given. */
export const sourceOf = (url: string, flags: StressFlags): Payload | undefined =>
  readSource(flags, parseTarget(url), (flags.header ?? []).map(parseHeader));

/** Enough for the waiting that Little's law asks, twice over; few enough that a stall is seen as waiting. */
const connectionsFor =
  (ratePerSecond: number) =>
  (probeMs: number, isJourney = false): number =>
    Math.min(
      isJourney ? MAX_USERS : MAX_FOR_RATE,
      Math.max(4, Math.ceil(ratePerSecond * Math.max(0.1, (2 * probeMs) / 1000))),
    );
