/**
 * A few requests before the load: does the service answer at all, in HTTP, and always the same?
 */
import { AppError } from '../../core/errors.ts';
import { encodeRequest, type Request } from '../payload/request.ts';
import {
  type SingleRequestFailure,
  type SingleRequestOptions,
  type SingleResponse,
  sendSingleRequest,
} from './single-request.ts';
import type { Target } from './target.ts';

export interface Probe {
  readonly status: number;
  /** Mean time of one request. */
  readonly meanMs: number;
  /** Bodies that came back twice the same: [index of the request, body]. */
  readonly golden: readonly (readonly [number, Uint8Array])[];
  readonly notes: readonly string[];
}

interface ProbeOptions {
  readonly timeoutMs: number;
  readonly verifyTls: boolean;
  /** How many requests are sent twice. */
  readonly nGolden: number;
}

const MAX_VARIED = 3;

/** @throws AppError target-unreachable */
export const probeTarget = async (
  target: Target,
  requests: readonly Request[],
  options: ProbeOptions,
): Promise<Probe> => {
  const startMs = performance.now();
  let nSent = 0;
  const send = async (index: number): Promise<SingleResponse> => {
    nSent++;
    return sendOrThrow(target, requests[index]!, options);
  };
  const first = await send(0);
  const place = new URL(requests[0]!.path, target.url).href;
  if (first.status >= 300 && first.status < 400) {
    throw new AppError(
      'target-unreachable',
      `${place} redirects (${first.status}) to ${first.location ?? 'nowhere'}: stress that address instead; redirects are not followed.`,
    );
  }
  const golden: [number, Uint8Array][] = [];
  const notes: string[] = [];
  const isGood = first.status < 300;
  if (!isGood)
    notes.push(`${requests[0]!.method} ${place} answered ${first.status} before any load.`);
  const step = Math.max(1, Math.floor(requests.length / Math.max(1, options.nGolden)));
  let nVaried = 0;
  for (let i = 0; isGood && i < requests.length && golden.length < options.nGolden; i += step) {
    const one = i === 0 ? first : await send(i);
    const two = await send(i);
    const isSame = one.body && two.body && one.status < 300 && one.body.equals(two.body);
    if (isSame && one.body && one.body.length > 0) golden.push([i, one.body]);
    else if (++nVaried === MAX_VARIED) break;
  }
  const isChecked = golden.length > 0 && nVaried === 0;
  if (isGood && !isChecked && options.nGolden > 0) {
    notes.push(
      'Answers to equal requests differ, or do not tell their length: only their status is checked.',
    );
  }
  return {
    status: first.status,
    meanMs: (performance.now() - startMs) / nSent,
    golden: isChecked ? golden : [],
    notes,
  };
};

const sendOrThrow = async (
  target: Target,
  request: Request,
  options: ProbeOptions,
): Promise<SingleResponse> => {
  const single: SingleRequestOptions = { ...options, bodiless: request.method === 'HEAD' };
  const result = await sendSingleRequest(
    target,
    encodeRequest(request, target.url.host, false),
    single,
  );
  if ('status' in result) return result;
  throw new AppError('target-unreachable', sentenceOf(target, result, options.timeoutMs));
};

const sentenceOf = (target: Target, failure: SingleRequestFailure, timeoutMs: number): string => {
  const place = `${target.host}:${target.port}`;
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
