/**
 * Flights by what they have in common: a number for each combination of codes and parts of the calendar.
 */
import { CALENDAR } from '../core/calendar.ts';
import type { Input } from '../core/inputs.ts';
import { indexOf, type KeyPart } from '../core/steps/lookup.ts';
import { type FlightColumns, narrowCodes } from './flight-columns.ts';
import { sharedInts, sharedShorts } from './shared-array.ts';

/** Code of each distinct key in the order of its first row. */
export interface KeyCodes {
  /** Shape (rows.length), shared: code, -1 where a part is missing. */
  readonly codes: Int16Array | Int32Array;
  readonly keys: readonly number[];
}

/** Gives some flights codes by the parts of a key (see `core/steps/lookup`). */
export type KeyReader = (parts: readonly KeyPart[]) => KeyCodes;

/** Keys up to this are looked up in an array. */
const DENSE = 1 << 22;

/** A reader that remembers each part of a key that it was asked for, one to four bytes a flight. */
export const buildKeyReader = ({ inputs, columns }: FlightColumns, rows: Int32Array): KeyReader => {
  const known = new Map<string, Uint8Array | Uint16Array | Uint32Array>();
  /** The digits of a part, its radix where one is missing or out of range. */
  const digitsOf = ({ of, input, radix }: KeyPart): Uint8Array | Uint16Array | Uint32Array => {
    const name = `${of} ${input} ${radix}`;
    const remembered = known.get(name);
    if (remembered) return remembered;
    const column = columns[indexOf(inputs, input)]!;
    const digitOf = of === 'code' ? (value: number) => value : CALENDAR[of];
    const narrow = radix < 2 ** 8 ? Uint8Array : radix < 2 ** 16 ? Uint16Array : Uint32Array;
    const digits = new narrow(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const digit = digitOf(column[rows[i]!]!);
      digits[i] = digit >= 0 && digit < radix ? digit : radix;
    }
    known.set(name, digits);
    return digits;
  };
  return (parts) => {
    const coder = startCodes(
      rows.length,
      parts.reduce((product, { radix }) => product * radix, 1),
    );
    const digitsOfParts = parts.map(digitsOf);
    const block = new Float64Array(BLOCK_ROWS);
    for (let first = 0; first < rows.length; first += BLOCK_ROWS) {
      const values = block.subarray(0, Math.min(BLOCK_ROWS, rows.length - first)).fill(0);
      for (const [p, { radix }] of parts.entries())
        addDigits(values, digitsOfParts[p]!.subarray(first), radix);
      coder.add(values, first);
    }
    return coder.finish();
  };
};

/** Keys that are made and looked up together: no more of them are held at a time. */
const BLOCK_ROWS = 4096;

/** One more part of some keys. */
const addDigits = (
  values: Float64Array,
  digits: Uint8Array | Uint16Array | Uint32Array,
  radix: number,
): void => {
  for (let i = 0; i < values.length; i++) {
    const digit = digits[i]!;
    values[i] = digit === radix ? Number.NaN : values[i]! * radix + digit;
  }
};

/**
 * The codes of the first `nRows` of the flights as inputs know them that have fewer values: every value of these flights
 * is among them.
 */
export const narrowKeyReader =
  (codesOf: KeyReader, from: readonly Input[], to: readonly Input[], nRows: number): KeyReader =>
  (parts) => {
    const radixOf = (inputs: readonly Input[], name: string): number =>
      inputs[indexOf(inputs, name)]!.values?.length ?? 0;
    const wide = parts.map((part) =>
      part.of === 'code' ? { ...part, radix: radixOf(from, part.input) } : part,
    );
    const digitsOf = parts.map((part) =>
      part.of === 'code' ? narrowCodes(from, to, part.input) : null,
    );
    const all = codesOf(wide);
    const codes = all.codes.subarray(0, nRows);
    // Codes are given in the order of the first rows.
    let nKeys = 0;
    for (let i = 0; i < codes.length; i++) nKeys = Math.max(nKeys, codes[i]! + 1);
    const keys = all.keys.slice(0, nKeys).map((key) => {
      let [rest, narrow, unit] = [key, 0, 1];
      for (let p = parts.length - 1; p >= 0; p--) {
        const digit = rest % wide[p]!.radix;
        narrow += unit * (digitsOf[p]?.[digit] ?? digit);
        unit *= parts[p]!.radix;
        rest = Math.floor(rest / wide[p]!.radix);
      }
      return narrow;
    });
    return { codes, keys };
  };

/** Gives codes to keys below `nKeys`, NaN where a part is missing, some after the other. */
const startCodes = (nRows: number, nKeys: number) => {
  const dense = nKeys <= DENSE ? new Int32Array(nKeys).fill(-1) : null;
  const sparse = new Map<number, number>();
  // More keys than these do not fit into two bytes.
  const codes = (nKeys < 2 ** 15 ? sharedShorts(nRows) : sharedInts(nRows)).fill(-1);
  const keys: number[] = [];
  return {
    add: (values: Float64Array, first: number): void => {
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        if (Number.isNaN(value)) continue;
        let code = dense ? dense[value]! : (sparse.get(value) ?? -1);
        if (code < 0) {
          code = keys.length;
          keys.push(value);
          if (dense) dense[value] = code;
          else sparse.set(value, code);
        }
        codes[first + i] = code;
      }
    },
    finish: (): KeyCodes => ({ codes, keys }),
  };
};

/** The codes of some keys by rising key, and these. */
export const sortedKeys = (
  { keys }: KeyCodes,
  isKept: (code: number) => boolean = () => true,
): { readonly order: readonly number[]; readonly keys: Float64Array } => {
  const order = keys.map((_, code) => code).filter(isKept);
  order.sort((a, b) => keys[a]! - keys[b]!);
  return { order, keys: Float64Array.from(order, (code) => keys[code]!) };
};
