/**
 * Repeated heads: callers send the same head again and again, but for the digits of its length. One that is, byte by
 * byte, the last one that was read need not be read again: all that it says is known.
 */
import type { HttpRequest } from './request.ts';

interface RepeatedHeads {
  /**
   * Whether the head at `bytes[start .. end)` is the one that was noted of the request; if so, the request is as if it had
   * been read.
   */
  readonly repeats: (request: HttpRequest, bytes: Buffer, start: number, end?: number) => boolean;
  /** Keeps the head that the request has read; whatever it has read before is forgotten. */
  readonly note: (request: HttpRequest) => void;
  /** The request is to read another head. */
  readonly forget: () => void;
}

/** A longer head is read each time. */
const NOTED_BYTES = 1024;
/** Longer lengths belong to bodies whose heads cost nothing beside them. */
const MOST_DIGITS = 6;
const [ZERO, NINE] = [48, 57] as const;

export const buildRepeatedHeads = (): RepeatedHeads => {
  const noted = new Uint8Array(NOTED_BYTES);
  let owner: HttpRequest | undefined;
  let size = 0;
  /** Where the digits of the length are; nowhere, at the end, when there is no body. */
  let digitsFrom = 0;
  let digitsTo = 0;
  return {
    repeats: (request, bytes, start, end = bytes.length) => {
      if (owner !== request || start + size > end) return false;
      let at = 0;
      while (at < digitsFrom && bytes[start + at] === noted[at]) at++;
      if (at < digitsFrom) return false;
      let length = 0;
      for (; at < digitsTo; at++) {
        const byte = bytes[start + at]!;
        if (byte < ZERO || byte > NINE) return false;
        length = length * 10 + byte - ZERO;
      }
      while (at < size && bytes[start + at] === noted[at]) at++;
      if (at < size) return false;
      const { head, framing } = request;
      head.bytes = bytes;
      head.start = start;
      head.end = end;
      framing.length = length;
      return true;
    },
    note: (request) => {
      const { head, framing } = request;
      const { lengthStart, lengthEnd, length, expectsContinue } = framing;
      owner = undefined;
      if (head.at > NOTED_BYTES || lengthEnd - lengthStart > MOST_DIGITS) return;
      if (length < 0 || expectsContinue) return;
      owner = request;
      size = head.at;
      digitsFrom = lengthEnd === 0 ? size : lengthStart;
      digitsTo = lengthEnd === 0 ? size : lengthEnd;
      for (let at = 0; at < size; at++) noted[at] = head.bytes[head.start + at]!;
    },
    forget: () => {
      owner = undefined;
    },
  };
};
