/**
 * Lookups: numbers stored per combination of codes and parts of the calendar, as one key.
 */
import { CALENDAR } from '../calendar.ts';
import type { Input } from '../inputs.ts';

/** A part of a lookup's key: an integer in [0, radix) derived from one input. */
export interface KeyPart {
  readonly of: 'code' | 'minuteOfDay' | 'hour' | 'dayOfWeek' | 'month' | 'dayOfYear' | 'day';
  readonly input: string;
  readonly radix: number;
}

/** What a lookup holds: `numbers[i]` belongs to `keys[i]`, every other key has `otherwise`. */
export interface Lookup {
  readonly parts: readonly KeyPart[];
  readonly keys: Float64Array;
  readonly numbers: Float64Array;
  readonly otherwise: number;
}

/** Fills `out[outAt + row * stride]` for `nRows` flights, after `Digits.fill`. */
type LookupInto = (out: Float64Array, outAt: number, stride: number, nRows: number) => void;

/** Rows that are encoded feature by feature: what the features share of them stays in the nearest cache. */
export const ENCODER_ROWS = 256;

/** The digits of keys, which several features share; each column is filled once per block. */
export interface Digits {
  /** The column of one part, before its radix is looked at. */
  readonly column: (part: KeyPart) => Float64Array;
  readonly fill: (raw: Float64Array, rawAt: number, nRows: number) => void;
}

export const buildDigits = (inputs: readonly Input[]): Digits => {
  const columns = new Map<string, Float64Array>();
  const fills: ((raw: Float64Array, rawAt: number, nRows: number) => void)[] = [];
  const nInputs = inputs.length;
  return {
    column: ({ of, input }) => {
      const known = columns.get(`${of} ${input}`);
      if (known) return known;
      const column = new Float64Array(ENCODER_ROWS);
      const i = indexOf(inputs, input);
      const digit = of === 'code' ? (value: number) => value : CALENDAR[of];
      columns.set(`${of} ${input}`, column);
      fills.push((raw, rawAt, nRows) => {
        for (let row = 0; row < nRows; row++) column[row] = digit(raw[rawAt + row * nInputs + i]!);
      });
      return column;
    },
    fill: (raw, rawAt, nRows) => {
      for (let i = 0; i < fills.length; i++) fills[i]!(raw, rawAt, nRows);
    },
  };
};

/** A table with a place for every key is used up to this many places, or where most keys are there. */
const SMALL_TABLE = 65_536;

/** Whether a lookup is a table with a place for every key, rather than a hash of those that are there. */
export const isTable = ({ parts, keys }: Lookup): boolean =>
  nKeysOf(parts) <= Math.max(SMALL_TABLE, 4 * keys.length);

/** How many keys such parts can make. */
export const nKeysOf = (parts: readonly KeyPart[]): number =>
  parts.reduce((product, { radix }) => product * radix, 1);

/** @param digits those of the encoder that fills them before it calls */
export const buildLookup = (lookup: Lookup, digits: Digits): LookupInto => {
  const { parts, keys, numbers, otherwise } = lookup;
  const columns = parts.map((part) => digits.column(part));
  const radices = parts.map((part) => part.radix);
  const numberOf = isTable(lookup)
    ? buildTable(nKeysOf(parts), keys, numbers, otherwise)
    : buildMap(keys, numbers, otherwise);
  const combined = new Float64Array(ENCODER_ROWS);
  return (out, outAt, stride, nRows) => {
    for (let p = 0; p < columns.length; p++) {
      const column = columns[p]!;
      const radix = radices[p]!;
      for (let row = 0; row < nRows; row++) {
        const digit = column[row]!;
        const key = p === 0 ? 0 : combined[row]! * radix;
        combined[row] = digit >= 0 && digit < radix ? key + digit : Number.NaN;
      }
    }
    for (let row = 0; row < nRows; row++) out[outAt + row * stride] = numberOf(combined[row]!);
  };
};

const buildTable = (
  nKeys: number,
  keys: Float64Array,
  numbers: Float64Array,
  otherwise: number,
): ((key: number) => number) => {
  const table = new Float64Array(nKeys).fill(otherwise);
  for (let k = 0; k < keys.length; k++) table[keys[k]!] = numbers[k]!;
  return (key) => {
    const at = key | 0;
    return at === key && at < nKeys ? table[at]! : otherwise;
  };
};

const buildMap = (
  keys: Float64Array,
  numbers: Float64Array,
  otherwise: number,
): ((key: number) => number) => {
  const places = new Map<number, number>();
  for (let k = 0; k < keys.length; k++) places.set(keys[k]!, k);
  return (key) => {
    const place = places.get(key);
    return place === undefined ? otherwise : numbers[place]!;
  };
};

/** @throws TypeError when there is none (a bug in whoever built the model) */
export const indexOf = (inputs: readonly Input[], name: string): number => {
  const index = inputs.findIndex((input) => input.name === name);
  if (index < 0) throw new TypeError(`no input is named ${name}`);
  return index;
};
