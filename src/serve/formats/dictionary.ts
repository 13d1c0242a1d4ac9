/**
 * A hash table of words looked up by their bytes, without making a string: input names and known values.
 */

export interface Dictionary {
  /** Place of the word at `bytes[from .. to)` whose hash is `hash`, -1 when it is not there. */
  readonly find: (bytes: Uint8Array, from: number, to: number, hash: number) => number;
}

/** Where a hash begins, and its next value for one more byte. @source FNV-1a, 32 bits */
export const HASH_SEED = 0x811c9dc5 | 0;
export const hashNext = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193);

const hashOf = (bytes: Uint8Array, from: number, to: number): number => {
  let hash = HASH_SEED;
  for (let i = from; i < to; i++) hash = hashNext(hash, bytes[i]!);
  return hash;
};

/** @param words distinct; a word's place is its index */
export const buildDictionary = (words: readonly string[]): Dictionary => {
  const { run, starts } = runOf(words);
  const mask = 2 ** Math.ceil(Math.log2(Math.max(2, words.length * 2))) - 1;
  const slots = new Int32Array(mask + 1).fill(-1);
  for (let i = 0; i < words.length; i++) {
    let slot = hashOf(run, starts[i]!, starts[i + 1]!) & mask;
    while (slots[slot] !== -1) slot = (slot + 1) & mask;
    slots[slot] = i;
  }
  const holds = (place: number, bytes: Uint8Array, from: number, to: number): boolean => {
    const start = starts[place]!;
    if (starts[place + 1]! - start !== to - from) return false;
    for (let i = 0; i < to - from; i++) if (run[start + i] !== bytes[from + i]) return false;
    return true;
  };
  return {
    find: (bytes, from, to, hash) => {
      for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
        const place = slots[slot]!;
        if (place === -1 || holds(place, bytes, from, to)) return place;
      }
    },
  };
};

/** The bytes of all words, one behind the other, and where each begins. */
const runOf = (words: readonly string[]): { run: Uint8Array; starts: Int32Array } => {
  const text = words.join('');
  const whole = Buffer.from(text);
  // Thousands of words are encoded at once where each letter is a byte.
  const encoded = whole.length === text.length ? undefined : words.map((word) => Buffer.from(word));
  const starts = new Int32Array(words.length + 1);
  for (let i = 0; i < words.length; i++) starts[i + 1] = starts[i]! + (encoded ?? words)[i]!.length;
  return { run: new Uint8Array(encoded ? Buffer.concat(encoded) : whole), starts };
};
