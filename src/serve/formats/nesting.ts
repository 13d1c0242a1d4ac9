/**
 * The depth of a JSON text, and how many objects and lists it holds, checked before it is parsed: a hundred kilobytes of brackets
 * take the parser milliseconds in which nobody else is answered, a megabyte of empty objects tens of megabytes.
 */
import { AppError } from '../../core/errors.ts';
import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  BRACKET_CLOSE,
  BRACKET_OPEN,
  COLON,
  QUOTE,
} from './ascii.ts';

/** A batch of tensors written as lists of lists needs five. */
export const NESTING_LIMIT = 32;

export interface JsonLimits {
  /** Others that a value may lie within. */
  readonly depth?: number;
  readonly objects?: number;
  readonly lists?: number;
  /** Of one object; looked at in large texts only. */
  readonly members?: number;
}

/** Which limit a text passes first, if any. @cost stops where that is known */
export const excessOf = (bytes: Uint8Array, limits?: JsonLimits): keyof JsonLimits | undefined => {
  const found = measure(bytes, limits);
  return typeof found === 'number' ? undefined : found;
};

/** How many names a text holds, or which limit it passes first. @cost stops where that is known */
export const measure = (
  bytes: Uint8Array,
  {
    depth: deepest = NESTING_LIMIT,
    objects = Number.POSITIVE_INFINITY,
    lists = Number.POSITIVE_INFINITY,
  }: JsonLimits = {},
): number | keyof JsonLimits => {
  let nNames = 0;
  let depth = 0;
  let nObjects = 0;
  let nLists = 0;
  let isText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (isText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === BRACKET_OPEN || byte === BRACE_OPEN) {
      if (++depth > deepest) return 'depth';
      if (byte === BRACE_OPEN) {
        if (++nObjects > objects) return 'objects';
      } else if (++nLists > lists) return 'lists';
    } else if (byte === COLON) nNames++;
    else if (byte === BRACKET_CLOSE || byte === BRACE_CLOSE) depth--;
  }
  return nNames;
};

export const tooDeep = (what: 'body' | 'line'): AppError =>
  new AppError('request-malformed', `the ${what} nests more than ${NESTING_LIMIT} values`);
