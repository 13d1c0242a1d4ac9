/**
 * Limits of one connection: sizes of head, target, fields and bodies, and timeouts.
 */

/** Request line and fields together. */
export const HEAD_LIMIT_BYTES = 16 * 1024;
export const TARGET_LIMIT_BYTES = 8 * 1024;
export const FIELDS_LIMIT = 100;
/** The line before a chunk, extensions and all; the fields after the last one have the limit of a head. */
export const CHUNK_LINE_LIMIT_BYTES = 1024;

/** A body that nobody asked for is read to its end when so little is to come; else the connection ends. */
export const DROPPED_LIMIT_BYTES = 64 * 1024;

/** Requests that come before they can be read are held, and reading goes on, so that the end of the caller is seen. */
export const PIPELINED_BYTES = 64 * 1024;

/**
 * Bodies of refused requests are read at this rate once so many of them have come at once; those up to a size are free:
 * to read them costs no more than to refuse the request.
 */
export const REFUSED_BYTES_PER_MS = 32 * 1024;
export const REFUSED_BURST_BYTES = 1024 * 1024;
export const REFUSED_FREE_BYTES = 16 * 1024;

/** Whenever so much of a body has come, a handler may say that it is enough: the rest is read, and not kept. */
export const LOOKS_BYTES = [64 * 1024, 256 * 1024] as const;

export interface Limits {
  /** A request, head and body, must have arrived by then. */
  readonly requestMs: number;
  /**
   * How long a connection may be silent: between requests, while it is read from, inside a stream. Inside a request the
   * silences add up, and only what moves meanwhile makes good for them: a byte now and then does not.
   */
  readonly idleMs: number;
  /** Kept in memory for all connections together, before the youngest requests are refused; unbounded if not given. */
  readonly heldBytes?: number;
  /** A connection older than about this (a tenth more or less) closes after its next answer; 0: however old. */
  readonly ageMs?: number;
}

/** Ages differ by so much either way: connections that were opened together do not all close together. */
const AGE_SPREAD = 0.1;

/** The age, in milliseconds, after which one connection closes. @param random from 0 to 1 */
export const ageOf = ({ ageMs = 0 }: Limits, random: number): number =>
  ageMs > 0 ? ageMs * (1 + AGE_SPREAD * (2 * random - 1)) : Number.POSITIVE_INFINITY;

/** A connection that was told to go is read from no longer than this, while the other side reads its answer. */
export const LINGER_MS = 1000;
export const LINGER_BYTES = 4 * 1024 * 1024;

/** How often timeouts are looked at. */
export const TICK_MS = 100;
