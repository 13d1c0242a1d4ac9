/**
 * Looks among the fields of a head: by name, whatever its case, without making a string of any other.
 * Stands between `head` and those who ask.
 */
import type { Head } from './head.ts';

const LOWER = 0x20;

/** Whether `bytes[from .. to)` are the letters of `word`, which is written in lower case. */
export const isWord = (bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean => {
  if (to - from !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    const byte = bytes[from + i]!;
    const expected = word[i]!;
    if (byte !== expected && !(isUpper(byte) && (byte | LOWER) === expected)) return false;
  }
  return true;
};

const isUpper = (byte: number): boolean => byte >= 65 && byte <= 90;

const known = new Map<string, Uint8Array>();
const KNOWN_NAMES = 100;

const bytesOf = (name: string): Uint8Array => {
  let bytes = known.get(name);
  if (bytes === undefined) {
    bytes = Buffer.from(name, 'latin1');
    if (known.size < KNOWN_NAMES) known.set(name, bytes);
  }
  return bytes;
};

export const textAt = (head: Head, from: number, to: number): string =>
  head.bytes.toString('latin1', head.start + from, head.start + to);

/**
 * The value of a field, several of one name joined by commas; null when there is none: as `Headers.get` has it.
 * @param name in lower case
 */
export const fieldOf = (head: Head, name: string): string | null => {
  const { bytes, start, fields, nFields } = head;
  const wanted = bytesOf(name);
  let value: string | null = null;
  for (let at = 0; at < nFields * 4; at += 4) {
    if (!isWord(bytes, start + fields[at]!, start + fields[at + 1]!, wanted)) continue;
    const text = textAt(head, fields[at + 2]!, fields[at + 3]!);
    value = value === null ? text : `${value}, ${text}`;
  }
  return value;
};
