/**
 * Large JSON texts, parsed in pieces with room for others in between: a megabyte of different names takes the parser a
 * tenth of a second in one go, in which nobody else is answered.
 *
 * The text is cut at commas. A piece becomes a text of its own: before it go the beginnings of the lists and objects that
 * are open where it starts, behind it the ends of those that are open where it stops. What the parser makes of it is
 * added to what it made of the pieces before:
 *
 *     [1,{"a":[2 , 3],"b":4}]     ->     [1,{"a":[2]}]   and   [{"?":[3],"b":4}]
 *
 * where `?` is a name that nobody can guess, of the member that goes on. A name that an object has already is refused, in
 * the same piece or in a later one.
 */
import {
  BRACE_CLOSE,
  BRACE_OPEN,
  BRACKET_CLOSE,
  BRACKET_OPEN,
  COLON,
  COMMA,
  QUOTE,
} from './ascii.ts';
import { countMembers, findDuplicate, givenTwice, type Path } from './duplicate-names.ts';
import { isSpace, skipSpace, textEndAt } from './json-tokens.ts';
import { type JsonLimits, NESTING_LIMIT } from './nesting.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Container = Json[] | { [name: string]: Json };

/** Takes the parser a millisecond or two at most, whatever it holds. */
const PIECE_BYTES = 32 * 1024;
/** To look at a piece costs far less. */
const CHECKED_BYTES = 512 * 1024;
/** Far more than any request has: an object that grows to a hundred thousand is moved again and again. */
const MEMBERS_LIMIT = 20_000;
const GOES_ON = crypto.randomUUID();

interface Turns {
  readonly limits: JsonLimits;
  /** Called between two pieces. */
  readonly pause: () => Promise<void>;
  /** What is thrown for a text that passes a limit. */
  readonly excess: (limit: keyof JsonLimits) => Error;
  readonly pieceBytes?: number;
}

/**
 * What `JSON.parse` makes of the text, a byte order mark at its beginning left out.
 * @throws SyntaxError, AppError value-invalid for a name that an object gives twice
 */
export const parseInTurns = async (
  bytes: Uint8Array,
  { limits, pause, excess, pieceBytes = PIECE_BYTES }: Turns,
): Promise<unknown> => {
  await checkInTurns(bytes, { limits, pause, excess });
  const reader = buildReader(bytes, limits);
  const open: Container[] = [];
  let root: Json | undefined;
  for (let from = 0; ; ) {
    const before = reader.opened();
    const names = before
      .slice(0, -1)
      .map((bracket, i) => (bracket === BRACE_OPEN ? reader.nameAt(i) : ''));
    const nNamesBefore = reader.nNames();
    const to = reader.read(from + pieceBytes) as number;
    const after = to < bytes.length ? reader.opened() : [];
    const text = decode(bytes, from, to);
    const pieceText = beginning(before) + text + ending(after);
    const piece = JSON.parse(pieceText) as Json;
    const nGoOn = before.slice(0, -1).filter((bracket) => bracket === BRACE_OPEN).length;
    const isDistinct = countMembers(piece) === reader.nNames() - nNamesBefore + nGoOn;
    const twice = isDistinct ? givenBefore(piece, open) : findDuplicate(pieceText);
    if (twice !== undefined) throw givenTwice(wholePath(twice, { names, open }));
    if (from === 0) root = piece;
    else add(piece, open);
    if (to >= bytes.length) return root;
    follow(root!, open, reader);
    // What is between the commas of a text may be nothing between those of its pieces.
    if (isOpening(lastByte(bytes, from, to)) || isNoValue(bytes[skipSpace(bytes, to + 1)]))
      throw new SyntaxError('JSON Parse error: Unexpected comma');
    from = to + 1;
    await pause();
  }
};

/** Whether a text, or the beginning of one, holds more than it may. */
export const passesLimit = (bytes: Uint8Array, limits: JsonLimits): boolean =>
  typeof buildReader(bytes, limits).read(bytes.length) === 'string';

/** Whatever is too much is found before anything is made of it. */
const checkInTurns = async (
  bytes: Uint8Array,
  { limits, pause, excess }: Omit<Turns, 'pieceBytes'>,
): Promise<void> => {
  const reader = buildReader(bytes, limits);
  for (let at = 0; at < bytes.length; ) {
    const to = reader.read(at + CHECKED_BYTES);
    if (typeof to === 'string') throw excess(to);
    at = to;
    if (at < bytes.length) await pause();
  }
};

const isOpening = (byte: number | undefined): boolean =>
  byte === BRACKET_OPEN || byte === BRACE_OPEN;
const isNoValue = (byte: number | undefined): boolean =>
  byte === BRACKET_CLOSE || byte === BRACE_CLOSE || byte === COMMA;

/** The last one of `bytes[from .. to)` that is not white space. */
const lastByte = (bytes: Uint8Array, from: number, to: number): number | undefined => {
  let at = to - 1;
  while (at >= from && isSpace(bytes[at]!)) at--;
  return at < from ? undefined : bytes[at];
};

interface Reader {
  /**
   * Goes on to the first comma inside a list or object from `least` on, or to the end.
   * @returns where that is, or which limit is passed before
   */
  readonly read: (least: number) => number | keyof JsonLimits;
  /** The brackets that are open there. */
  readonly opened: () => readonly number[];
  /** How many names have been read. */
  readonly nNames: () => number;
  /** How many of those that were open at the last comma are still. */
  readonly nKept: () => number;
  /** The name of the member that is open in an open object. */
  readonly nameAt: (depth: number) => string;
}

const buildReader = (bytes: Uint8Array, limits: JsonLimits): Reader => {
  const {
    depth: deepest = NESTING_LIMIT,
    objects = Number.POSITIVE_INFINITY,
    lists = Number.POSITIVE_INFINITY,
    members = MEMBERS_LIMIT,
  } = limits;
  const brackets = new Uint8Array(deepest + 1);
  /** By depth: where the last name in an object begins and ends. */
  const nameStarts = new Int32Array(deepest + 1);
  const nameEnds = new Int32Array(deepest + 1);
  const nMembers = new Int32Array(deepest + 1);
  let nNames = 0;
  let place = 0;
  let depth = 0;
  let least = 0;
  let nObjects = 0;
  let nLists = 0;
  let textStart = 0;
  let textEnd = 0;
  return {
    read: (leastBytes) => {
      least = Math.max(0, depth);
      // What the loop turns on is its own: a variable that others share is written to memory for every byte.
      let i = place;
      let n = 0;
      for (; i < bytes.length; i++) {
        const byte = bytes[i]!;
        // Digits, words and what is in between.
        if (byte > COLON && byte < BRACKET_OPEN) continue;
        if (byte === QUOTE) {
          textStart = i;
          i = textEndAt(bytes, i + 1);
          textEnd = i + 1;
        } else if (byte === COLON) {
          if (depth > 0) {
            nameStarts[depth - 1] = textStart;
            nameEnds[depth - 1] = textEnd;
            n++;
            if (++nMembers[depth - 1]! > members) return 'members';
          }
        } else if (byte === COMMA) {
          if (i >= leastBytes && depth > 0) {
            place = i + 1;
            nNames += n;
            return i;
          }
        } else if (byte === BRACKET_OPEN || byte === BRACE_OPEN) {
          if (depth >= 0) {
            brackets[depth] = byte;
            nMembers[depth] = 0;
          }
          if (++depth > deepest) return 'depth';
          if (byte === BRACE_OPEN) {
            if (++nObjects > objects) return 'objects';
          } else if (++nLists > lists) return 'lists';
        } else if (byte === BRACKET_CLOSE || byte === BRACE_CLOSE) {
          depth--;
          if (depth < least) least = Math.max(0, depth);
        }
      }
      place = bytes.length;
      nNames += n;
      return bytes.length;
    },
    opened: () => [...brackets.subarray(0, Math.max(0, depth))],
    nNames: () => nNames,
    nKept: () => least,
    nameAt: (at) => JSON.parse(decode(bytes, nameStarts[at]!, nameEnds[at]!)) as string,
  };
};

/** Only at the beginning of a text a byte order mark is none of its letters. */
const decode = (bytes: Uint8Array, from: number, to: number): string =>
  (from === 0 ? FIRST : LATER).decode(bytes.subarray(from, to));
const FIRST = new TextDecoder();
const LATER = new TextDecoder('utf-8', { ignoreBOM: true });

const beginning = (opened: readonly number[]): string =>
  opened
    .map((bracket, i) =>
      bracket === BRACKET_OPEN ? '[' : i < opened.length - 1 ? `{"${GOES_ON}":` : '{',
    )
    .join('');

const ending = (opened: readonly number[]): string =>
  opened
    .map((bracket) => (bracket === BRACKET_OPEN ? ']' : '}'))
    .reverse()
    .join('');

/** The first name of a later piece that what was open where it starts has already. */
const givenBefore = (piece: Json, open: readonly Container[]): Path | undefined => {
  const path: (string | number)[] = [];
  let from: Json = piece;
  for (const into of open) {
    if (Array.isArray(into)) {
      path.push(0);
      from = (from as Json[])[0] ?? null;
      continue;
    }
    const members = from as Exclude<Container, Json[]>;
    for (const name of Object.keys(members))
      if (name !== GOES_ON && Object.hasOwn(into, name)) return [...path, name];
    path.push(GOES_ON);
    from = members[GOES_ON] ?? null;
  }
  return undefined;
};

/** A path in a piece as one in the whole text. @param names of the members that go on, by depth */
const wholePath = (
  path: Path,
  { names, open }: { readonly names: readonly string[]; readonly open: readonly Container[] },
): Path => {
  const whole = [...path];
  for (let i = 0; i < open.length; i++) {
    const key = path[i];
    const into = open[i]!;
    const isLast = i === open.length - 1;
    if (typeof key === 'number' && Array.isArray(into))
      whole[i] = key + into.length - (isLast ? 0 : 1);
    else if (key === GOES_ON) whole[i] = names[i]!;
    if (key !== 0 && key !== GOES_ON) break;
  }
  return whole;
};

/** Adds a later piece to what was open where it starts. */
const add = (piece: Json, open: readonly Container[]): void => {
  let from = piece;
  for (const [i, into] of open.entries()) {
    const goesOn = i < open.length - 1;
    let next: Json = null;
    if (Array.isArray(into)) {
      const values = from as Json[];
      for (let j = goesOn ? 1 : 0; j < values.length; j++) into.push(values[j]!);
      if (goesOn) next = values[0]!;
    } else
      for (const [name, value] of Object.entries(from as Exclude<Container, Json[]>))
        if (goesOn && name === GOES_ON) next = value;
        else setOwn(into, name, value);
    from = next;
  }
};

/** As the parser does, `__proto__` too. */
const setOwn = (into: { [name: string]: Json }, name: string, value: Json): void => {
  if (name === '__proto__')
    Object.defineProperty(into, name, {
      ...{ value, writable: true, enumerable: true, configurable: true },
    });
  else into[name] = value;
};

/** What is open at the comma where the reader is. */
const follow = (root: Json, open: Container[], reader: Reader): void => {
  open.length = Math.min(open.length, reader.nKept());
  for (let at = open.length; at < reader.opened().length; at++) {
    const parent = open[at - 1];
    if (parent === undefined) open.push(root as Container);
    else if (Array.isArray(parent)) open.push(parent.at(-1) as Container);
    else open.push(parent[reader.nameAt(at - 1)] as Container);
  }
};
