/**
 * The reading of request bodies: their type, then what they hold as JSON.
 */
import { AppError, ERRORS } from '../../core/errors.ts';
import { jsonFault } from '../../core/json-fault.ts';
import type { Call } from '../../http/call.ts';
import { parseDistinct } from './duplicate-names.ts';
import { parseInTurns, passesLimit } from './json-in-turns.ts';
import { type JsonLimits, measure, tooDeep } from './nesting.ts';

/** No single flight is larger: a body that is has to wait for its turn, as batches do, and is refused when they are. */
export const SMALL_BYTES = 16 * 1024;

/**
 * The media type of a request in lower case without parameters; '' when it states none.
 * @throws AppError type-unsupported when it states several: which of them the next reader would believe nobody knows
 */
export const mediaTypeOf = (call: Pick<Call, 'header'>): string => {
  const header = call.header('content-type');
  if (header === null) return '';
  if (header === 'application/json') return header;
  if (header.replace(QUOTED, '').includes(','))
    throw new AppError(
      'type-unsupported',
      `the content type is given more than once: ${header.slice(0, 80)}; one is expected`,
    );
  const end = header.indexOf(';');
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
};
/** A parameter that is quoted may hold commas. Fields of one name come joined by them. */
const QUOTED = /="(?:[^"\\]|\\.)*"(?=\s*(?:[;,]|$))/g;

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
export const parseBody = (bytes: Uint8Array, limits: JsonLimits = {}): unknown =>
  parseSmall(bytes, 'body', limits);

/** A line of a stream. @throws AppError request-malformed, value-invalid */
export const parseLine = (line: Uint8Array): unknown => parseSmall(line, 'line', {});

type What = 'body' | 'line';

const parseSmall = (bytes: Uint8Array, what: What, limits: JsonLimits): unknown => {
  const found = measure(bytes, limits);
  if (typeof found !== 'number') throw tooMuch(found, what, limits);
  try {
    return parseDistinct(bytes, found);
  } catch (error) {
    throw error instanceof SyntaxError ? notJson(error, what) : error;
  }
};

/**
 * The same for a large body, in turns.
 * @param pause gives way to others
 * @throws AppError request-malformed, value-invalid, and what `pause` throws
 */
export const parseLargeBody = (
  bytes: Uint8Array,
  limits: JsonLimits,
  pause: () => Promise<void>,
): Promise<unknown> => parseLarge(bytes, { what: 'body', limits, pause });

/** The same for a line. @returns a function that throws what is wrong with the line */
export const parseLongLine = async (
  line: Uint8Array,
  pause: () => Promise<void>,
): Promise<{ readonly parsed: () => unknown }> => {
  try {
    const value = await parseLarge(line, { what: 'line', limits: LINE_LIMITS, pause });
    return { parsed: () => value };
  } catch (error) {
    if (!(error instanceof AppError) || ERRORS[error.code].status >= 500) throw error;
    return {
      parsed: () => {
        throw error;
      },
    };
  }
};
/** Whether a long line is refused for what it begins with, whatever stands behind. */
export const isRefusedLine = (beginning: Uint8Array): boolean =>
  passesLimit(beginning, LINE_LIMITS);

/**
 * Objects: of weather, one for each observation. Members: what is made of an object with twenty thousand names takes 2 MB,
 * and a stream brings one such line after the other.
 */
const LINE_LIMITS: JsonLimits = { objects: 12_000, lists: 1000, members: 2000 };

const parseLarge = async (
  bytes: Uint8Array,
  {
    what,
    limits,
    pause,
  }: {
    readonly what: What;
    readonly limits: JsonLimits;
    readonly pause: () => Promise<void>;
  },
): Promise<unknown> => {
  try {
    const excess = (limit: keyof JsonLimits): AppError => tooMuch(limit, what, limits);
    return await parseInTurns(bytes, { limits, pause, excess });
  } catch (error) {
    throw error instanceof SyntaxError ? notJson(error, what) : error;
  }
};

const tooMuch = (excess: keyof JsonLimits, what: What, limits: JsonLimits): AppError => {
  if (excess === 'depth') return tooDeep(what);
  const detail =
    excess === 'members'
      ? `an object in the ${what} has more members than any request`
      : `the ${what} holds more than ${limits[excess]} ${excess}`;
  return new AppError('value-invalid', detail);
};

const notJson = (error: Error, what: What): AppError =>
  new AppError('request-malformed', `the ${what} is not JSON: ${jsonFault(error)}`);

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
