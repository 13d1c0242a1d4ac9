/**
 * Looks among the fields of a head: by name, whatever its case, without making a string of any other.
 */
import type { RequestHead } from './request-head.ts';

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

const letters = new Map<string, Uint8Array>();
const KNOWN_NAMES = 100;

const lettersOf = (name: string): Uint8Array => {
  let found = letters.get(name);
  if (found === undefined) {
    found = Buffer.from(name, 'latin1');
    if (letters.size < KNOWN_NAMES) letters.set(name, found);
  }
  return found;
};

/** Values that come again and again, by their length: no string is made of them. */
const COMMON = new Map(
  ['application/json', 'application/x-ndjson', 'application/octet-stream'].map((text) => [
    text.length,
    { text, bytes: Buffer.from(text) },
  ]),
);

export const textAt = (head: RequestHead, from: number, to: number): string =>
  head.bytes.toString('latin1', head.start + from, head.start + to);

const valueAt = (head: RequestHead, from: number, to: number): string => {
  const { bytes, start } = head;
  const common = COMMON.get(to - from);
  if (common) {
    let at = 0;
    while (at < common.bytes.length && bytes[start + from + at] === common.bytes[at]) at++;
    if (at === common.bytes.length) return common.text;
  }
  return textAt(head, from, to);
};

/**
 * The value of a field, several of one name joined by commas; null when there is none: as `Headers.get` has it.
 * @param name in lower case
 */
export const fieldOf = (head: RequestHead, name: string): string | null => {
  const { bytes, start, fields, nFields } = head;
  const wanted = lettersOf(name);
  let value: string | null = null;
  for (let at = 0; at < nFields * 4; at += 4) {
    if (!isWord(bytes, start + fields[at]!, start + fields[at + 1]!, wanted)) continue;
    const text = valueAt(head, fields[at + 2]!, fields[at + 3]!);
    value = value === null ? text : `${value}, ${text}`;
  }
  return value;
};
