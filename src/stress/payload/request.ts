/**
 * One request to the service: method, path, headers and body, and the bytes that they become once, before the run.
 */
import { AppError } from '../../core/errors.ts';

export interface Request {
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
  if (colon < 1 || !TOKEN.test(name) || /[\r\n\0]/.test(value)) {
    throw new AppError(
      'usage',
      `${JSON.stringify(text)} is not a header; 'Name: value' is expected.`,
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

/** The request as it goes over the wire. @source RFC 9112, section 3 */
export const encodeRequest = (request: Request, host: string, keepAlive: boolean): Uint8Array => {
  const names = new Set(request.headers.map(([name]) => name.toLowerCase()));
  const lines = [`${request.method} ${request.path} HTTP/1.1`];
  if (!names.has('host')) lines.push(`Host: ${host}`);
  for (const [name, value] of request.headers) lines.push(`${name}: ${value}`);
  if (!keepAlive && !names.has('connection')) lines.push('Connection: close');
  if (request.body && !names.has('content-length')) {
    lines.push(`Content-Length: ${request.body.length}`);
  }
  return Buffer.concat([
    Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'),
    request.body ?? new Uint8Array(0),
  ]);
};
