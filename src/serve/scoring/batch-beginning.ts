/**
 * The beginning of a batch: whether a body begins like one, and whether it is refused for what it begins with, so that
 * the rest need not be kept, nor parsed.
 */
import type { DecidedBy } from '../../http/call.ts';
import { LOOKS_BYTES } from '../../http/limits.ts';
import {
  BRACE_CLOSE,
  BRACE_OPEN,
  BRACKET_CLOSE,
  BRACKET_OPEN,
  COLON,
  COMMA,
  QUOTE,
} from '../formats/ascii.ts';
import { passesLimit } from '../formats/json-in-turns.ts';
import { isSpace, skipSpace, textEndAt } from '../formats/json-tokens.ts';
import { excessOf, type JsonLimits } from '../formats/nesting.ts';

/** Faults of a batch beyond these are not looked for. */
export const FAULTS_KEPT = 100;
/** What is wrong with a flight that is none. */
export const NO_OBJECT = 'a flight must be an object';

const NAME = Buffer.from('flights');
const END = Buffer.from(']}');
/** More objects, or lists, than a batch has: one for each flight, and its weather. */
const PARTS_PER_FLIGHT = 4;
const LEAST_PARTS = 1000;
/** Whoever nests without end begins with it. */
const NESTED_BYTES = 1024;
/** So many flights more than values that are none: it is a batch, whatever else there is in it. */
const SOUND_LEAD = 16;

/** Whether a body begins like `{"flights":[`: the place after the bracket, else -1. */
export const batchStart = (bytes: Uint8Array): number => {
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== BRACE_OPEN) return -1;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] !== QUOTE) return -1;
  for (let i = 0; i < NAME.length; i++) if (bytes[at + 1 + i] !== NAME[i]) return -1;
  at += NAME.length + 1;
  if (bytes[at] !== QUOTE) return -1;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] !== COLON) return -1;
  at = skipSpace(bytes, at + 1);
  return bytes[at] === BRACKET_OPEN ? at + 1 : -1;
};

/** What a body may hold where so many flights are taken at most. */
export const batchLimits = (limitRows: number): JsonLimits => {
  const most = PARTS_PER_FLIGHT * limitRows + LEAST_PARTS;
  return { objects: most, lists: most };
};

/**
 * What of a body decides its answer, where nothing behind it is worth reading: a hundred flights that are none, values that
 * lie too deep, or more of them than are taken. Looks at as much of a body as it would have been shown of it while it came,
 * so that it does not matter how it comes.
 * @returns a body that is refused for the same, undefined where more of it counts
 */
export const buildDecisivePart = (limits: JsonLimits): DecidedBy => {
  const [few] = LOOKS_BYTES;
  const excess = buildDecisiveExcess(limits);
  return (bytes) => {
    if (bytes.length < few) return undefined;
    const first = bytes.subarray(0, few);
    const start = batchStart(first);
    const isBatch = start >= 0 && first[skipSpace(first, start)] === BRACE_OPEN;
    const none = start < 0 ? undefined : noFlights(first, start);
    return none || isBatch ? none : excess(bytes);
  };
};

/** The same of a body that is no batch: only what lies too deep, or is too much, decides. */
export const buildDecisiveExcess = (limits: JsonLimits): DecidedBy => {
  const [few, many] = LOOKS_BYTES;
  return (bytes) => {
    if (bytes.length < few) return undefined;
    const nested = bytes.subarray(0, NESTED_BYTES);
    if (excessOf(nested) === 'depth') return nested.slice();
    if (bytes.length < many) return undefined;
    const more = bytes.subarray(0, many);
    return passesLimit(more, limits) ? more.slice() : undefined;
  };
};

const noFlights = (bytes: Uint8Array, start: number): Buffer<ArrayBuffer> | undefined => {
  let nNone = 0;
  let nFlights = 0;
  for (let at = skipSpace(bytes, start); nFlights < nNone + SOUND_LEAD; ) {
    if (bytes[at] === BRACE_OPEN) nFlights++;
    else nNone++;
    const end = valueEnd(bytes, at);
    if (end <= at) return undefined;
    if (nNone === FAULTS_KEPT) return Buffer.concat([bytes.subarray(0, end), END]);
    at = skipSpace(bytes, end);
    if (bytes[at] !== COMMA) return undefined;
    at = skipSpace(bytes, at + 1);
  }
  return undefined;
};

/** The place behind the value at `at`, which is not looked at closely; -1 where none ends. */
const valueEnd = (bytes: Uint8Array, at: number): number => {
  let depth = 0;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (depth === 0 && (byte === COMMA || byte === BRACKET_CLOSE || isSpace(byte))) return i;
    if (byte === QUOTE) {
      i = textEndAt(bytes, i + 1);
      if (depth === 0) return i < bytes.length ? i + 1 : -1;
    } else if (byte === BRACKET_OPEN || byte === BRACE_OPEN) depth++;
    else if ((byte === BRACKET_CLOSE || byte === BRACE_CLOSE) && --depth <= 0)
      return depth === 0 ? i + 1 : -1;
  }
  return -1;
};
