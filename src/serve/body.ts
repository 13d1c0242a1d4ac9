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

/**
 * Refuses what a stated length or coding already rules out.
 * @returns whether a length is stated
 * @throws AppError body-too-large, type-unsupported (a content coding)
 */
export const checkLength = (request: Request, limitBytes: number): boolean => {
  const { headers } = request;
  const length = headers.get('content-length');
  if (headers.get('content-encoding') !== null)
    throw new AppError('type-unsupported', 'the body is compressed; it is expected as it is');
  if (length === null) return false;
  if (Number(length) > limitBytes) throw tooLarge(limitBytes);
  return true;
};

/**
 * The whole body.
 * @throws AppError body-too-large, request-malformed (it broke off)
 */
export const readBytes = async (
  request: Request,
  limitBytes: number,
): Promise<Uint8Array<ArrayBuffer>> => {
  const stated = checkLength(request, limitBytes);
  try {
    return stated ? await request.bytes() : await collect(request.body, limitBytes);
  } catch (error) {
    throw error instanceof AppError ? error : brokenOff(error);
  }
};

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

/** @throws AppError body-too-large, request-malformed */
export const readText = async (request: Request, limitBytes: number): Promise<string> => {
  if (!checkLength(request, limitBytes)) {
    return new TextDecoder().decode(await collect(request.body, limitBytes));
  }
  try {
    return await request.text();
  } catch (error) {
    throw brokenOff(error);
  }
};

const brokenOff = (error: unknown): AppError =>
  new AppError('request-malformed', 'the body broke off before its end', { cause: error });

/** @throws AppError request-malformed */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('request-malformed', `the body is not JSON: ${(error as Error).message}`);
  }
};

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
