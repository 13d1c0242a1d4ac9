/**
 * One request to the service: method, path, headers and body, and the bytes that they become once, before the run.
 */
import { AppError } from '../../core/errors.ts';

export interface Request {
  /** Under which its figures are told; where none is given all requests are told together. */
  readonly name?: string;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | null;
}

export const pathOf = (url: URL): string => url.pathname + url.search;

export const hasType = ({ headers }: Pick<Request, 'headers'>): boolean =>
  headers.some(([name]) => name.toLowerCase() === 'content-type');

/** The type of a body about which nothing was said. */
export const typeOf = (body: Uint8Array): readonly [string, string] => [
  'Content-Type',
  body[0] === 0x7b || body[0] === 0x5b ? 'application/json' : 'text/plain;charset=utf-8',
];

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** `Name: value` as given to --header. @throws AppError usage */
export const parseHeader = (text: string): readonly [string, string] => {
  const colon = text.indexOf(':');
  const name = text.slice(0, colon).trim();
  const value = text.slice(colon + 1).trim();
  if (colon < 1 || !TOKEN.test(name) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
    throw new AppError(
      'usage',
      `${JSON.stringify(text)} is not a header; 'Name: value' is expected, without control characters.`,
    );
  }
  return [name, value];
};

/** @throws AppError usage */
export const parseMethod = (text: string): string => {
  const method = text.toUpperCase();
  if (!TOKEN.test(method) || method === 'CONNECT') {
    throw new AppError('usage', `${JSON.stringify(text)} is not a method that can be stressed.`);
  }
  return method;
};

/** Headers of which later ones replace earlier ones of the same name. */
export const mergeHeaders = (
  defaults: Request['headers'],
  own: Request['headers'],
): Request['headers'] => {
  const names = new Set(own.map(([name]) => name.toLowerCase()));
  return [...defaults.filter(([name]) => !names.has(name.toLowerCase())), ...own];
};

/** Methods whose requests say that they have no body, as RFC 9110 (section 8.6) asks. */
const BODY_EXPECTED: readonly string[] = ['POST', 'PUT', 'PATCH'];

/** What belongs to a connection of HTTP/1.1 has no place on a stream. */
const OF_CONNECTIONS: readonly string[] = [
  'connection',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
];

/** The header fields of a request on a stream of HTTP/2, the pseudo-headers first. @source RFC 9113, section 8 */
export const streamFields = (request: Request, url: URL): (readonly [string, string])[] => {
  const { headers, method, path, body } = request;
  const own = headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const host = own.find(([name]) => name === 'host')?.[1] ?? url.host;
  const isFramed = own.some(([name]) => name === 'content-length');
  return [
    [':method', method],
    [':scheme', url.protocol.slice(0, -1)],
    [':authority', host],
    [':path', path],
    ...own.filter(([name]) => !OF_CONNECTIONS.includes(name)),
    ...(!isFramed && (body || BODY_EXPECTED.includes(method))
      ? [['content-length', String(body?.length ?? 0)] as const]
      : []),
  ];
};

/** The request as it goes over the wire. @source RFC 9112, section 3 */
export const encodeRequest = (request: Request, host: string, keepAlive: boolean): Uint8Array => {
  const names = new Set(request.headers.map(([name]) => name.toLowerCase()));
  const lines = [`${request.method} ${request.path} HTTP/1.1`];
  if (!names.has('host')) lines.push(`Host: ${host}`);
  for (const [name, value] of request.headers) lines.push(`${name}: ${value}`);
  if (!keepAlive && !names.has('connection')) lines.push('Connection: close');
  const isFramed = names.has('content-length') || names.has('transfer-encoding');
  if (!isFramed && (request.body || BODY_EXPECTED.includes(request.method))) {
    lines.push(`Content-Length: ${request.body?.length ?? 0}`);
  }
  return Buffer.concat([
    Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
    request.body ?? new Uint8Array(0),
  ]);
};

/** A request after a redirect, as fetch makes it. @source Fetch standard, HTTP-redirect fetch, step 12 */
export const redirected = (request: Request, path: string, status: number): Request => {
  const { method } = request;
  const isGet =
    ((status === 301 || status === 302) && method === 'POST') ||
    (status === 303 && method !== 'GET' && method !== 'HEAD');
  if (!isGet) return { ...request, path };
  const headers = request.headers.filter(([name]) => !/^content-/i.test(name));
  return { ...request, path, method: 'GET', headers, body: null };
};
