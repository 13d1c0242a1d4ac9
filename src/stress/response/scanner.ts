/**
 * The response scanner: finds where an HTTP/1.x answer ends, in whatever pieces it arrives.
 * Hot path of a shard; its slow twin is `reference.ts`.
 *
 * One scanner serves all sockets of a shard: their states lie in flat arrays, indexed by socket.
 */
import { scanChunks } from './chunks.ts';
import { parseHead } from './head.ts';
import {
  BROKEN,
  HEAD,
  HEAD_LIMIT_BYTES,
  INCOMPLETE,
  LENGTH,
  type Scanner,
  TOO_LONG,
  UNTIL_CLOSE,
} from './scanner-state.ts';

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
 * @returns the offset just past the answer's end, INCOMPLETE, BROKEN or TOO_LONG
 * @cost one pass over the head, constant over a body of known length
 * @source RFC 9112, sections 6 and 7
 */
export const scanResponse = (
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
    if (n > 0 && chunk.length - from >= n && scanner.bodiless[socket] === scanner.knownBodiless) {
      if (isSame(known, chunk, from)) {
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
    if (end === INCOMPLETE && from < chunk.length) {
      if (chunk.length - from > HEAD_LIMIT_BYTES) return TOO_LONG;
      scanner.heads.set(socket, chunk.slice(from));
    } else scanner.bodyAt = end;
    return end;
  }
  const joined = new Uint8Array(saved.length + chunk.length - from);
  joined.set(saved);
  joined.set(from === 0 ? chunk : chunk.subarray(from), saved.length);
  const end = parseHead(scanner, socket, joined, 0);
  if (end === INCOMPLETE) {
    if (joined.length > HEAD_LIMIT_BYTES) return TOO_LONG;
    scanner.heads.set(socket, joined);
    return INCOMPLETE;
  }
  scanner.heads.delete(socket);
  return end === BROKEN ? BROKEN : from + end - saved.length;
};

/** Whether the bytes from `from` on are the known ones. Eight at a time without a branch: this runs for every answer. */
const isSame = (known: Uint8Array, chunk: Uint8Array, from: number): boolean => {
  const n = known.length;
  let i = 0;
  for (let at = from; i + 8 <= n; i += 8, at += 8) {
    const differs =
      (known[i]! ^ chunk[at]!) |
      (known[i + 1]! ^ chunk[at + 1]!) |
      (known[i + 2]! ^ chunk[at + 2]!) |
      (known[i + 3]! ^ chunk[at + 3]!) |
      (known[i + 4]! ^ chunk[at + 4]!) |
      (known[i + 5]! ^ chunk[at + 5]!) |
      (known[i + 6]! ^ chunk[at + 6]!) |
      (known[i + 7]! ^ chunk[at + 7]!);
    if (differs !== 0) return false;
  }
  while (i < n && known[i] === chunk[from + i]) i++;
  return i === n;
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
  scanner.knownBodiless = scanner.bodiless[socket]!;
};
