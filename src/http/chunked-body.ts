/**
 * The parser of chunked bodies (`Transfer-Encoding: chunked`): a state machine that takes the data out of their chunks
 * in place, and resumes where it stopped, however the body was split over packets.
 *
 * @source RFC 9112, 7.1; extensions, which may hold no space, and trailers are checked and dropped
 */
import { COLON, CR, HEX, LF, SPACE, TOKEN, VALUE } from './characters.ts';
import { CHUNK_LINE_LIMIT_BYTES, HEAD_LIMIT_BYTES } from './limits.ts';

const PHASES = {
  size: 0,
  extension: 1,
  sizeLf: 2,
  data: 3,
  dataCr: 4,
  dataLf: 5,
  trailer: 6,
  trailerName: 7,
  trailerValue: 8,
  trailerLf: 9,
  lastLf: 10,
  end: 11,
} as const;

const SEMICOLON = 59;
/** More digits would count more bytes than any body has. */
const SIZE_DIGITS = 8;

export interface Chunks {
  phase: (typeof PHASES)[keyof typeof PHASES];
  /** Of the size that is being read, then of the data that are still to come. */
  size: number;
  nDigits: number;
  /** Bytes of the line before a chunk, or of the trailers. */
  nLine: number;
  /** After `readChunks`: where the data that it found end. */
  dataEnd: number;
}

export const createChunks = (): Chunks => ({
  phase: PHASES.size,
  size: 0,
  nDigits: 0,
  nLine: 0,
  dataEnd: 0,
});

export const isEnd = ({ phase }: Chunks): boolean => phase === PHASES.end;

/**
 * Reads `bytes[from .. end)` and moves the data that they hold together, to `bytes[from .. chunks.dataEnd)`.
 * @returns the place behind what belongs to the body, -1 for frames that are broken
 */
export const readChunks = (
  chunks: Chunks,
  bytes: Uint8Array,
  from: number,
  end = bytes.length,
): number => {
  let at = from;
  let out = from;
  while (at < end && chunks.phase !== PHASES.end) {
    const byte = bytes[at]!;
    switch (chunks.phase) {
      case PHASES.size: {
        const digit = HEX[byte]!;
        if (digit < 16) {
          if (++chunks.nDigits > SIZE_DIGITS) return -1;
          chunks.size = chunks.size * 16 + digit;
        } else if (chunks.nDigits === 0) return -1;
        else if (byte === SEMICOLON) {
          chunks.nLine = 0;
          chunks.phase = PHASES.extension;
        } else if (byte === CR) chunks.phase = PHASES.sizeLf;
        else return -1;
        at++;
        break;
      }
      case PHASES.extension:
        if (byte === CR) chunks.phase = PHASES.sizeLf;
        else if (VALUE[byte] === 0 || byte <= SPACE || ++chunks.nLine > CHUNK_LINE_LIMIT_BYTES)
          return -1;
        at++;
        break;
      case PHASES.sizeLf:
        if (byte !== LF) return -1;
        chunks.phase = chunks.size === 0 ? PHASES.trailer : PHASES.data;
        chunks.nLine = 0;
        at++;
        break;
      case PHASES.data: {
        const n = Math.min(chunks.size, end - at);
        bytes.copyWithin(out, at, at + n);
        out += n;
        at += n;
        chunks.size -= n;
        if (chunks.size === 0) chunks.phase = PHASES.dataCr;
        break;
      }
      case PHASES.dataCr:
        if (byte !== CR) return -1;
        chunks.phase = PHASES.dataLf;
        at++;
        break;
      case PHASES.dataLf:
        if (byte !== LF) return -1;
        chunks.nDigits = 0;
        chunks.phase = PHASES.size;
        at++;
        break;
      default:
        if (!readTrailer(chunks, byte)) return -1;
        at++;
    }
  }
  chunks.dataEnd = out;
  return at;
};

/** One byte behind the last chunk. */
const readTrailer = (chunks: Chunks, byte: number): boolean => {
  if (++chunks.nLine > HEAD_LIMIT_BYTES) return false;
  switch (chunks.phase) {
    case PHASES.trailer:
      if (byte === CR) chunks.phase = PHASES.lastLf;
      else if (TOKEN[byte] === 1) chunks.phase = PHASES.trailerName;
      else return false;
      return true;
    case PHASES.trailerName:
      if (byte === COLON) chunks.phase = PHASES.trailerValue;
      return byte === COLON || TOKEN[byte] === 1;
    case PHASES.trailerValue:
      if (byte === CR) chunks.phase = PHASES.trailerLf;
      return byte === CR || VALUE[byte] === 1;
    case PHASES.trailerLf:
      chunks.phase = PHASES.trailer;
      return byte === LF;
    default:
      if (byte !== LF) return false;
      chunks.phase = PHASES.end;
      return true;
  }
};
