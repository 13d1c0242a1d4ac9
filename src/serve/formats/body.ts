/**
 * The reading of request bodies: their type, then what they hold as JSON.
 */
import { AppError } from '../../core/errors.ts';
import type { Call } from '../../http/call.ts';
import { excessOf, type JsonLimits, tooDeep } from './nesting.ts';

/** No single flight is larger: a body that is has to wait for its turn, as batches do, and is refused when they are. */
export const SMALL_BYTES = 16 * 1024;

/** The media type of a request in lower case without parameters; '' when it states none. */
export const mediaTypeOf = (call: Pick<Call, 'header'>): string => {
  const header = call.header('content-type');
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

/**
 * What a body holds as JSON.
 * @param limits of what is in it, where no sound body has more
 * @throws AppError request-malformed, value-invalid
 */
export const parseBody = (bytes: Uint8Array, limits: JsonLimits = {}): unknown => {
  try {
    const excess = excessOf(bytes, limits);
    if (excess === 'depth') throw tooDeep('body');
    if (excess)
      throw new AppError('value-invalid', `the body holds more than ${limits[excess]} ${excess}`);
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('request-malformed', `the body is not JSON: ${(error as Error).message}`);
  }
};

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
