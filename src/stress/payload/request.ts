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
