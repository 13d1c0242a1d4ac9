/**
 * Flights by what they have in common: a number for each combination of codes and parts of the calendar.
 */
import type { Input } from '../core/inputs.ts';
import { type KeyPart, keysOf } from '../core/steps/lookup.ts';

/** Code of each distinct key in the order of its first row. */
export interface KeyCodes {
  /** int32, shape (rows.length): code, -1 where a part is missing. */
  readonly codes: Int32Array;
  readonly keys: readonly number[];
}

/** Keys up to this are looked up in an array. */
const DENSE = 1 << 22;

/** @param raw float64, shape (n, inputs.length) */
export const codesOf = (
  parts: readonly KeyPart[],
  inputs: readonly Input[],
  raw: Float64Array,
  rows: Int32Array,
): KeyCodes => {
  const values = keysOf(parts, inputs, raw, rows);
  const nKeys = parts.reduce((product, { radix }) => product * radix, 1);
  const dense = nKeys <= DENSE ? new Int32Array(nKeys).fill(-1) : null;
  const sparse = new Map<number, number>();
  const codes = new Int32Array(rows.length).fill(-1);
  const keys: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    let code = dense ? dense[value]! : (sparse.get(value) ?? -1);
    if (code < 0) {
      code = keys.length;
      keys.push(value);
      if (dense) dense[value] = code;
      else sparse.set(value, code);
    }
    codes[i] = code;
  }
  return { codes, keys };
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
