/**
 * The response scanner: finds where an HTTP/1.x answer ends, in whatever pieces it arrives.
 * Hot path of a shard; its slow twin is `answer-reference.ts`.
 *
 * One scanner serves all sockets of a shard: their states lie in flat arrays, indexed by socket.
 *
 *   HEAD ─┬─ LENGTH ─────────────────────────────────────────────┬─> done
 *         ├─ SIZE -> EXTENSION -> DATA -> DATA_END -> SIZE ...   │
 *         │    └ size 0 ─> TRAILER_START <-> TRAILER_LINE -> TRAILER_END
 *         └─ UNTIL_CLOSE (done when the peer closes)
 */

const HEAD = 0;
const LENGTH = 1;
const SIZE = 2;
const EXTENSION = 3;
const DATA = 4;
const DATA_END = 5;
const TRAILER_START = 6;
const TRAILER_LINE = 7;
const TRAILER_END = 8;
const UNTIL_CLOSE = 9;

/** The answer is not complete yet. */
export const INCOMPLETE = -1;
/** These bytes are not an HTTP/1.x answer. */
export const BROKEN = -2;

const HEAD_LIMIT_BYTES = 65_536;
const BODY_LIMIT_BYTES = 2 ** 52;

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
  /** Whether answers carry no body (HEAD requests). */
  readonly bodiless: boolean;
  /** A head read before, byte by byte, and what it said: most answers of a second have the very same head. */
  known: Uint8Array;
  knownStatus: number;
  knownCloses: number;
  knownPhase: number;
  knownRemaining: number;
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
  bodiless,
  known: new Uint8Array(0),
  knownStatus: 0,
  knownCloses: 0,
  knownPhase: HEAD,
  knownRemaining: 0,
  nUnknown: 0,
  bodyAt: -1,
});

/** One head in so many that are not known is learnt: services whose heads all differ must not pay for it. */
const LEARN_MASK = 63;

/** Forgets what a socket had begun: before each request. */
export const resetScanner = (scanner: Scanner, socket: number): void => {
  if (scanner.phase[socket] !== HEAD) scanner.phase[socket] = HEAD;
  if (scanner.heads.size > 0) scanner.heads.delete(socket);
};

/** Whether a byte of an answer has been seen since the last reset. */
export const hasBegun = (scanner: Scanner, socket: number): boolean =>
  scanner.phase[socket] !== HEAD || scanner.heads.has(socket);

/** Whether the peer's close completes the answer. */
export const closeCompletes = (scanner: Scanner, socket: number): boolean =>
  scanner.phase[socket] === UNTIL_CLOSE;

/**
 * Reads a chunk for a socket from `from` on.
 * @returns the offset just past the answer's end, INCOMPLETE, or BROKEN
 * @cost one pass over the head, constant over a body of known length
 * @source RFC 9112, sections 6 and 7
 */
export const scanAnswer = (
  scanner: Scanner,
  socket: number,
  chunk: Uint8Array,
  from: number,
): number => {
  scanner.bodyAt = -1;
  let at = from;
  while (scanner.phase[socket] === HEAD) {
    at = scanHead(scanner, socket, chunk, at);
    if (at < 0) return at;
    const status = scanner.status[socket]!;
    if (status < 200 && status !== 101) scanner.phase[socket] = HEAD;
    else break;
  }
  if (scanner.phase[socket] === LENGTH) {
    const remaining = scanner.remaining[socket]!;
    const here = chunk.length - at;
    if (here < remaining) {
      scanner.remaining[socket] = remaining - here;
      scanner.bodyAt = -1;
      return INCOMPLETE;
    }
    scanner.phase[socket] = HEAD;
    return at + remaining;
  }
  scanner.bodyAt = -1;
  if (scanner.phase[socket] === UNTIL_CLOSE) return INCOMPLETE;
  return scanChunks(scanner, socket, chunk, at);
};

/** Reads one head; returns the offset past it, and leaves the phase of the body behind. */
const scanHead = (scanner: Scanner, socket: number, chunk: Uint8Array, from: number): number => {
  const saved = scanner.heads.size > 0 ? scanner.heads.get(socket) : undefined;
  if (saved === undefined) {
    const known = scanner.known;
    const n = known.length;
    if (n > 0 && chunk.length - from >= n) {
      let same = 0;
      while (same < n && chunk[from + same] === known[same]) same++;
      if (same === n) {
        scanner.status[socket] = scanner.knownStatus;
        scanner.closes[socket] = scanner.knownCloses;
        scanner.phase[socket] = scanner.knownPhase;
        scanner.remaining[socket] = scanner.knownRemaining;
        scanner.bodyAt = from + n;
        return from + n;
      }
    }
    const end = parseHead(scanner, socket, chunk, from);
    if (end > 0 && (scanner.nUnknown++ & LEARN_MASK) === 0)
      learn(scanner, socket, chunk, from, end);
    if (end === INCOMPLETE && from < chunk.length) scanner.heads.set(socket, chunk.slice(from));
    else scanner.bodyAt = end;
    return end;
  }
  const joined = new Uint8Array(saved.length + chunk.length - from);
  joined.set(saved);
  joined.set(from === 0 ? chunk : chunk.subarray(from), saved.length);
  const end = parseHead(scanner, socket, joined, 0);
  if (end === INCOMPLETE) {
    if (joined.length > HEAD_LIMIT_BYTES) return BROKEN;
    scanner.heads.set(socket, joined);
    return INCOMPLETE;
  }
  scanner.heads.delete(socket);
  return end === BROKEN ? BROKEN : from + end - saved.length;
};

const learn = (
  scanner: Scanner,
  socket: number,
  chunk: Uint8Array,
  from: number,
  end: number,
): void => {
  scanner.known = chunk.slice(from, end);
  scanner.knownStatus = scanner.status[socket]!;
  scanner.knownCloses = scanner.closes[socket]!;
  scanner.knownPhase = scanner.phase[socket]!;
  scanner.knownRemaining = scanner.remaining[socket]!;
};

const PREFIX = Buffer.from('HTTP/1.');
const CONTENT_LENGTH = Buffer.from('content-length:');
const TRANSFER_ENCODING = Buffer.from('transfer-encoding:');
const CONNECTION = Buffer.from('connection:');
const CLOSE = Buffer.from('close');
const KEEP_ALIVE = Buffer.from('keep-alive');
const CHUNKED = Buffer.from('chunked');

const parseHead = (scanner: Scanner, socket: number, bytes: Uint8Array, from: number): number => {
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
      if (startsWith(bytes, line, CONTENT_LENGTH)) {
        const said = readLength(bytes, line + CONTENT_LENGTH.length, at);
        if (said < 0 || (length >= 0 && said !== length)) return BROKEN;
        length = said;
      } else if (startsWith(bytes, line, CONNECTION)) {
        if (holds(bytes, line + CONNECTION.length, at, CLOSE)) closes = 1;
        else if (holds(bytes, line + CONNECTION.length, at, KEEP_ALIVE)) closes = 0;
      }
    } else if (first === 116 && startsWith(bytes, line, TRANSFER_ENCODING)) {
      chunked = holds(bytes, line + TRANSFER_ENCODING.length, at, CHUNKED);
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
  if (scanner.bodiless || status < 200 || status === 204 || status === 304) {
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

const scanChunks = (scanner: Scanner, socket: number, chunk: Uint8Array, from: number): number => {
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
