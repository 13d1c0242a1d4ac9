/**
 * Strings to codes, many at a time, straight from the memory of a DuckDB vector.
 *
 * A DuckDB string is 16 bytes: its length, then up to 12 bytes of text in place (longer text lies elsewhere).
 * @source DuckDB, src/include/duckdb/common/types/string_type.hpp
 */
import type { DuckDBVarCharVector } from '@duckdb/node-api';
import { presentOf } from './vectors.ts';

const LONGEST_IN_PLACE = 12;

/** Room enough that most texts are found where they are looked for first. */
const SLOTS_PER_ENTRY = 4;

export interface Dictionary {
  /** Distinct texts in the order of their first appearance; a code is an index into it. */
  readonly texts: readonly string[];
  /** Codes of the texts of a vector, `out[at + i]` for its item i; -1 for NULL, an empty text and what means nothing. */
  readonly encodeInto: (vector: DuckDBVarCharVector, out: Int32Array, at: number) => void;
}

/**
 * An empty dictionary.
 * @param nothing texts that get no code
 * @cost about 10 ns a short text, a string and a map look-up for a longer one
 */
export const buildDictionary = (nothing: readonly string[] = []): Dictionary => {
  const texts: string[] = [];
  const longTexts = new Map<string, number>();
  // An entry is a short text that was seen, with its four words of memory and its code. Signed, because what fits in 31
  // bits is an integer to the compiler, and almost every text does.
  let nEntries = 0;
  let nSlots = SLOTS_PER_ENTRY * 512;
  let slots = new Int32Array(nSlots).fill(-1);
  let keys = new Int32Array(4 * 512);
  let codes = new Int32Array(512);

  const codeOfNew = (text: string): number => (nothing.includes(text) ? -1 : texts.push(text) - 1);

  const firstFree = (h: number): number => {
    let slot = h & (nSlots - 1);
    while (slots[slot] !== -1) slot = (slot + 1) & (nSlots - 1);
    return slot;
  };

  const grow = (): void => {
    keys = widerInt32(keys);
    codes = widerInt32(codes);
    nSlots *= 2;
    slots = new Int32Array(nSlots).fill(-1);
    for (let entry = 0; entry < nEntries; entry++) {
      const k = entry * 4;
      slots[firstFree(hash(keys[k]!, keys[k + 1]!, keys[k + 2]!, keys[k + 3]!))] = entry;
    }
  };

  /** The entry of a text that was not seen before. */
  const add = (text: string, words: Int32Array, w: number): number => {
    if (nEntries === codes.length) grow();
    slots[firstFree(hash(words[w]!, words[w + 1]!, words[w + 2]!, words[w + 3]!))] = nEntries;
    keys.set(words.subarray(w, w + 4), nEntries * 4);
    codes[nEntries] = codeOfNew(text);
    return nEntries++;
  };

  const longCode = (text: string): number => {
    let code = longTexts.get(text);
    if (code === undefined) {
      code = codeOfNew(text);
      longTexts.set(text, code);
    }
    return code;
  };

  const encodeInto = (vector: DuckDBVarCharVector, out: Int32Array, at: number): void => {
    const { buffer, byteOffset } = vector['dataView'];
    const nItems = vector.itemCount;
    const words = new Int32Array(buffer, byteOffset, nItems * 4);
    const present = presentOf(vector);
    // By names of this call, because what others may change is looked up again for every item.
    let [table, known, numbers, mask] = [slots, keys, codes, nSlots - 1];
    for (let i = 0; i < nItems; i++) {
      const w = i * 4;
      const a = words[w]!;
      if (a === 0 || (present !== undefined && (present[i >> 5]! & (1 << (i & 31))) === 0)) {
        out[at + i] = -1;
        continue;
      }
      if (a > LONGEST_IN_PLACE) {
        out[at + i] = longCode(vector.getItem(i)!);
        continue;
      }
      const b = words[w + 1]!;
      const c = words[w + 2]!;
      const d = words[w + 3]!;
      let slot = hash(a, b, c, d) & mask;
      let entry = table[slot]!;
      while (entry !== -1) {
        const k = entry * 4;
        if (
          ((known[k]! ^ a) | (known[k + 1]! ^ b) | (known[k + 2]! ^ c) | (known[k + 3]! ^ d)) ===
          0
        )
          break;
        slot = (slot + 1) & mask;
        entry = table[slot]!;
      }
      if (entry === -1) {
        entry = add(vector.getItem(i)!, words, w);
        [table, known, numbers, mask] = [slots, keys, codes, nSlots - 1];
      }
      out[at + i] = numbers[entry]!;
    }
  };

  return { texts, encodeInto };
};

const hash = (a: number, b: number, c: number, d: number): number => {
  let h = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ c, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13) ^ d, 0x27d4eb2f);
  return h ^ (h >>> 16);
};

const widerInt32 = (array: Int32Array): Int32Array<ArrayBuffer> => {
  const wider = new Int32Array(2 * array.length);
  wider.set(array);
  return wider;
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
