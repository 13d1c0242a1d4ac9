/**
 * A few questions before the load: does the service answer at all, in HTTP, and always the same?
 * Stands before the fleet; what can not be stressed is refused here in one sentence, never by a hang.
 */
import { AppError } from '../core/errors.ts';
import type { Request } from './request.ts';
import type { Target } from './target.ts';

export interface Probe {
  readonly status: number;
  /** Bodies that came back twice the same: [index of the request, body]. */
  readonly golden: readonly (readonly [number, Uint8Array])[];
  readonly notes: readonly string[];
}

export interface ProbeOptions {
  readonly timeoutMs: number;
  /** Whether a certificate that does not verify is refused. */
  readonly verifyTls: boolean;
  /** How many requests are asked twice. */
  readonly nGolden: number;
}

/** @throws AppError target-unreachable */
export const probeTarget = async (
  target: Target,
  requests: readonly Request[],
  options: ProbeOptions,
): Promise<Probe> => {
  const first = await ask(target, requests[0]!, options);
  const place = new URL(requests[0]!.path, target.url).href;
  if (first.status >= 300 && first.status < 400) {
    throw new AppError(
      'target-unreachable',
      `${place} redirects (${first.status}) to ${first.location ?? 'nowhere'}: stress that address instead; redirects are not followed.`,
    );
  }
  const notes: string[] = [];
  if (first.status >= 400) {
    notes.push(`${requests[0]!.method} ${place} answered ${first.status} before any load.`);
    return { status: first.status, golden: [], notes };
  }
  const golden: [number, Uint8Array][] = [];
  const step = Math.max(1, Math.floor(requests.length / options.nGolden));
  let nVaried = 0;
  for (let i = 0; i < requests.length && golden.length + nVaried < options.nGolden; i += step) {
    const [one, two] = [
      i === 0 ? first : await ask(target, requests[i]!, options),
      await ask(target, requests[i]!, options),
    ];
    const isSame = one.status < 300 && Buffer.compare(one.body, two.body) === 0;
    if (isSame && one.body.length > 0) golden.push([i, one.body]);
    else if (++nVaried === 3) break;
  }
  if (golden.length === 0)
    notes.push('Answers differ between equal requests: only their status is checked.');
  return { status: first.status, golden: nVaried > 0 ? [] : golden, notes };
};

interface Reply {
  readonly status: number;
  readonly location: string | null;
  readonly body: Uint8Array;
}

const ask = async (target: Target, request: Request, options: ProbeOptions): Promise<Reply> => {
  const url = new URL(request.path, target.url);
  try {
    const answer = await fetch(url, {
      method: request.method,
      headers: [
        ...request.headers.map(([name, value]): [string, string] => [name, value]),
        ['Accept-Encoding', 'identity'],
      ],
      ...(request.body ? { body: request.body as Uint8Array<ArrayBuffer> } : {}),
      redirect: 'manual',
      keepalive: false,
      signal: AbortSignal.timeout(options.timeoutMs),
      tls: { rejectUnauthorized: options.verifyTls },
    });
    return {
      status: answer.status,
      location: answer.headers.get('location'),
      body: new Uint8Array(await answer.arrayBuffer()),
    };
  } catch (cause) {
    throw new AppError('target-unreachable', sentenceOf(target, cause, options), { cause });
  }
};

const sentenceOf = (target: Target, cause: unknown, options: ProbeOptions): string => {
  const place = `${target.host}:${target.port}`;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const text = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof Error && cause.name === 'TimeoutError') {
    return `${place} did not answer within ${options.timeoutMs / 1000} s.`;
  }
  if (code === 'ConnectionRefused' || code === 'ECONNREFUSED') {
    return `${place} refuses connections: is the service running there?`;
  }
  if (code === 'ConnectionClosed' || code === 'ECONNRESET') {
    return target.isTls
      ? `${place} closed the connection during the TLS handshake: does it speak TLS?`
      : `${place} accepts connections but closes them without an answer.`;
  }
  if (/cert|tls|ssl|self.signed|verify/i.test(`${code} ${text}`)) {
    return `The TLS certificate of ${place} does not verify (${code || text}); --insecure takes it as it is.`;
  }
  if (/malformed|invalid|http|parse/i.test(`${code} ${text}`)) {
    return `${place} answers, but not in HTTP/1.1 (${code || text}).`;
  }
  return `${place} can not be reached (${code || text}).`;
};
