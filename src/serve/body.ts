/**
 * The reading of request bodies: type, length and time limits, then text.
 * Stands between the socket and every route that takes a body.
 */
import { AppError } from '../core/errors.ts';

/** The media type of a request in lower case without parameters; '' when it states none. */
export const mediaTypeOf = (request: Request): string => {
  const header = request.headers.get('content-type');
  if (header === null) return '';
  if (header === 'application/json') return header;
  const end = header.indexOf(';');
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
};

/** @throws AppError type-unsupported unless the type is one of `types`, or none is stated */
export const requireType = (type: string, types: readonly string[]): void => {
  if (type === '' || types.includes(type)) return;
  throw new AppError(
    'type-unsupported',
    `the content type is ${type.slice(0, 80)}; ${types.join(' or ')} is expected`,
  );
};

const tooLarge = (limitBytes: number): AppError =>
  new AppError('body-too-large', `the body is larger than ${limitBytes} bytes`);

/** The whole body, or a rejection: `brokenOff` says what it means. */
export const bytesOf = (request: Request, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> => {
  const length = request.headers.get('content-length');
  if (length === null) return collect(request.body, limitBytes);
  if (Number(length) > limitBytes) return Promise.reject(tooLarge(limitBytes));
  return request.bytes();
};

/** What went wrong while a body came. @returns body-too-large, or request-malformed */
export const brokenOff = (error: unknown): AppError =>
  error instanceof AppError
    ? error
    : new AppError('request-malformed', 'the body broke off before its end', { cause: error });

/** A body without a stated length: counted while it comes, so that it can not fill the memory. */
const collect = async (
  body: ReadableStream<Uint8Array> | null,
  limitBytes: number,
): Promise<Uint8Array<ArrayBuffer>> => {
  if (body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let nBytes = 0;
  for await (const chunk of body) {
    nBytes += chunk.length;
    if (nBytes > limitBytes) throw tooLarge(limitBytes);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks, nBytes));
};

/**
 * What a body holds as JSON.
 * @throws AppError request-malformed, type-unsupported when it is compressed
 */
export const parseBody = (bytes: Uint8Array, request: Request): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    const coding = request.headers.get('content-encoding');
    if (coding !== null && coding !== 'identity')
      throw new AppError('type-unsupported', 'the body is compressed; it is expected as it is');
    throw new AppError('request-malformed', `the body is not JSON: ${(error as Error).message}`);
  }
};

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
