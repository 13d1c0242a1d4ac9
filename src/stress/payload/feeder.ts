/**
 * A feeder: a JavaScript or TypeScript module that exports `request(i)`, or a list `requests`, as wrk takes Lua.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { hasType, parseHeader, parseMethod, type Request, typeOf } from './request.ts';

/** What a request has where its feeder says nothing. */
interface FeederDefaults {
  readonly method?: string | undefined;
  readonly path: string;
  readonly headers: Request['headers'];
}

/** One request as a feeder describes it. */
interface Fed {
  readonly method?: unknown;
  readonly path?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
}

const USUAL_COUNT = 1000;

/**
 * The requests that a feeder gives, in its order, `maxRequests` at most.
 * @throws AppError usage, file-missing, file-unreadable
 */
export const readFeeder = async (
  path: string,
  defaults: FeederDefaults,
  maxRequests: number,
): Promise<Request[]> => {
  if (path.endsWith('.lua')) {
    throw new AppError(
      'usage',
      `-s '${path}' is Lua; a JavaScript or TypeScript module that exports request(i) is expected, such as: export const request = (i) => ({ method: 'POST', body: { n: i } });`,
    );
  }
  if (!existsSync(path)) throw new AppError('file-missing', `-s '${path}' does not exist.`);
  let feeder: { request?: unknown; requests?: unknown; count?: unknown };
  try {
    feeder = (await import(resolve(path))) as typeof feeder;
  } catch (cause) {
    throw new AppError('file-unreadable', `-s '${path}' cannot be loaded: ${whyOf(cause)}`, {
      cause,
    });
  }
  const { request, requests, count = USUAL_COUNT } = feeder;
  if (typeof count !== 'number' || !(count >= 1)) {
    throw new AppError('usage', `-s '${path}': its count is not a number of requests.`);
  }
  const isList = Array.isArray(requests) && requests.length > 0;
  if (!isList && typeof request !== 'function') {
    throw new AppError('usage', `-s '${path}' exports neither request(i) nor a list 'requests'.`);
  }
  const describe = isList
    ? (i: number): unknown => requests[i]
    : (request as (i: number) => unknown);
  const fed: Request[] = [];
  const nRequests = Math.min(maxRequests, isList ? requests.length : Math.floor(count));
  for (let i = 0; i < nRequests; i++) {
    try {
      fed.push(fromFed(defaults, await describe(i)));
    } catch (cause) {
      throw new AppError('usage', `-s '${path}', request ${i}: ${whyOf(cause)}`, { cause });
    }
  }
  return fed;
};

const whyOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);

const fromFed = (defaults: FeederDefaults, value: unknown): Request => {
  if (typeof value !== 'object' || value === null) {
    throw new AppError('usage', 'an object {method, path, headers, body} is expected.');
  }
  const fed = value as Fed;
  const body = fed.body === undefined ? null : Buffer.from(textOf(fed.body));
  const own = Object.entries(fed.headers ?? {}).map(([name, text]) =>
    parseHeader(`${name}: ${text}`),
  );
  const headers = [...defaults.headers, ...own];
  const method = fed.method ?? defaults.method ?? (body ? 'POST' : 'GET');
  return {
    method: parseMethod(String(method)),
    path: parsePath(String(fed.path ?? defaults.path)),
    headers: body && !hasType({ headers }) ? [...headers, typeOf(body)] : headers,
    body,
  };
};

const textOf = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));

const parsePath = (text: string): string => {
  if (/^\/[!-~]*$/.test(text)) return text;
  throw new AppError(
    'usage',
    `path '${text}' is none; '/' and what may stand in a URL is expected.`,
  );
};
