/**
 * Shapes of flights: a caller writes the same members in the same way each time, and only the values differ. So what a
 * scanner has read once, the bytes between the values, is compared eight at a time from then on, and only the values are
 * read. A flight of another shape is left to the scanner.
 */
import type { FlightValues } from './flight-values.ts';
import { buildToken, scanNumber, scanString } from './json-tokens.ts';

/** What stands in the place of a value. What is the same word each time (`null`, `true`) belongs to the bytes around it. */
export const VALUES = {
  category: 0,
  digits: 1,
  time: 2,
  number: 3,
  otherText: 4,
  otherNumber: 5,
} as const;
export type ValueKind = (typeof VALUES)[keyof typeof VALUES];

interface FlightShapes {
  /**
   * Reads the flight at `bytes[at ..]` if it has a known shape: NaN for every input without a value.
   * @returns the place behind it, -1 where it has none or a value cannot be read
   */
  readonly read: (bytes: Uint8Array, at: number, raw: Float64Array, rawAt: number) => number;
  /** A flight is going to be scanned that begins at `bytes[at]`, white space before it included. */
  readonly expect: (at: number) => void;
  /** A value of it is `bytes[from .. to)`, that of an input, or of none (-1). A text without its quotes. */
  readonly note: (kind: ValueKind, input: number, from: number, to: number) => void;
  /** The flight is whole and ends at `bytes[to]`: others of its shape will be known. */
  readonly learn: (bytes: Uint8Array, to: number) => void;
}

interface Shape {
  readonly nValues: number;
  readonly kinds: Uint8Array;
  /** Of each value, -1 of none. */
  readonly inputs: Int16Array;
  /** Inputs without a value. */
  readonly absent: Int16Array;
  /** What stands before each value and behind the last. */
  readonly between: readonly Uint8Array[];
  readonly lengths: Int32Array;
  /** The same as words of eight bytes, the last of each piece ending where the piece ends; none for a shorter piece. */
  readonly words: Float64Array;
  readonly firstWord: Int32Array;
  /** Whether another flight had it since. */
  isMet: boolean;
}

/** So many are known, the last one first. */
const SHAPES = 4;
/** Where each flight has a shape of its own, one in so many is learned at least. */
const MOST_PASSED = 1024;
const MOST_VALUES = 64;
const MOST_BYTES = 4096;
const WORD_BYTES = 8;
/** A larger buffer is let go of at once. */
const KEPT_BYTES = 2 ** 20;
const NONE = new Uint8Array(0);

/**
 * @param values by which values are read
 * @cost some 0.4 ns per byte between the values; allocates a view where the bytes are in another buffer than last time
 */
export const buildFlightShapes = (
  nInputs: number,
  { begin, category, digits, time, number }: FlightValues,
): FlightShapes => {
  const token = buildToken();
  const shapes: Shape[] = [];
  /** Flights that are not learned after one that was: more, as long as what is learned is of no use. */
  let patience = 0;
  let nPassed = 0;
  const noted = { from: new Int32Array(MOST_VALUES), to: new Int32Array(MOST_VALUES) };
  const kinds = new Uint8Array(MOST_VALUES);
  const inputs = new Int16Array(MOST_VALUES);
  let start = 0;
  let nValues = 0;
  let isLearnable = false;
  let seen: Uint8Array = NONE;
  let view = viewOf(NONE);
  const see = (bytes: Uint8Array): void => {
    if (seen === bytes) return;
    seen = bytes;
    view = viewOf(bytes);
  };

  /** One function, so that what it calls is compiled into it. */
  const readAs = (shape: Shape, bytes: Uint8Array, from: number): number => {
    const { nValues, kinds, inputs, between, lengths, words, firstWord } = shape;
    const nBytes = bytes.length;
    let at = from;
    for (let v = 0; ; v++) {
      const end = at + lengths[v]!;
      if (end > nBytes) return -1;
      const last = end - WORD_BYTES;
      if (last < at) {
        const piece = between[v]!;
        for (let i = 0; i < piece.length; i++) if (bytes[at + i] !== piece[i]) return -1;
      } else {
        let word = firstWord[v]!;
        for (let i = at; i < last; i += WORD_BYTES)
          if (view.getFloat64(i, true) !== words[word++]) return -1;
        if (view.getFloat64(last, true) !== words[word]) return -1;
      }
      if (v === nValues) return end;
      const input = inputs[v]!;
      switch (kinds[v] as ValueKind) {
        case VALUES.category:
          at = category(bytes, end, input);
          break;
        case VALUES.digits:
          at = digits(bytes, end, input);
          break;
        case VALUES.time:
          at = time(bytes, end, input);
          break;
        case VALUES.number:
          at = number(bytes, end, input);
          break;
        case VALUES.otherText:
          at = scanString(bytes, end, token);
          break;
        case VALUES.otherNumber:
          at = scanNumber(bytes, end, token);
      }
      if (at < 0) return -1;
    }
  };

  return {
    read: (bytes, at, raw, rawAt) => {
      see(bytes);
      let end = -1;
      for (let s = 0; s < shapes.length && end < 0; s++) {
        const shape = shapes[s]!;
        begin(raw, rawAt);
        end = readAs(shape, bytes, at);
        if (end < 0) continue;
        const { absent } = shape;
        for (let i = 0; i < absent.length; i++) raw[rawAt + absent[i]!] = Number.NaN;
        shape.isMet = true;
        shapes[s] = shapes[0]!;
        shapes[0] = shape;
      }
      if (bytes.length > KEPT_BYTES) see(NONE);
      return end;
    },
    expect: (at) => {
      start = at;
      nValues = 0;
      isLearnable = true;
    },
    note: (kind, input, from, to) => {
      if (nValues === MOST_VALUES) {
        isLearnable = false;
        return;
      }
      kinds[nValues] = kind;
      inputs[nValues] = input;
      noted.from[nValues] = from;
      noted.to[nValues] = to;
      nValues++;
    },
    learn: (bytes, to) => {
      if (!isLearnable || nPassed++ < patience) return;
      nPassed = 0;
      const between = Array.from({ length: nValues + 1 }, (_, v) =>
        // A copy: what the bytes lie in is written over.
        Uint8Array.from(
          bytes.subarray(v === 0 ? start : noted.to[v - 1]!, v === nValues ? to : noted.from[v]!),
        ),
      );
      const shape = shapeOf(between, kinds.slice(0, nValues), inputs.slice(0, nValues), nInputs);
      if (shape === undefined) return;
      const forgotten = shapes.length === SHAPES ? shapes.pop() : undefined;
      patience = forgotten && !forgotten.isMet ? Math.min(2 * patience + 1, MOST_PASSED) : 0;
      shapes.unshift(shape);
    },
  };
};

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** @returns undefined where the bytes between the values are too many, or cannot be compared as numbers */
const shapeOf = (
  between: readonly Uint8Array[],
  kinds: Uint8Array,
  inputs: Int16Array,
  nInputs: number,
): Shape | undefined => {
  if (between.reduce((sum, { length }) => sum + length, 0) > MOST_BYTES) return undefined;
  const words: number[] = [];
  const firstWord = between.map((bytes) => {
    const first = words.length;
    const view = viewOf(bytes);
    const last = bytes.length - WORD_BYTES;
    for (let at = 0; at < last; at += WORD_BYTES) words.push(view.getFloat64(at, true));
    if (last >= 0) words.push(view.getFloat64(last, true));
    return first;
  });
  // Two numbers are equal only if their bytes are, but for zero and what is no number: no text has the bytes of either.
  if (words.some((word) => word === 0 || !Number.isFinite(word))) return undefined;
  const given = new Set(inputs);
  return {
    nValues: kinds.length,
    kinds,
    inputs,
    absent: Int16Array.from(Array.from({ length: nInputs }, (_, i) => i)).filter(
      (i) => !given.has(i),
    ),
    between,
    lengths: Int32Array.from(between, ({ length }) => length),
    words: Float64Array.from(words),
    firstWord: Int32Array.from(firstWord),
    isMet: false,
  };
};
