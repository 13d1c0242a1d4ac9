/**
 * The head of an answer: status, length, whether the peer closes, and so what kind of body follows.
 */
import { CHUNKED, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING } from '../../core/field-names.ts';
import {
  BODY_LIMIT_BYTES,
  BROKEN,
  INCOMPLETE,
  LENGTH,
  type Scanner,
  SIZE,
  UNTIL_CLOSE,
} from './scanner-state.ts';

const PREFIX = Buffer.from('HTTP/1.');
const CLOSE = Buffer.from('close');
const KEEP_ALIVE = Buffer.from('keep-alive');

/**
 * Reads a head whole, and leaves the phase of the body behind.
 * @returns the offset past it, INCOMPLETE, or BROKEN
 */
export const parseHead = (
  scanner: Scanner,
  socket: number,
  bytes: Uint8Array,
  from: number,
): number => {
  const end = bytes.length;
  for (let i = 0; i < 7; i++) {
    if (from + i >= end) return INCOMPLETE;
    if (bytes[from + i] !== PREFIX[i]) return BROKEN;
  }
  if (from + 13 > end) return INCOMPLETE;
  let status = 0;
  for (let i = from + 9; i < from + 12; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return BROKEN;
    status = status * 10 + digit;
  }
  if (bytes[from + 8] !== 32 || status < 100) return BROKEN;
  let closes = bytes[from + 7] === 48 ? 1 : 0;
  let length = -1;
  let chunked = false;
  let at = from + 12;
  while (at < end && bytes[at] !== 10) at++;
  at++;
  while (at < end) {
    const first = bytes[at]! | 32;
    if (bytes[at] === 13 || bytes[at] === 10) {
      if (bytes[at] === 13) {
        if (at + 1 >= end) return INCOMPLETE;
        if (bytes[at + 1] !== 10) return BROKEN;
        at++;
      }
      scanner.status[socket] = status;
      scanner.closes[socket] = closes;
      return beginBody(scanner, socket, status, length, chunked, at + 1);
    }
    const line = at;
    while (at < end && bytes[at] !== 10) at++;
    if (at >= end) return INCOMPLETE;
    if (first === 99) {
      if (isField(bytes, line, CONTENT_LENGTH)) {
        const said = readLength(bytes, line + CONTENT_LENGTH.length + 1, at);
        if (said < 0 || (length >= 0 && said !== length)) return BROKEN;
        length = said;
      } else if (isField(bytes, line, CONNECTION)) {
        if (holds(bytes, line + CONNECTION.length + 1, at, CLOSE)) closes = 1;
        else if (holds(bytes, line + CONNECTION.length + 1, at, KEEP_ALIVE)) closes = 0;
      }
    } else if (first === 116 && isField(bytes, line, TRANSFER_ENCODING)) {
      chunked = holds(bytes, line + TRANSFER_ENCODING.length + 1, at, CHUNKED);
    }
    at++;
  }
  return INCOMPLETE;
};

const beginBody = (
  scanner: Scanner,
  socket: number,
  status: number,
  length: number,
  chunked: boolean,
  at: number,
): number => {
  if (scanner.bodiless[socket] === 1 || status < 200 || status === 204 || status === 304) {
    scanner.phase[socket] = LENGTH;
    scanner.remaining[socket] = 0;
  } else if (chunked) {
    scanner.phase[socket] = SIZE;
    scanner.remaining[socket] = -1;
  } else if (length >= 0) {
    scanner.phase[socket] = LENGTH;
    scanner.remaining[socket] = length;
  } else {
    scanner.phase[socket] = UNTIL_CLOSE;
    scanner.closes[socket] = 1;
  }
  return at;
};

const COLON = 58;

const isField = (bytes: Uint8Array, at: number, name: Uint8Array): boolean =>
  startsWith(bytes, at, name) && bytes[at + name.length] === COLON;

const startsWith = (bytes: Uint8Array, at: number, name: Uint8Array): boolean => {
  if (at + name.length > bytes.length) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[at + i]!;
    if ((byte >= 65 && byte <= 90 ? byte | 32 : byte) !== name[i]) return false;
  }
  return true;
};

const readLength = (bytes: Uint8Array, from: number, to: number): number => {
  let value = -1;
  let ended = false;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (byte >= 48 && byte <= 57) {
      if (ended) return BROKEN;
      value = (value < 0 ? 0 : value) * 10 + byte - 48;
      if (value > BODY_LIMIT_BYTES) return BROKEN;
    } else if (byte === 32 || byte === 9 || byte === 13) ended = value >= 0;
    else return BROKEN;
  }
  return value;
};

/** Whether a header's comma-separated value holds a word, in any case. */
const holds = (bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean => {
  let at = from;
  while (at < to) {
    while (at < to && (bytes[at] === 32 || bytes[at] === 9 || bytes[at] === 44)) at++;
    const start = at;
    while (at < to && bytes[at] !== 44 && bytes[at] !== 32 && bytes[at] !== 13) at++;
    if (at - start === word.length && startsWith(bytes, start, word)) return true;
    if (at === start) at++;
  }
  return false;
};
