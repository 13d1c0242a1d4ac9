/**
 * The body of an answer in chunks: sizes, extensions, data and trailers, cut anywhere.
 * @source RFC 9112, section 7.1
 */
import {
  BODY_LIMIT_BYTES,
  BROKEN,
  DATA,
  DATA_END,
  EXTENSION,
  HEAD,
  INCOMPLETE,
  type Scanner,
  SIZE,
  TRAILER_END,
  TRAILER_LINE,
  TRAILER_START,
} from './scanner-state.ts';

/** Reads on in a chunked body. @returns the offset just past it, INCOMPLETE, or BROKEN */
export const scanChunks = (
  scanner: Scanner,
  socket: number,
  chunk: Uint8Array,
  from: number,
): number => {
  let at = from;
  while (at < chunk.length) {
    const byte = chunk[at]!;
    switch (scanner.phase[socket]) {
      case SIZE: {
        const digit = hexOf(byte);
        const size = scanner.remaining[socket]!;
        if (digit >= 0) {
          scanner.remaining[socket] = (size < 0 ? 0 : size) * 16 + digit;
          if (scanner.remaining[socket]! > BODY_LIMIT_BYTES) return BROKEN;
          at++;
        } else if (size < 0 || (byte !== 13 && byte !== 10 && byte !== 59 && byte !== 32)) {
          return BROKEN;
        } else scanner.phase[socket] = EXTENSION;
        break;
      }
      case EXTENSION:
        if (byte === 10)
          scanner.phase[socket] = scanner.remaining[socket] === 0 ? TRAILER_START : DATA;
        at++;
        break;
      case DATA: {
        const take = Math.min(scanner.remaining[socket]!, chunk.length - at);
        scanner.remaining[socket]! -= take;
        at += take;
        if (scanner.remaining[socket] === 0) scanner.phase[socket] = DATA_END;
        break;
      }
      case DATA_END:
        if (byte === 10) {
          scanner.phase[socket] = SIZE;
          scanner.remaining[socket] = -1;
        } else if (byte !== 13) return BROKEN;
        at++;
        break;
      case TRAILER_START:
        if (byte === 10) return endChunks(scanner, socket, at + 1);
        scanner.phase[socket] = byte === 13 ? TRAILER_END : TRAILER_LINE;
        at++;
        break;
      case TRAILER_LINE:
        if (byte === 10) scanner.phase[socket] = TRAILER_START;
        at++;
        break;
      default:
        return byte === 10 ? endChunks(scanner, socket, at + 1) : BROKEN;
    }
  }
  return INCOMPLETE;
};

const endChunks = (scanner: Scanner, socket: number, at: number): number => {
  scanner.phase[socket] = HEAD;
  return at;
};

const hexOf = (byte: number): number => {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
};
