/**
 * A few requests before the load: does the service answer at all, in HTTP, and always the same?
 */
import { AppError } from '../../core/errors.ts';
import { encodeRequest, type Request, redirected } from '../payload/request.ts';
import {
  type SingleRequestFailure,
  type SingleResponse,
  sendSingleRequest,
} from './single-request.ts';
import { sendSingleStream } from './single-stream.ts';
import type { Target } from './target.ts';

interface Probe {
  readonly status: number;
  /** Mean time of one request. */
  readonly meanMs: number;
  /** Bodies that came back twice the same: [index of the request, body]. */
  readonly golden: readonly (readonly [number, Uint8Array])[];
  readonly notes: readonly string[];
  /** How many requests the service takes at once on one connection of HTTP/2. */
  readonly maxStreams: number;
  /** The requests of the load: those that were given, or where redirects led. */
  readonly requests: readonly Request[];
}

interface ProbeOptions {
  readonly timeoutMs: number;
  /** How many requests are sent twice to learn their right answers; of a method that may change something one. */
  readonly nGolden: number;
  /** Whether equal requests must be asked some time apart, so that a body that carries the time is found out. */
  readonly isApart: boolean;
  /** Whether requests may be sent as often as wanted, whatever their method. */
  readonly isHarmless: boolean;
  /** Statuses that are right; null: the usual ones. */
  readonly statuses: readonly number[] | null;
  /** Whether redirects of the service to itself are followed. */
  readonly follow: boolean;
}

const MAX_VARIED = 3;
const MAX_HOPS = 10;
/** Paths whose redirects are looked for before the load. */
const MAX_FOLLOWED = 100;
const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];
/** Longer than the second that a clock in a body may show. */
const APART_MS = 1100;

/** @throws AppError target-unreachable */
export const probeTarget = async (
  target: Target,
  given: readonly Request[],
  options: ProbeOptions,
): Promise<Probe> => {
  let spentMs = 0;
  let nSent = 0;
  let maxStreams = Number.POSITIVE_INFINITY;
  const send = async (request: Request): Promise<SingleResponse> => {
    const startMs = performance.now();
    nSent++;
    const response = await sendOrThrow(target, request, options.timeoutMs);
    spentMs += performance.now() - startMs;
    if ('maxStreams' in response) maxStreams = response.maxStreams as number;
    return response;
  };
  const notes: string[] = [];
  let requests = given;
  const firstMs = performance.now();
  /** Asks a request, and where redirects lead; those of the same path and method go there too. */
  const arrive = async (index: number): Promise<SingleResponse> => {
    let answer = await send(requests[index]!);
    for (let hops = 0; isRedirect(answer.status, options.statuses); hops++) {
      const { path, method } = requests[index]!;
      const at = new URL(path, target.url);
      if (hops === MAX_HOPS) throw circleOf(target.url, hops);
      const next = redirectOf(at, answer, options.follow);
      const { status } = answer;
      requests = requests.map((request) =>
        request.path === path && request.method === method
          ? redirected(request, next, status)
          : request,
      );
      notes.push(`${at.href} redirects (${status}) to ${next}: the load goes there.`);
      answer = await send(requests[index]!);
    }
    return answer;
  };
  const first = await arrive(0);
  if (options.follow) for (const index of otherPlaces(given)) await arrive(index);
  const { method, path } = requests[0]!;
  const isGood = isRight(first.status, options.statuses);
  if (!isGood) {
    const place = new URL(path, target.url).href;
    notes.push(`${method} ${place} answered ${first.status} before any load.`);
  }
  const chosen = isGood ? chooseGolden(requests, options) : [];
  const once: SingleResponse[] = [];
  for (const i of chosen) once.push(i === 0 ? first : await send(requests[i]!));
  if (chosen.length > 0 && options.isApart) {
    await Bun.sleep(Math.max(0, firstMs + APART_MS - performance.now()));
  }
  const golden: [number, Uint8Array][] = [];
  let nVaried = 0;
  for (const [at, i] of chosen.entries()) {
    const [one, two] = [once[at]!, await send(requests[i]!)];
    const isSame = isRight(one.status, options.statuses) && one.body.equals(two.body);
    if (isSame && one.body.length > 0) golden.push([i, one.body]);
    else if (!isSame && ++nVaried === MAX_VARIED) break;
  }
  const isChecked = golden.length > 0 && nVaried === 0;
  if (chosen.length > 0 && !isChecked) {
    notes.push('Answers to equal requests differ, or are empty: only their status is checked.');
  }
  if (nSent > 1 || !SAFE.includes(method)) {
    const what = nSent === 1 ? '1 request was' : `${nSent} requests were`;
    notes.push(`${what} sent before the load, to see what the service answers.`);
  }
  return {
    status: first.status,
    maxStreams,
    meanMs: spentMs / nSent,
    golden: isChecked ? golden : [],
    notes,
    requests,
  };
};

/** The first request of each path but that of the first; of those that may change something none is asked. */
const otherPlaces = (requests: readonly Request[]): number[] => {
  const placeOf = ({ method, path }: Request): string => `${method} ${path}`;
  const seen = new Set([placeOf(requests[0]!)]);
  return requests
    .flatMap((request, index) => {
      const place = placeOf(request);
      if (seen.has(place) || !SAFE.includes(request.method)) return [];
      seen.add(place);
      return [index];
    })
    .slice(0, MAX_FOLLOWED);
};

/** Which requests are asked twice, evenly over all; of those that may change something only the first. */
const chooseGolden = (
  requests: readonly Request[],
  { nGolden, isHarmless }: ProbeOptions,
): number[] => {
  if (nGolden === 0) return [];
  const step = Math.max(1, Math.floor(requests.length / nGolden));
  const all = Array.from({ length: Math.ceil(requests.length / step) }, (_, i) => i * step);
  const isSafe = (i: number): boolean => isHarmless || SAFE.includes(requests[i]!.method);
  return all.slice(0, nGolden).filter((i) => i === 0 || (isSafe(0) && isSafe(i)));
};

const isRight = (status: number, statuses: readonly number[] | null): boolean =>
  statuses === null ? (status >= 200 && status < 300) || status === 304 : statuses.includes(status);

const isRedirect = (status: number, statuses: readonly number[] | null): boolean =>
  status >= 300 && status < 400 && !isRight(status, statuses);

/** Where a redirect leads. @throws AppError target-unreachable when it is not to be followed, or leads elsewhere */
const redirectOf = (at: URL, { status, location }: SingleResponse, follows: boolean): string => {
  const to =
    location !== undefined && URL.canParse(location, at.href) ? new URL(location, at) : null;
  if (follows && to?.origin === at.origin) return to.pathname + to.search;
  const measures = `--expect-status ${status} measures redirects`;
  const hint =
    to === null
      ? `without an address to go to (Location: ${location ?? 'none'}); ${measures}`
      : follows
        ? 'that is another service, which was not asked to be stressed'
        : to.href === at.href
          ? `that is where it was asked; ${measures}`
          : `stress that address instead; --follow follows redirects of a service to itself, --expect-status ${status} measures them`;
  throw new AppError(
    'target-unreachable',
    `${at.href} redirects (${status})${to === null ? '' : ` to ${to.href}`}: ${hint}.`,
  );
};

const sendOrThrow = async (
  target: Target,
  request: Request,
  timeoutMs: number,
): Promise<SingleResponse> => {
  const result = target.isHttp2
    ? await sendSingleStream(target, request, timeoutMs)
    : await sendSingleRequest(target, encodeRequest(request, target.url.host, false), {
        timeoutMs,
        bodiless: request.method === 'HEAD',
      });
  if ('status' in result) return result;
  throw new AppError('target-unreachable', sentenceOf(target, result, timeoutMs));
};

/** Why a service could not be asked. */
export const sentenceOf = (
  target: Target,
  failure: SingleRequestFailure,
  timeoutMs: number,
): string => {
  const place = target.socketPath ?? `${target.host}:${target.port}`;
  switch (failure.kind) {
    case 'refused':
      return `${place} refuses connections: is the service running there?`;
    case 'silent':
      return `${place} did not answer within ${timeoutMs / 1000} s.`;
    case 'endless':
      return `${place} began an answer that had not ended after ${timeoutMs / 1000} s.`;
    case 'closed':
      return `${place} accepts connections but closes them without an answer${target.isTls ? '.' : ': does it expect https://?'}`;
    case 'cut-off':
      return `${place} closes the connection in the middle of its answer.`;
    case 'not-http2':
      return `${place} does not speak HTTP/2 (${failure.why}): leave --http2 out.`;
    case 'not-http':
      return `${place} answers, but not in HTTP/1.`;
    case 'tls':
      return /cert|sign|expired|verify|issuer|altname/i.test(failure.why)
        ? `The TLS certificate of ${place} does not verify (${failure.why}); --insecure takes it as it is.`
        : `The TLS handshake with ${place} failed (${failure.why}): does it speak TLS?`;
    case 'other':
      return `${place} cannot be reached (${failure.why}).`;
  }
};

const circleOf = (url: URL, hops: number): AppError =>
  new AppError(
    'target-unreachable',
    `${url.href} redirects ${hops} times in a row, most likely in a circle: give the address where it should end.`,
  );
