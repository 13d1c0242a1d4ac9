/**
 * Header blocks of HTTP/2 (HPACK): those of requests, made once before the run; of an answer only its status is read.
 *
 * The dynamic table is kept empty on both sides: requests are sent as literals without indexing, and the service is told
 * that its table has no room. So a block can be sent again as often as wanted, and a status read without the past.
 * @source RFC 7541
 */

/** Pairs of the static table that a request may name whole. */
const STATIC_PAIRS: Readonly<Record<string, number>> = {
  ':method GET': 2,
  ':method POST': 3,
  ':path /': 4,
  ':scheme http': 6,
  ':scheme https': 7,
};
const STATIC_NAMES: Readonly<Record<string, number>> = {
  ':authority': 1,
  ':method': 2,
  ':path': 4,
  ':scheme': 6,
};
/** Statuses of the static table, from its index 8 on. */
const STATUS_AT = 8;
const STATUSES = [200, 204, 206, 304, 400, 404, 500] as const;

/** @param fields names in lower case, the pseudo-headers first */
export const encodeHeaderBlock = (
  fields: readonly (readonly [name: string, value: string])[],
): Uint8Array => {
  const bytes: number[] = [];
  for (const [name, value] of fields) {
    const pair = STATIC_PAIRS[`${name} ${value}`];
    if (pair !== undefined) {
      bytes.push(0x80 | pair);
      continue;
    }
    const known = STATIC_NAMES[name];
    if (known === undefined) {
      bytes.push(0);
      pushText(bytes, name);
    } else bytes.push(known);
    pushText(bytes, value);
  }
  return Uint8Array.from(bytes);
};

const pushText = (bytes: number[], text: string): void => {
  const coded = Buffer.from(text);
  pushInteger(bytes, coded.length, 7);
  for (const byte of coded) bytes.push(byte);
};

/** @source RFC 7541, section 5.1 */
const pushInteger = (bytes: number[], value: number, bits: number): void => {
  const max = 2 ** bits - 1;
  if (value < max) {
    bytes.push(value);
    return;
  }
  bytes.push(max);
  let rest = value - max;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(128 + (rest % 128));
  bytes.push(rest);
};

/** No status could be read. */
export const NO_STATUS = -1;

/** The status of an answer's header block, which stands first in it; NO_STATUS for what has none, such as trailers. */
export const readStatus = (block: Uint8Array, from: number, to: number): number => {
  let at = from;
  // Updates of the size of the table, which is and stays 0.
  while (at < to && (block[at]! & 0xe0) === 0x20) at = skipInteger(block, at, to, 5);
  if (at >= to) return NO_STATUS;
  const first = block[at]!;
  if (first & 0x80) return STATUSES[(first & 0x7f) - STATUS_AT] ?? NO_STATUS;
  const name = first & (first & 0x40 ? 0x3f : 0x0f);
  if (name < STATUS_AT || name >= STATUS_AT + STATUSES.length || at + 1 >= to) return NO_STATUS;
  const length = block[at + 1]! & 0x7f;
  const start = at + 2;
  if (start + length > to) return NO_STATUS;
  return block[at + 1]! & 0x80
    ? huffmanDigits(block, start, start + length)
    : plainDigits(block, start, start + length);
};

const skipInteger = (block: Uint8Array, at: number, to: number, bits: number): number => {
  const max = 2 ** bits - 1;
  let next = at + 1;
  if ((block[at]! & max) < max) return next;
  while (next < to && block[next]! & 0x80) next++;
  return next + 1;
};

const plainDigits = (block: Uint8Array, from: number, to: number): number => {
  if (to - from !== 3) return NO_STATUS;
  let status = 0;
  for (let i = from; i < to; i++) {
    const digit = block[i]! - 48;
    if (digit < 0 || digit > 9) return NO_STATUS;
    status = status * 10 + digit;
  }
  return status;
};

/** Three digits in the code of RFC 7541, appendix B: 0 to 2 have five bits, 3 to 9 have six, from 011001 on. */
const huffmanDigits = (block: Uint8Array, from: number, to: number): number => {
  let status = 0;
  let bit = from * 8;
  const take = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++, bit++) {
      value = value * 2 + ((block[bit >> 3]! >> (7 - (bit & 7))) & 1);
    }
    return value;
  };
  for (let n = 0; n < 3; n++) {
    if (bit + 5 > to * 8) return NO_STATUS;
    const five = take(5);
    let digit = five;
    if (five > 2) {
      if (five < 12 || bit + 1 > to * 8) return NO_STATUS;
      const six = five * 2 + take(1);
      if (six < 25 || six > 31) return NO_STATUS;
      digit = six - 25 + 3;
    }
    status = status * 10 + digit;
  }
  return status;
};
