/**
 * The fast reading of flights: from the bytes of JSON straight to a predictor's numbers, no object in between.
 * Its slow twin is `JSON.parse` with `core/inputs`. The scanner knows a plain subset (what clients send)
 * and says so when something is not in it; then the twin reads, and is the one that finds faults.
 */
import type { Input } from '../../core/inputs.ts';
import { buildDictionary, type Dictionary, HASH_SEED, hashNext } from './dictionary.ts';

export interface FlightScanner {
  /**
   * Reads the object that begins at or after `bytes[at]` into `raw[rawAt .. rawAt + nInputs)`.
   * @returns the place after its closing brace, -1 for anything outside the plain subset
   */
  readonly scan: (bytes: Uint8Array, at: number, raw: Float64Array, rawAt: number) => number;
  /** Names of the categories that the last scan did not know, in the order of the inputs. */
  readonly unknown: () => readonly string[];
}

const NONE: readonly string[] = [];
const [TAB, LF, CR, SPACE, QUOTE, PLUS, COMMA, MINUS, DOT, ZERO, NINE, COLON, BACKSLASH] = [
  9, 10, 13, 32, 34, 43, 44, 45, 46, 48, 57, 58, 92,
] as const;
const [OPEN, CLOSE, LETTER_T] = [123, 125, 84] as const;

/** The place of the first byte from `at` on that is not white space; past the end there is only `undefined`. */
export const skipSpace = (bytes: Uint8Array, at: number): number => {
  let next = at;
  for (;;) {
    const byte = bytes[next];
    if (byte !== SPACE && byte !== LF && byte !== CR && byte !== TAB) return next;
    next++;
  }
};

const KINDS = { category: 0, number: 1, time: 2 } as const;

/** @cost about 1.5 ns per byte; allocates nothing unless a value is unknown */
export const buildFlightScanner = (inputs: readonly Input[]): FlightScanner => {
  const nInputs = inputs.length;
  const names = buildDictionary(inputs.map(({ name }) => name));
  const values: readonly (Dictionary | undefined)[] = inputs.map((input) =>
    input.kind === 'category' ? buildDictionary(input.values ?? []) : undefined,
  );
  const kinds = Uint8Array.from(inputs, ({ kind }) => KINDS[kind]);
  const required = Uint8Array.from(inputs, (input) => (input.required ? 1 : 0));
  const isUnknown = new Uint8Array(nInputs);
  let nUnknown = 0;
  /** What the scan of one string or number leaves behind, beside its end. */
  let hash = 0;
  let hasHighByte = false;
  let number = 0;

  /** @param at after the opening quote. @returns the place of the closing quote, -1 for an escape or a broken string */
  const scanString = (bytes: Uint8Array, at: number): number => {
    let code = HASH_SEED;
    let high = 0;
    for (let i = at; ; i++) {
      const byte = bytes[i];
      if (byte === QUOTE) {
        hash = code;
        hasHighByte = high > 127;
        return i;
      }
      if (byte === undefined || byte === BACKSLASH || byte < SPACE) return -1;
      high |= byte;
      code = hashNext(code, byte);
    }
  };

  /** Plain decimals of up to 15 digits: their quotient by a power of ten is exact. @source Clinger 1990 */
  const scanNumber = (bytes: Uint8Array, from: number): number => {
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
    if (nDigits > 15 || byte === 0x65 || byte === 0x45 || byte === PLUS) return -1;
    const size = nDecimals === 0 ? digits : digits / POWERS[nDecimals]!;
    number = negative ? -size : size;
    return at;
  };

  const scanCategory = (
    bytes: Uint8Array,
    at: number,
    input: number,
    raw: Float64Array,
    rawAt: number,
  ): number => {
    let [from, to, next] = [at, 0, 0];
    if (bytes[at] === QUOTE) {
      from = at + 1;
      to = scanString(bytes, from);
      if (to < 0) return -1;
      next = to + 1;
      if (to === from) return required[input] === 1 ? -1 : leave(input, raw, rawAt, next);
    } else {
      // A whole number stands for its own digits: flight 1545.
      to = scanNumber(bytes, at);
      if (to < 0 || bytes[at] === MINUS) return -1;
      hash = HASH_SEED;
      for (let i = at; i < to; i++) {
        if (bytes[i] === DOT) return -1;
        hash = hashNext(hash, bytes[i]!);
      }
      hasHighByte = false;
      next = to;
    }
    const code = values[input]!.find(bytes, from, to, hash);
    if (code >= 0) {
      raw[rawAt + input] = code;
      return next;
    }
    // Bytes that are no UTF-8 would be mended before they are compared: not here.
    if (hasHighByte) return -1;
    isUnknown[input] = 1;
    nUnknown++;
    raw[rawAt + input] = Number.NaN;
    return next;
  };

  const leave = (input: number, raw: Float64Array, rawAt: number, next: number): number => {
    raw[rawAt + input] = Number.NaN;
    return next;
  };

  const scanTime = (
    bytes: Uint8Array,
    at: number,
    input: number,
    raw: Float64Array,
    rawAt: number,
  ): number => {
    if (bytes[at] !== QUOTE) return -1;
    const minutes = minutesAt(bytes, at + 1);
    if (Number.isNaN(minutes)) return -1;
    let end = at + 17;
    if (bytes[end] === COLON) {
      if (twoDigits(bytes, end + 1) < 0) return -1;
      end += 3;
    }
    if (bytes[end] !== QUOTE) return -1;
    raw[rawAt + input] = minutes;
    return end + 1;
  };

  const scanValue = (
    bytes: Uint8Array,
    at: number,
    input: number,
    raw: Float64Array,
    rawAt: number,
  ): number => {
    if (isUnknown[input] === 1) {
      isUnknown[input] = 0;
      nUnknown--;
    }
    if (bytes[at] === 0x6e) {
      const next = scanWord(bytes, at, NULL);
      return next < 0 || required[input] === 1 ? -1 : leave(input, raw, rawAt, next);
    }
    if (kinds[input] === KINDS.category) return scanCategory(bytes, at, input, raw, rawAt);
    if (kinds[input] === KINDS.time) return scanTime(bytes, at, input, raw, rawAt);
    const next = scanNumber(bytes, at);
    if (next >= 0) raw[rawAt + input] = number;
    return next;
  };

  /** A member that the model does not ask for: a plain value is passed over. */
  const skipValue = (bytes: Uint8Array, at: number): number => {
    switch (bytes[at]) {
      case QUOTE: {
        const end = scanString(bytes, at + 1);
        return end < 0 ? -1 : end + 1;
      }
      case 0x6e:
        return scanWord(bytes, at, NULL);
      case 0x74:
        return scanWord(bytes, at, TRUE);
      case 0x66:
        return scanWord(bytes, at, FALSE);
      default:
        return scanNumber(bytes, at);
    }
  };

  const isComplete = (raw: Float64Array, rawAt: number): boolean => {
    for (let i = 0; i < nInputs; i++) {
      if (required[i] === 1 && isUnknown[i] === 0 && Number.isNaN(raw[rawAt + i])) return false;
    }
    return true;
  };

  return {
    scan: (bytes, from, raw, rawAt) => {
      for (let i = 0; i < nInputs; i++) raw[rawAt + i] = Number.NaN;
      if (nUnknown > 0) isUnknown.fill(0);
      nUnknown = 0;
      let at = skipSpace(bytes, from);
      if (bytes[at] !== OPEN) return -1;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] === CLOSE) return isComplete(raw, rawAt) ? at + 1 : -1;
      for (;;) {
        if (bytes[at] !== QUOTE) return -1;
        const nameEnd = scanString(bytes, at + 1);
        if (nameEnd < 0) return -1;
        const input = names.find(bytes, at + 1, nameEnd, hash);
        at = skipSpace(bytes, nameEnd + 1);
        if (bytes[at] !== COLON) return -1;
        at = skipSpace(bytes, at + 1);
        at = input < 0 ? skipValue(bytes, at) : scanValue(bytes, at, input, raw, rawAt);
        if (at < 0) return -1;
        at = skipSpace(bytes, at);
        if (bytes[at] === CLOSE) return isComplete(raw, rawAt) ? at + 1 : -1;
        if (bytes[at] !== COMMA) return -1;
        at = skipSpace(bytes, at + 1);
      }
    },
    unknown: () =>
      nUnknown === 0 ? NONE : inputs.flatMap(({ name }, i) => (isUnknown[i] === 1 ? name : [])),
  };
};

const POWERS = Float64Array.from({ length: 16 }, (_, i) => Number(`1e${i}`));
const NULL = Buffer.from('null');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

const scanWord = (bytes: Uint8Array, at: number, word: Uint8Array): number => {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return -1;
  return at + word.length;
};

const twoDigits = (bytes: Uint8Array, at: number): number => {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
};

const MONTH_DAYS = Uint8Array.of(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);

/** `2013-07-05T18:30` at `bytes[at]` as minutes since 1970-01-01T00:00, NaN for anything else. */
export const minutesAt = (bytes: Uint8Array, at: number): number => {
  const century = twoDigits(bytes, at);
  const inCentury = twoDigits(bytes, at + 2);
  const month = twoDigits(bytes, at + 5);
  const day = twoDigits(bytes, at + 8);
  const hour = twoDigits(bytes, at + 11);
  const minute = twoDigits(bytes, at + 14);
  const between = bytes[at + 10];
  if (
    (century | inCentury | month | day | hour | minute) < 0 ||
    bytes[at + 4] !== MINUS ||
    bytes[at + 7] !== MINUS ||
    (between !== LETTER_T && between !== SPACE) ||
    bytes[at + 13] !== COLON ||
    hour > 23 ||
    minute > 59 ||
    month < 1 ||
    month > 12 ||
    day < 1
  ) {
    return Number.NaN;
  }
  const year = century * 100 + inCentury;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > MONTH_DAYS[month]! && !(month === 2 && day === 29 && leap)) return Number.NaN;
  return daysOf(year, month, day) * 1440 + hour * 60 + minute;
};

/** Days since 1970-01-01. @source Howard Hinnant, days_from_civil */
const daysOf = (year: number, month: number, day: number): number => {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  );
};
