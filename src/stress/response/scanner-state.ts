/**
 * What the response scanner knows of each socket between two chunks, in flat arrays.
 *
 *   HEAD ─┬─ LENGTH ─────────────────────────────────────────────┬─> done
 *         ├─ SIZE -> EXTENSION -> DATA -> DATA_END -> SIZE ...   │
 *         │    └ size 0 ─> TRAILER_START <-> TRAILER_LINE -> TRAILER_END
 *         └─ UNTIL_CLOSE (done when the peer closes)
 */

export const HEAD = 0;
export const LENGTH = 1;
export const SIZE = 2;
export const EXTENSION = 3;
export const DATA = 4;
export const DATA_END = 5;
export const TRAILER_START = 6;
export const TRAILER_LINE = 7;
export const TRAILER_END = 8;
export const UNTIL_CLOSE = 9;

/** The answer is not complete yet. */
export const INCOMPLETE = -1;
/** These bytes are not an HTTP/1.x answer. */
export const BROKEN = -2;
/** Its head goes on for longer than any answer's. */
export const TOO_LONG = -3;
export const HEAD_LIMIT_BYTES = 65_536;

/** Why bytes are no answer. @param end BROKEN or TOO_LONG */
export const faultOfAnswer = (end: number): string =>
  end === TOO_LONG
    ? `a head longer than ${HEAD_LIMIT_BYTES.toLocaleString('en')} bytes`
    : 'not an HTTP/1 answer';

export const BODY_LIMIT_BYTES = 2 ** 52;

export interface Scanner {
  /** uint8, shape (nSockets). */
  readonly phase: Uint8Array;
  /** Bytes of body or chunk still to come; in SIZE the size read so far, -1 before the first digit. */
  readonly remaining: Float64Array;
  /** Status of the last head read. */
  readonly status: Uint16Array;
  /** 1 when the peer will close after this answer. */
  readonly closes: Uint8Array;
  /** Heads that arrived in part, by socket. */
  readonly heads: Map<number, Uint8Array>;
  /** 1 when the answer that is awaited carries no body: the request is HEAD. */
  readonly bodiless: Uint8Array;
  /** A head read before, byte by byte, and what it said: nearly all answers of a second have the very same head. */
  known: Uint8Array;
  knownStatus: number;
  knownCloses: number;
  knownPhase: number;
  knownRemaining: number;
  knownBodiless: number;
  nUnknown: number;
  /** Offset of the body in the last chunk when the whole answer lay in it, else -1. */
  bodyAt: number;
}

export const buildScanner = (nSockets: number, bodiless = false): Scanner => ({
  phase: new Uint8Array(nSockets),
  remaining: new Float64Array(nSockets),
  status: new Uint16Array(nSockets),
  closes: new Uint8Array(nSockets),
  heads: new Map(),
  bodiless: new Uint8Array(nSockets).fill(bodiless ? 1 : 0),
  known: new Uint8Array(0),
  knownStatus: 0,
  knownCloses: 0,
  knownPhase: HEAD,
  knownRemaining: 0,
  knownBodiless: 0,
  nUnknown: 0,
  bodyAt: -1,
});
