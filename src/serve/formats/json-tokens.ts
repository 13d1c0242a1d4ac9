/**
 * The tokens of a plain JSON text, scanned in place: white space, strings without escapes, decimals, words.
 */
import {
  BACKSLASH,
  CR,
  DOT,
  LF,
  LOWER_E,
  MINUS,
  NINE,
  PLUS,
  QUOTE,
  SPACE,
  TAB,
  UPPER_E,
  ZERO,
} from './ascii.ts';
import { HASH_SEED, hashNext } from './dictionary.ts';

/** What a scan leaves behind, beside the place where it ended. */
interface Token {
  /** Of the bytes of a string, for a `Dictionary`. */
  hash: number;
  /** Whether a string holds more than ASCII. */
  hasHighByte: boolean;
  number: number;
}

export const buildToken = (): Token => ({ hash: 0, hasHighByte: false, number: 0 });

export const isSpace = (byte: number): boolean =>
  byte === SPACE || byte === LF || byte === CR || byte === TAB;

/** The place of the first byte from `at` on that is not white space; past the end there is only `undefined`. */
export const skipSpace = (bytes: Uint8Array, at: number): number => {
  let next = at;
  for (;;) {
    const byte = bytes[next];
    if (byte !== SPACE && byte !== LF && byte !== CR && byte !== TAB) return next;
    next++;
  }
};

/**
 * Leaves its hash.
 * @param at after the opening quote
 * @returns the place of the closing quote, -1 for an escape or a broken string
 */
export const scanString = (bytes: Uint8Array, at: number, token: Token): number => {
  let code = HASH_SEED;
  let high = 0;
  for (let i = at; ; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) {
      token.hash = code;
      token.hasHighByte = high > 127;
      return i;
    }
    if (byte === undefined || byte === BACKSLASH || byte < SPACE) return -1;
    high |= byte;
    code = hashNext(code, byte);
  }
};

/**
 * Plain decimals of up to 15 digits: their quotient by a power of ten is exact. Leaves the number.
 * @returns the place after it, -1 for anything else
 * @source Clinger 1990
 */
export const scanNumber = (bytes: Uint8Array, from: number, token: Token): number => {
  let at = from;
  const negative = bytes[at] === MINUS;
  if (negative) at++;
  const start = at;
  let digits = 0;
  let byte = bytes[at];
  while (byte !== undefined && byte >= ZERO && byte <= NINE) {
    digits = digits * 10 + (byte - ZERO);
    byte = bytes[++at];
  }
  let nDigits = at - start;
  if (nDigits === 0 || (nDigits > 1 && bytes[start] === ZERO)) return -1;
  let nDecimals = 0;
  if (byte === DOT) {
    byte = bytes[++at];
    while (byte !== undefined && byte >= ZERO && byte <= NINE) {
      digits = digits * 10 + (byte - ZERO);
      nDecimals++;
      byte = bytes[++at];
    }
    if (nDecimals === 0) return -1;
    nDigits += nDecimals;
  }
  // An exponent, or more digits than a double holds.
  if (nDigits > 15 || byte === LOWER_E || byte === UPPER_E || byte === PLUS) return -1;
  const size = nDecimals === 0 ? digits : digits / POWERS[nDecimals]!;
  token.number = negative ? -size : size;
  return at;
};

/** The quote that ends a text which is open at `at`, or the end: not one behind an odd number of backslashes. */
export const textEndAt = (bytes: Uint8Array, at: number): number => {
  for (let from = at; ; ) {
    const end = bytes.indexOf(QUOTE, from);
    if (end < 0) return bytes.length;
    let nBackslashes = 0;
    while (end - nBackslashes > from && bytes[end - nBackslashes - 1] === BACKSLASH) nBackslashes++;
    if (nBackslashes % 2 === 0) return end;
    from = end + 1;
  }
};

const POWERS = Float64Array.from({ length: 16 }, (_, i) => Number(`1e${i}`));
export const NULL = Buffer.from('null');
export const TRUE = Buffer.from('true');
export const FALSE = Buffer.from('false');

/** The place after the word, -1 when another one is there. */
export const scanWord = (bytes: Uint8Array, at: number, word: Uint8Array): number => {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return -1;
  return at + word.length;
};
