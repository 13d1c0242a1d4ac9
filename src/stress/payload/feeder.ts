/**
 * A feeder: a JavaScript or TypeScript module that exports `request(i)`, or a list `requests`, as wrk takes Lua.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../../core/errors.ts';
import {
  hasType,
  mergeHeaders,
  type Request as PlannedRequest,
  parseHeader,
  parseMethod,
  typeOf,
} from './request.ts';

/** What a request has where its feeder says nothing. */
interface FeederDefaults {
  readonly method?: string | undefined;
  readonly path: string;
  readonly headers: PlannedRequest['headers'];
}

/** One request as a feeder describes it. */
interface Fed {
  readonly name?: unknown;
  readonly weight?: unknown;
  readonly method?: unknown;
  readonly path?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
}

const REQUEST_KEYS: readonly string[] = ['method', 'path', 'headers', 'body'];
const KEYS: readonly string[] = ['name', 'weight', ...REQUEST_KEYS];
const USUAL_COUNT = 1000;

/** What a feeder module gives: a list of requests with weights, or single ones in turn. */
interface Feeder {
  readonly requests: readonly WeightedRequest[];
  /** Whether it gave a list, whose places may hold `{{column}}` of rows. */
  readonly isList: boolean;
}

export interface WeightedRequest {
  readonly request: PlannedRequest;
  readonly weight: number;
}

/** What a module of the user exports. @throws AppError usage, file-missing, file-unreadable */
export const loadScript = async (path: string): Promise<Script> => {
  if (path.endsWith('.lua')) {
    throw new AppError(
      'usage',
      `-s '${path}' is Lua; a JavaScript or TypeScript module that exports request(i) is expected, such as: export const request = (i) => ({ method: 'POST', body: { n: i } });`,
    );
  }
  if (!existsSync(path)) throw new AppError('file-missing', `-s '${path}' does not exist.`);
  try {
    return (await import(resolve(path))) as Script;
  } catch (cause) {
    throw new AppError('file-unreadable', `-s '${path}' cannot be loaded: ${whyOf(cause)}`, {
      cause,
    });
  }
};

interface Script {
  readonly request?: unknown;
  readonly requests?: unknown;
  readonly count?: unknown;
  readonly journey?: unknown;
}

/**
 * The requests that a feeder gives, in its order, `maxRequests` at most.
 * @throws AppError usage, file-missing, file-unreadable
 */
export const readFeeder = async (
  path: string,
  defaults: FeederDefaults,
  maxRequests: number,
): Promise<Feeder> => {
  const { request, requests, count = USUAL_COUNT } = await loadScript(path);
  if (typeof count !== 'number' || !(count >= 1)) {
    throw new AppError('usage', `-s '${path}': its count is not a number of requests.`);
  }
  const isList = Array.isArray(requests) && requests.length > 0;
  if (!isList && typeof request !== 'function') {
    throw new AppError(
      'usage',
      `-s '${path}' exports neither request(i) nor a list 'requests' nor a journey.`,
    );
  }
  const describe = isList
    ? (i: number): unknown => requests[i]
    : (request as (i: number) => unknown);
  const fed: WeightedRequest[] = [];
  const nRequests = Math.min(maxRequests, isList ? requests.length : Math.floor(count));
  for (let i = 0; i < nRequests; i++) {
    try {
      fed.push(await fromFed(defaults, await describe(i)));
    } catch (cause) {
      throw new AppError('usage', `-s '${path}', request ${i}: ${whyOf(cause)}`, { cause });
    }
  }
  return { requests: fed, isList };
};

const whyOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);

/** One request as a journey describes it. @param ownKeys what may stand beside it @throws AppError usage */
export const readDescribed = async (
  defaults: FeederDefaults,
  value: unknown,
  ownKeys: readonly string[],
): Promise<PlannedRequest> =>
  (await fromFed(defaults, value, [...REQUEST_KEYS, ...ownKeys])).request;

const fromFed = async (
  defaults: FeederDefaults,
  value: unknown,
  keys: readonly string[] = KEYS,
): Promise<WeightedRequest> => {
  if (typeof value !== 'object' || value === null) {
    throw new AppError('usage', 'an object {method, path, headers, body} is expected.');
  }
  const odd = Object.keys(value).find((key) => !keys.includes(key));
  if (odd !== undefined) {
    throw new AppError('usage', `'${odd}' is none of ${keys.join(', ')}.`);
  }
  const fed = value as Fed;
  const { weight = 1 } = fed;
  if (typeof weight !== 'number' || !(weight > 0 && Number.isFinite(weight))) {
    throw new AppError('usage', `its weight ${String(weight)} is not a number above 0.`);
  }
  if (fed.name !== undefined && (typeof fed.name !== 'string' || /[{},]|^$/.test(fed.name))) {
    throw new AppError('usage', `its name '${fed.name}' is not a text without {, } and commas.`);
  }
  const { bytes, type } = await bodyOf(fed.body);
  const own = Object.entries(fed.headers ?? {}).map(([name, text]) =>
    parseHeader(`${name}: ${text}`),
  );
  const headers = mergeHeaders(defaults.headers, own);
  const method = parseMethod(String(fed.method ?? defaults.method ?? (bytes ? 'POST' : 'GET')));
  return {
    weight,
    request: {
      ...(typeof fed.name === 'string' ? { name: fed.name } : {}),
      method,
      path: parsePath(String(fed.path ?? defaults.path)),
      headers: type && !hasType({ headers }) ? [...headers, ['Content-Type', type]] : headers,
      body: bytes,
    },
  };
};

interface Body {
  readonly bytes: Uint8Array | null;
  readonly type: string | null;
}

/** A body and its type as `fetch` would send it; a plain object or list is JSON. */
const bodyOf = async (body: unknown): Promise<Body> => {
  if (body === undefined || body === null) return { bytes: null, type: null };
  if (typeof body === 'string') {
    const bytes = Buffer.from(body);
    return { bytes, type: typeOf(bytes)[1] };
  }
  if (isFetchBody(body)) {
    const request = new Request('http://localhost/', { method: 'POST', body });
    // The type is read first: the runtime forgets it with the body.
    const type = request.headers.get('content-type');
    return { bytes: new Uint8Array(await request.arrayBuffer()), type };
  }
  const json = JSON.stringify(body);
  if (json === undefined) throw new AppError('usage', `a body cannot be a ${typeof body}.`);
  return { bytes: Buffer.from(json), type: 'application/json' };
};

const isFetchBody = (body: unknown): body is BodyInit =>
  body instanceof URLSearchParams ||
  body instanceof FormData ||
  body instanceof Blob ||
  body instanceof ArrayBuffer ||
  body instanceof ReadableStream ||
  ArrayBuffer.isView(body);

const parsePath = (text: string): string => {
  if (/^\/(?:[!-~]|\{\{[^{}]+\}\})*$/.test(text)) return text;
  throw new AppError(
    'usage',
    `path '${text}' is none; '/' and what may stand in a URL is expected.`,
  );
};
