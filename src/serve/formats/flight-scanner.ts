/**
 * The flight scanner, the fast reader of flights: from the bytes of JSON straight to a predictor's numbers, no object in
 * between. Its slow twin is `JSON.parse` with `core/inputs`. The scanner knows a plain subset (what clients send) and
 * returns -1 for anything else; then the twin reads, and is the one that finds faults.
 */
import type { Input } from '../../core/inputs.ts';
import { BRACE_CLOSE, BRACE_OPEN, COLON, COMMA, DOT, LOWER_N, MINUS, QUOTE } from './ascii.ts';
import { buildDictionary, type Dictionary, HASH_SEED, hashNext } from './dictionary.ts';
import {
  buildToken,
  NULL,
  scanNumber,
  scanString,
  scanWord,
  skipSpace,
  skipValue,
} from './json-tokens.ts';
import { minutesAt, twoDigits } from './timestamp.ts';

export interface FlightScanner {
  /**
   * Reads the object that begins at or after `bytes[at]` into `raw[rawAt .. rawAt + nInputs)`.
   * @returns the place after its closing brace, -1 for anything outside the plain subset
   */
  readonly scan: (bytes: Uint8Array, at: number, raw: Float64Array, rawAt: number) => number;
  /** Names of the categories that the last scan did not know, in the order of the inputs: one list for the same names. */
  readonly unknown: () => readonly string[];
}

const NONE: readonly string[] = [];
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
  const least = Float64Array.from(inputs, (input) => input.least ?? Number.NEGATIVE_INFINITY);
  const most = Float64Array.from(inputs, (input) => input.most ?? Number.POSITIVE_INFINITY);
  const quotedNames = inputs.map(({ name }) => {
    const text = Buffer.from(JSON.stringify(name).slice(1));
    // A name that JSON writes with escapes is left to the slow twin.
    return text.length === Buffer.byteLength(name) + 1 ? text : undefined;
  });
  /** Which input came after each last time, in its place plus one; before all others in place 0. -1: none. */
  const followers = new Int32Array(nInputs + 1).fill(-1);
  const isUnknown = new Uint8Array(nInputs);
  let nUnknown = 0;
  const listOf = buildNameLists(inputs);
  const token = buildToken();
  /** Where the numbers of the flight that is being read go: `raw[at .. at + nInputs)`. */
  const into: { raw: Float64Array; at: number } = { raw: new Float64Array(0), at: 0 };

  /** Where the name of an input ends that begins at `at`, with its quote; -1 when another one is there. */
  const endOfName = (bytes: Uint8Array, at: number, input: number): number => {
    const name = quotedNames[input];
    if (name === undefined) return -1;
    for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return -1;
    return at + name.length - 1;
  };

  const scanCategory = (bytes: Uint8Array, at: number, input: number): number => {
    let from = at;
    let to = 0;
    let next = 0;
    if (bytes[at] === QUOTE) {
      from = at + 1;
      to = scanString(bytes, from, token);
      if (to < 0) return -1;
      next = to + 1;
      if (to === from) return required[input] === 1 ? -1 : leave(input, next);
    } else {
      // A whole number is read as its own digits: flight 1545.
      to = scanNumber(bytes, at, token);
      if (to < 0 || bytes[at] === MINUS) return -1;
      token.hash = HASH_SEED;
      for (let i = at; i < to; i++) {
        if (bytes[i] === DOT) return -1;
        token.hash = hashNext(token.hash, bytes[i]!);
      }
      token.hasHighByte = false;
      next = to;
    }
    const code = values[input]!.find(bytes, from, to, token.hash);
    if (code >= 0) {
      into.raw[into.at + input] = code;
      return next;
    }
    // Bytes that are no UTF-8 would be mended before they are compared: not here.
    if (token.hasHighByte || inputs[input]!.onlyKnown || inputs[input]!.codes) return -1;
    isUnknown[input] = 1;
    nUnknown++;
    into.raw[into.at + input] = Number.NaN;
    return next;
  };

  const leave = (input: number, next: number): number => {
    into.raw[into.at + input] = Number.NaN;
    return next;
  };

  const scanTime = (bytes: Uint8Array, at: number, input: number): number => {
    if (bytes[at] !== QUOTE) return -1;
    const minutes = minutesAt(bytes, at + 1);
    if (Number.isNaN(minutes)) return -1;
    let end = at + 17;
    if (bytes[end] === COLON) {
      if (twoDigits(bytes, end + 1) < 0) return -1;
      end += 3;
    }
    if (bytes[end] !== QUOTE) return -1;
    into.raw[into.at + input] = minutes;
    return end + 1;
  };

  const scanValue = (bytes: Uint8Array, at: number, input: number): number => {
    if (isUnknown[input] === 1) {
      isUnknown[input] = 0;
      nUnknown--;
    }
    if (bytes[at] === LOWER_N) {
      const next = scanWord(bytes, at, NULL);
      return next < 0 || required[input] === 1 ? -1 : leave(input, next);
    }
    if (kinds[input] === KINDS.category) return scanCategory(bytes, at, input);
    if (kinds[input] === KINDS.time) return scanTime(bytes, at, input);
    const next = scanNumber(bytes, at, token);
    if (next < 0 || token.number < least[input]! || token.number > most[input]!) return -1;
    into.raw[into.at + input] = token.number;
    return next;
  };

  const isComplete = (raw: Float64Array, rawAt: number): boolean => {
    for (let i = 0; i < nInputs; i++) {
      if (required[i] === 1 && isUnknown[i] === 0 && Number.isNaN(raw[rawAt + i])) return false;
    }
    return true;
  };

  return {
    scan: (bytes, from, raw, rawAt) => {
      into.raw = raw;
      into.at = rawAt;
      for (let i = 0; i < nInputs; i++) raw[rawAt + i] = Number.NaN;
      if (nUnknown > 0) isUnknown.fill(0);
      nUnknown = 0;
      let last = -1;
      let at = skipSpace(bytes, from);
      if (bytes[at] !== BRACE_OPEN) return -1;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] === BRACE_CLOSE) return isComplete(raw, rawAt) ? at + 1 : -1;
      for (;;) {
        if (bytes[at] !== QUOTE) return -1;
        // A caller writes its members in the same order each time: what came next last time is tried first.
        let input = followers[last + 1]!;
        let nameEnd = input < 0 ? -1 : endOfName(bytes, at + 1, input);
        if (nameEnd < 0) {
          nameEnd = scanString(bytes, at + 1, token);
          if (nameEnd < 0) return -1;
          input = names.find(bytes, at + 1, nameEnd, token.hash);
          followers[last + 1] = input;
        }
        if (input >= 0) last = input;
        at = skipSpace(bytes, nameEnd + 1);
        if (bytes[at] !== COLON) return -1;
        at = skipSpace(bytes, at + 1);
        at = input < 0 ? skipValue(bytes, at, token) : scanValue(bytes, at, input);
        if (at < 0) return -1;
        at = skipSpace(bytes, at);
        if (bytes[at] === BRACE_CLOSE) return isComplete(raw, rawAt) ? at + 1 : -1;
        if (bytes[at] !== COMMA) return -1;
        at = skipSpace(bytes, at + 1);
      }
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
  return (marked) => {
    let key = 0;
    for (let i = 0; i < marked.length; i++) key |= marked[i]! << i;
    let list = known.get(key);
    if (list === undefined) {
      list = make(marked);
      if (known.size < KNOWN_LISTS) known.set(key, list);
    }
    return list;
  };
};

/** Bits of a small integer. */
const MARKED_INPUTS = 30;
