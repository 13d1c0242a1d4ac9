/**
 * The flight scanner, the fast reader of flights: from the bytes of JSON straight to a predictor's numbers, no object in
 * between. Its slow twin is `JSON.parse` with `core/inputs`. The scanner knows a plain subset (what clients send) and
 * returns -1 for anything else, a member that is given twice too; then the twin reads, and is the one that finds faults.
 */
import type { Input } from '../../core/inputs.ts';
import {
  BRACE_CLOSE,
  BRACE_OPEN,
  COLON,
  COMMA,
  LOWER_F,
  LOWER_N,
  LOWER_T,
  QUOTE,
} from './ascii.ts';
import { buildDictionary } from './dictionary.ts';
import { buildFlightShapes, VALUES, type ValueKind } from './flight-shapes.ts';
import { buildFlightValues } from './flight-values.ts';
import {
  buildToken,
  FALSE,
  NULL,
  scanNumber,
  scanString,
  scanWord,
  skipSpace,
  TRUE,
} from './json-tokens.ts';

export interface FlightScanner {
  /**
   * Reads the object that begins at or after `bytes[at]` into `raw[rawAt .. rawAt + nInputs)`.
   * @returns the place after its closing brace, -1 for anything outside the plain subset
   */
  readonly scan: (bytes: Uint8Array, at: number, raw: Float64Array, rawAt: number) => number;
  /** Names of the categories that the last scan did not know, in the order of the inputs: one list for the same names. */
  readonly unknown: () => readonly string[];
}

/** With more members that nobody asked for than these a flight is left to the twin. */
const MOST_OTHERS = 64;
/** Members that say something of the request wherever they stand in it: what they hold is for the twin to judge. */
const OF_THE_REQUEST = ['flights', 'weather'];

/** @cost about 1 ns per byte, 3 where a flight is written unlike the last ones; allocates nothing unless a value is unknown */
export const buildFlightScanner = (inputs: readonly Input[]): FlightScanner => {
  const nInputs = inputs.length;
  const names = buildDictionary(inputs.map(({ name }) => name));
  const ofTheRequest = buildDictionary(OF_THE_REQUEST);
  const required = Uint8Array.from(inputs, (input) => (input.required ? 1 : 0));
  const values = buildFlightValues(inputs);
  const shapes = buildFlightShapes(nInputs, values);
  const token = buildToken();
  const isGiven = new Uint8Array(nInputs);
  /** Hashes of the names that nobody asked for. */
  const others = new Int32Array(MOST_OTHERS);
  let nOthers = 0;

  /** Whether the name whose hash the token holds stands in this flight for the first time. */
  const isFirst = (input: number): boolean => {
    if (input >= 0) {
      if (isGiven[input] === 1) return false;
      isGiven[input] = 1;
      return true;
    }
    for (let i = 0; i < nOthers; i++) if (others[i] === token.hash) return false;
    if (nOthers === MOST_OTHERS) return false;
    others[nOthers++] = token.hash;
    return true;
  };

  const readAs = (bytes: Uint8Array, at: number, kind: ValueKind, input: number): number => {
    switch (kind) {
      case VALUES.category:
        return values.category(bytes, at, input);
      case VALUES.digits:
        return values.digits(bytes, at, input);
      case VALUES.time:
        return values.time(bytes, at, input);
      case VALUES.number:
        return values.number(bytes, at, input);
      case VALUES.otherText:
        return scanString(bytes, at, token);
      case VALUES.otherNumber:
        return scanNumber(bytes, at, token);
    }
  };

  /** Reads a text behind its quote. @returns the place behind the other quote, or -1 */
  const scanText = (bytes: Uint8Array, at: number, kind: ValueKind, input: number): number => {
    const end = readAs(bytes, at + 1, kind, input);
    if (end < 0) return -1;
    shapes.note(kind, input, at + 1, end);
    return end + 1;
  };

  const scanPlain = (bytes: Uint8Array, at: number, kind: ValueKind, input: number): number => {
    const end = readAs(bytes, at, kind, input);
    if (end >= 0) shapes.note(kind, input, at, end);
    return end;
  };

  const scanNull = (bytes: Uint8Array, at: number, input: number): number => {
    const end = scanWord(bytes, at, NULL);
    if (end < 0 || required[input] === 1) return -1;
    values.leave(input);
    return end;
  };

  const kinds = inputs.map(({ kind }) => kind);
  const scanValue = (bytes: Uint8Array, at: number, input: number): number => {
    const first = bytes[at];
    if (first === LOWER_N) return scanNull(bytes, at, input);
    switch (kinds[input]!) {
      case 'category':
        return first === QUOTE
          ? scanText(bytes, at, VALUES.category, input)
          : scanPlain(bytes, at, VALUES.digits, input);
      case 'time':
        return first === QUOTE ? scanText(bytes, at, VALUES.time, input) : -1;
      case 'number':
        return scanPlain(bytes, at, VALUES.number, input);
    }
  };

  /** Reads a value that nobody asked for; -1 for a list or an object. */
  const scanOther = (bytes: Uint8Array, at: number): number => {
    switch (bytes[at]) {
      case QUOTE:
        return scanText(bytes, at, VALUES.otherText, -1);
      case LOWER_N:
        return scanWord(bytes, at, NULL);
      case LOWER_T:
        return scanWord(bytes, at, TRUE);
      case LOWER_F:
        return scanWord(bytes, at, FALSE);
      default:
        return scanPlain(bytes, at, VALUES.otherNumber, -1);
    }
  };

  /** A flight of a shape that is not known. */
  const scanAny = (bytes: Uint8Array, from: number): number => {
    let at = skipSpace(bytes, from);
    if (bytes[at] !== BRACE_OPEN) return -1;
    at = skipSpace(bytes, at + 1);
    if (bytes[at] === BRACE_CLOSE) return at + 1;
    isGiven.fill(0);
    nOthers = 0;
    for (;;) {
      if (bytes[at] !== QUOTE) return -1;
      const nameEnd = scanString(bytes, at + 1, token);
      if (nameEnd < 0) return -1;
      const input = names.find(bytes, at + 1, nameEnd, token.hash);
      if (!isFirst(input)) return -1;
      const isPlain = input >= 0 || ofTheRequest.find(bytes, at + 1, nameEnd, token.hash) < 0;
      at = skipSpace(bytes, nameEnd + 1);
      if (bytes[at] !== COLON) return -1;
      at = skipSpace(bytes, at + 1);
      if (!isPlain && bytes[at] !== LOWER_N) return -1;
      at = input < 0 ? scanOther(bytes, at) : scanValue(bytes, at, input);
      if (at < 0) return -1;
      at = skipSpace(bytes, at);
      if (bytes[at] === BRACE_CLOSE) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = skipSpace(bytes, at + 1);
    }
  };

  return {
    scan: (bytes, from, raw, rawAt) => {
      let end = shapes.read(bytes, from, raw, rawAt);
      if (end < 0) {
        values.begin(raw, rawAt);
        shapes.expect(from);
        for (let i = 0; i < nInputs; i++) raw[rawAt + i] = Number.NaN;
        end = scanAny(bytes, from);
        if (end >= 0 && !values.isComplete()) end = -1;
        if (end >= 0) shapes.learn(bytes, end);
      }
      return end;
    },
    unknown: values.unknown,
  };
};
