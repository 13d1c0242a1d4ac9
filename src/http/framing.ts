/**
 * What the fields of a head say about the message itself: how its body is framed, whether the connection stays.
 *
 * @source RFC 9112, 3.2, 6 and 9.3; RFC 9110, 10.1.1
 */
import { CHUNKED, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING } from '../core/field-names.ts';
import { HOST } from './characters.ts';
import { isWord, textAt } from './fields.ts';
import type { ParseFault } from './parse-errors.ts';
import type { RequestHead } from './request-head.ts';

export interface Framing {
  /** Bytes of the body as Content-Length has it, -1 when it comes in chunks. */
  length: number;
  /** The client will use the connection again. */
  keepsAlive: boolean;
  /** The client waits for `100 Continue` before it sends its body. */
  expectsContinue: boolean;
  hostStart: number;
  hostEnd: number;
  /** Where the digits of Content-Length are; 0 to 0: there are none. */
  lengthStart: number;
  lengthEnd: number;
}

export const createFraming = (): Framing => ({
  length: 0,
  keepsAlive: true,
  expectsContinue: false,
  hostStart: 0,
  hostEnd: 0,
  lengthStart: 0,
  lengthEnd: 0,
});

const HOST_NAME = Buffer.from('host');
const EXPECT = Buffer.from('expect');
const CONTINUE = Buffer.from('100-continue');
const LENGTH_DIGITS = 15;

/**
 * Fills `framing` from a whole head.
 * @returns why the message cannot be taken, if so
 * @cost allocates nothing unless there is a Connection field
 */
export const frame = (head: RequestHead, framing: Framing): ParseFault | undefined => {
  const { bytes, start, fields, nFields, minor } = head;
  let nHosts = 0;
  let hasLength = false;
  let isChunked = false;
  framing.length = 0;
  framing.lengthStart = 0;
  framing.lengthEnd = 0;
  let options = '';
  framing.expectsContinue = false;
  for (let at = 0; at < nFields * 4; at += 4) {
    const from = start + fields[at]!;
    const to = start + fields[at + 1]!;
    const valueFrom = start + fields[at + 2]!;
    const valueTo = start + fields[at + 3]!;
    switch (to - from) {
      case HOST_NAME.length:
        if (!isWord(bytes, from, to, HOST_NAME)) break;
        if (++nHosts > 1 || !isHost(bytes, valueFrom, valueTo)) return 'host-broken';
        framing.hostStart = fields[at + 2]!;
        framing.hostEnd = fields[at + 3]!;
        break;
      case EXPECT.length:
        if (!isWord(bytes, from, to, EXPECT)) break;
        if (!isWord(bytes, valueFrom, valueTo, CONTINUE)) return 'expectation-other';
        framing.expectsContinue = minor === 1;
        break;
      case CONNECTION.length:
        if (isWord(bytes, from, to, CONNECTION))
          options += `,${textAt(head, fields[at + 2]!, fields[at + 3]!)}`;
        break;
      case CONTENT_LENGTH.length: {
        if (!isWord(bytes, from, to, CONTENT_LENGTH)) break;
        const length = lengthAt(bytes, valueFrom, valueTo);
        if (hasLength || length < 0) return 'length-broken';
        hasLength = true;
        framing.length = length;
        framing.lengthStart = fields[at + 2]!;
        framing.lengthEnd = fields[at + 3]!;
        break;
      }
      case TRANSFER_ENCODING.length:
        if (!isWord(bytes, from, to, TRANSFER_ENCODING)) break;
        if (isChunked || minor === 0) return 'framing-doubled';
        if (!isWord(bytes, valueFrom, valueTo, CHUNKED)) return 'coding-other';
        isChunked = true;
        break;
    }
  }
  framing.keepsAlive = keepsAlive(options, minor === 1);
  if (nHosts === 0) {
    if (minor === 1) return 'host-broken';
    framing.hostStart = 0;
    framing.hostEnd = 0;
  }
  if (isChunked) {
    if (hasLength) return 'framing-doubled';
    framing.length = -1;
  }
  return undefined;
};

const isHost = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let at = from; at < to; at++) if (HOST[bytes[at]!] === 0) return false;
  return true;
};

/** -1 for anything but digits: no sign, no list, no more of them than a double counts exactly. */
const lengthAt = (bytes: Uint8Array, from: number, to: number): number => {
  if (from === to || to - from > LENGTH_DIGITS) return -1;
  let length = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - 48;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
};

/** As an item of a list; many items cost nothing. */
const CLOSE = /(?:^|,)\s*close\s*(?:,|$)/i;
const KEEP_ALIVE = /(?:^|,)\s*keep-alive\s*(?:,|$)/i;

/** `close` goes before `keep-alive`. */
const keepsAlive = (value: string, otherwise: boolean): boolean => {
  if (value === '') return otherwise;
  return !CLOSE.test(value) && (otherwise || KEEP_ALIVE.test(value));
};
