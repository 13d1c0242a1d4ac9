/**
 * The values of flights as their bytes hold them, read into a row of numbers: for the scanner, which knows what stands
 * where. What is outside the plain subset is -1.
 */
import type { Input } from '../../core/inputs.ts';
import { COLON, DOT, MINUS, QUOTE } from './ascii.ts';
import { buildDictionary, type Dictionary, HASH_SEED, hashNext } from './dictionary.ts';
import { buildToken, scanNumber, scanString } from './json-tokens.ts';
import { minutesAt, twoDigits } from './timestamp.ts';

/** Reads a value of an input at `bytes[at]`, of a text behind its quote. @returns its end, before the closing quote, or -1 */
type ReadValue = (bytes: Uint8Array, at: number, input: number) => number;

export interface FlightValues {
  /** From now on values go to `raw[at .. at + nInputs)`, and none is unknown. */
  readonly begin: (raw: Float64Array, at: number) => void;
  readonly category: ReadValue;
  /** A category written as a whole number: flight 1545. */
  readonly digits: ReadValue;
  readonly time: ReadValue;
  readonly number: ReadValue;
  /** The value of an input is missing, whatever was read of it before. */
  readonly leave: (input: number) => void;
  /** Whether no input is missing that has to be there. */
  readonly isComplete: () => boolean;
  /** Names of the categories that are unknown, in the order of the inputs: one list for the same names. */
  readonly unknown: () => readonly string[];
}

const NONE: readonly string[] = [];

/** @cost allocates nothing unless a value is unknown */
export const buildFlightValues = (inputs: readonly Input[]): FlightValues => {
  const nInputs = inputs.length;
  const words: readonly (Dictionary | undefined)[] = inputs.map((input) =>
    input.kind === 'category' ? buildDictionary(input.values ?? []) : undefined,
  );
  const required = Uint8Array.from(inputs, (input) => (input.required ? 1 : 0));
  const least = Float64Array.from(inputs, (input) => input.least ?? Number.NEGATIVE_INFINITY);
  const most = Float64Array.from(inputs, (input) => input.most ?? Number.POSITIVE_INFINITY);
  /** Takes none but its known values, or numbers that are no codes as well: what that means the slow twin knows. */
  const isClosed = Uint8Array.from(inputs, (input) => (input.onlyKnown || input.codes ? 1 : 0));
  const isUnknown = new Uint8Array(nInputs);
  let nUnknown = 0;
  const listOf = buildNameLists(inputs);
  const token = buildToken();
  let row = new Float64Array(nInputs);
  let rowAt = 0;

  const know = (input: number): void => {
    isUnknown[input] = 0;
    nUnknown--;
  };

  /** The category whose hash the token holds. */
  const take = (bytes: Uint8Array, from: number, to: number, input: number): number => {
    if (isUnknown[input] === 1) know(input);
    const code = words[input]!.find(bytes, from, to, token.hash);
    if (code >= 0) {
      row[rowAt + input] = code;
      return to;
    }
    // Bytes that are no UTF-8 would be mended before they are compared: not here.
    if (token.hasHighByte || isClosed[input] === 1) return -1;
    isUnknown[input] = 1;
    nUnknown++;
    row[rowAt + input] = Number.NaN;
    return to;
  };

  const leave = (input: number): void => {
    if (isUnknown[input] === 1) know(input);
    row[rowAt + input] = Number.NaN;
  };

  return {
    begin: (raw, at) => {
      row = raw as Float64Array<ArrayBuffer>;
      rowAt = at;
      for (let i = 0; nUnknown > 0; i++) if (isUnknown[i] === 1) know(i);
    },
    category: (bytes, at, input) => {
      const to = scanString(bytes, at, token);
      if (to > at) return take(bytes, at, to, input);
      if (to < 0 || required[input] === 1) return -1;
      leave(input);
      return to;
    },
    digits: (bytes, at, input) => {
      const to = scanNumber(bytes, at, token);
      if (to < 0 || bytes[at] === MINUS) return -1;
      token.hash = HASH_SEED;
      for (let i = at; i < to; i++) {
        if (bytes[i] === DOT) return -1;
        token.hash = hashNext(token.hash, bytes[i]!);
      }
      token.hasHighByte = false;
      return take(bytes, at, to, input);
    },
    time: (bytes, at, input) => {
      const minutes = minutesAt(bytes, at);
      if (Number.isNaN(minutes)) return -1;
      let end = at + 16;
      if (bytes[end] === COLON) {
        const seconds = twoDigits(bytes, end + 1);
        if (seconds < 0 || seconds > 60) return -1;
        end += 3;
      }
      if (bytes[end] !== QUOTE) return -1;
      row[rowAt + input] = minutes;
      return end;
    },
    number: (bytes, at, input) => {
      const end = scanNumber(bytes, at, token);
      if (end < 0 || token.number < least[input]! || token.number > most[input]!) return -1;
      row[rowAt + input] = token.number;
      return end;
    },
    leave,
    isComplete: () => {
      for (let i = 0; i < nInputs; i++)
        if (required[i] === 1 && isUnknown[i] === 0 && Number.isNaN(row[rowAt + i])) return false;
      return true;
    },
    unknown: () => (nUnknown === 0 ? NONE : listOf(isUnknown)),
  };
};

const KNOWN_LISTS = 1000;

/** The names of the inputs that are marked; the same few lists come again and again. */
const buildNameLists = (inputs: readonly Input[]): ((marked: Uint8Array) => readonly string[]) => {
  const make = (marked: Uint8Array): readonly string[] =>
    inputs.flatMap(({ name }, i) => (marked[i] === 1 ? name : []));
  // By their marks as bits of one number.
  const known = new Map<number, readonly string[]>();
  if (inputs.length > MARKED_INPUTS) return make;
  const bits = Float64Array.from(inputs, (_, i) => 2 ** i);
  return (marked) => {
    let key = 0;
    for (let i = 0; i < marked.length; i++) if (marked[i] === 1) key += bits[i]!;
    let list = known.get(key);
    if (list === undefined) {
      list = make(marked);
      if (known.size < KNOWN_LISTS) known.set(key, list);
    }
    return list;
  };
};

/** Bits of a number. */
const MARKED_INPUTS = 53;
