/**
 * Names that an object of a JSON text gives twice. The parser takes the last value, others take the first (RFC 8259, 4: "the
 * behavior of software that receives such an object is unpredictable"): what a proxy has checked need not be what is answered
 * here, so nobody guesses.
 *
 * Sound texts pay little: there is no such name where the text holds as many colons outside its strings as there are members
 * in what the parser made of it. Only where there are more is it looked for.
 */
import { AppError, pointerTo } from '../../core/errors.ts';

/** How many members all objects in a parsed value have together. */
export const countMembers = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0;
  let n = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') n += countMembers(item);
    return n;
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const name in members) {
    const member = members[name];
    n++;
    if (typeof member === 'object') n += countMembers(member);
  }
  return n;
};

/** Names and places on the way to a member, the name that is given twice last. */
export type Path = readonly (string | number)[];

interface Level {
  /** Undefined for a list. */
  readonly names: Set<string> | undefined;
  /** Of the value that is read. */
  key: string | number;
  isName: boolean;
}

/** The first name of a sound JSON text that its object has already. */
export const findDuplicate = (text: string): Path | undefined => {
  const open: Level[] = [];
  for (let i = 0; i < text.length; i++) {
    const level = open.at(-1);
    switch (text[i]) {
      case '"': {
        const end = behindText(text, i + 1);
        if (level?.names && level.isName) {
          const name = JSON.parse(text.slice(i, end)) as string;
          if (level.names.has(name)) return [...open.slice(0, -1).map(({ key }) => key), name];
          level.names.add(name);
          level.key = name;
          level.isName = false;
        }
        i = end - 1;
        break;
      }
      case ',':
        if (level === undefined) break;
        if (typeof level.key === 'number') level.key++;
        else level.isName = true;
        break;
      case '{':
        open.push({ names: new Set(), key: '', isName: true });
        break;
      case '[':
        open.push({ names: undefined, key: 0, isName: false });
        break;
      case '}':
      case ']':
        open.pop();
    }
  }
  return undefined;
};

/** The place behind the quote that ends a text. */
const behindText = (text: string, from: number): number => {
  let at = from;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
};

/** Of a name in a sentence, and in a pointer. */
const SHOWN_CHARS = 60;

/** The refusal of a request that gives a name twice. */
export const givenTwice = (path: Path): AppError => {
  const pointer = pointerTo(...path.map((key) => String(key).slice(0, SHOWN_CHARS)));
  const detail = `${String(path.at(-1)).slice(0, SHOWN_CHARS)} is given twice`;
  return new AppError('value-invalid', path.length > 1 ? `${pointer}: ${detail}` : detail, {
    faults: [{ pointer, detail }],
  });
};

/**
 * What a small JSON text holds.
 * @param nNames as `measure` counts them
 * @throws SyntaxError, AppError value-invalid for a name that is given twice
 */
export const parseDistinct = (bytes: Uint8Array, nNames: number): unknown => {
  const text = decoder.decode(bytes);
  const value: unknown = JSON.parse(text);
  const path = nNames === countMembers(value) ? undefined : findDuplicate(text);
  if (path !== undefined) throw givenTwice(path);
  return value;
};
const decoder = new TextDecoder();
