/**
 * Strings to codes, many at a time, straight from the memory of a DuckDB vector.
 *
 * A DuckDB string is 16 bytes: its length, then up to 12 bytes of text in place (longer text lies elsewhere).
 * @source DuckDB, src/include/duckdb/common/types/string_type.hpp
 */
import type { DuckDBVarCharVector } from '@duckdb/node-api';

const LONGEST_IN_PLACE = 12;

export interface Dictionary {
  /** Distinct texts in the order of their first appearance; a code is an index into it. */
  readonly texts: readonly string[];
  /** Codes of the texts of a vector without NULLs, `out[at + i]` for its item i; -1 for an empty text. */
  readonly encodeInto: (vector: DuckDBVarCharVector, out: Int32Array, at: number) => void;
}

/** An empty dictionary. @cost about 10 ns a short text, a string and a map look-up for a longer one */
export const buildDictionary = (): Dictionary => {
  const texts: string[] = [];
  const longTexts = new Map<string, number>();
  let nSlots = 1024;
  let slots = new Int32Array(nSlots).fill(-1);
  let keys = new Uint32Array(4 * 512);

  const hash = (a: number, b: number, c: number, d: number): number => {
    let h = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15) ^ c, 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 13) ^ d, 0x27d4eb2f);
    return h ^ (h >>> 16);
  };

  const grow = (): void => {
    const wider = new Uint32Array(keys.length * 2);
    wider.set(keys);
    keys = wider;
    nSlots *= 2;
    slots = new Int32Array(nSlots).fill(-1);
    for (let code = 0; code < texts.length; code++) {
      const k = code * 4;
      if (keys[k]! > LONGEST_IN_PLACE) continue;
      let slot = hash(keys[k]!, keys[k + 1]!, keys[k + 2]!, keys[k + 3]!) & (nSlots - 1);
      while (slots[slot] !== -1) slot = (slot + 1) & (nSlots - 1);
      slots[slot] = code;
    }
  };

  const add = (text: string, a: number, b: number, c: number, d: number): number => {
    if (texts.length * 4 === keys.length) grow();
    keys.set([a, b, c, d], texts.length * 4);
    return texts.push(text) - 1;
  };

  const encodeInto = (vector: DuckDBVarCharVector, out: Int32Array, at: number): void => {
    const view = vector['dataView'];
    const words = new Uint32Array(view.buffer, view.byteOffset, vector.itemCount * 4);
    for (let i = 0; i < vector.itemCount; i++) {
      const w = i * 4;
      const a = words[w]!;
      if (a === 0) {
        out[at + i] = -1;
        continue;
      }
      if (a > LONGEST_IN_PLACE) {
        const text = vector.getItem(i)!;
        let code = longTexts.get(text);
        if (code === undefined) {
          code = add(text, a, 0, 0, 0);
          longTexts.set(text, code);
        }
        out[at + i] = code;
        continue;
      }
      const b = words[w + 1]!;
      const c = words[w + 2]!;
      const d = words[w + 3]!;
      let slot = hash(a, b, c, d) & (nSlots - 1);
      let code = slots[slot]!;
      while (code !== -1) {
        const k = code * 4;
        if (keys[k] === a && keys[k + 1] === b && keys[k + 2] === c && keys[k + 3] === d) break;
        slot = (slot + 1) & (nSlots - 1);
        code = slots[slot]!;
      }
      if (code === -1) {
        const before = nSlots;
        code = add(vector.getItem(i)!, a, b, c, d);
        if (nSlots !== before) {
          slot = hash(a, b, c, d) & (nSlots - 1);
          while (slots[slot] !== -1) slot = (slot + 1) & (nSlots - 1);
        }
        slots[slot] = code;
      }
      out[at + i] = code;
    }
  };

  return { texts, encodeInto };
};

/** The slow twin of `encodeInto`: codes of texts against a growing list. */
export const codesOfSlowly = (items: readonly string[], texts: string[]): readonly number[] =>
  items.map((text) => {
    if (text === '') return -1;
    const known = texts.indexOf(text);
    return known >= 0 ? known : texts.push(text) - 1;
  });

/**
 * Texts sorted by code unit, and codes rewritten in place to fit them.
 * @param codes int32, shape (at least nRows); -1 stays
 */
export const sortDictionary = (
  texts: readonly string[],
  codes: Int32Array,
  nRows: number,
): readonly string[] => {
  const order = texts.map((_, code) => code);
  order.sort((a, b) => (texts[a]! < texts[b]! ? -1 : 1));
  const rank = new Int32Array(texts.length);
  order.forEach((code, place) => {
    rank[code] = place;
  });
  for (let row = 0; row < nRows; row++) {
    const code = codes[row]!;
    if (code >= 0) codes[row] = rank[code]!;
  }
  return order.map((code) => texts[code]!);
};
