/**
 * One connection as a record, and its outlet: bytes that the other side has not taken yet, and the end.
 */
import type { CoarseClock } from './coarse-clock.ts';
import type { HttpRequest } from './request.ts';
import type { Socket } from './sockets/socket.ts';

type Bytes = Buffer<ArrayBuffer>;

/**
 * What a connection waits for; each has its own limit of time.
 * `handshake`: the end of that of an encrypted connection;
 * `part`: more of a body that is answered while it comes, all that came having been answered;
 * `reader`: the other side takes its answers; `end`: it was told to go.
 */
type Wait = 'handshake' | 'request' | 'head' | 'body' | 'part' | 'answer' | 'reader' | 'end';

export interface Connection {
  readonly socket: Socket;
  /** Its place in the server's list. */
  place: number;
  wait: Wait;
  /** Since when, on the server's clock. */
  sinceMs: number;
  /** The request whose head is still coming, or whose answer is still being made. */
  request: HttpRequest | undefined;
  /** Came, and could not be used yet; never in the slab. */
  unread: Bytes | undefined;
  /** Written, and not taken by the socket yet. */
  unsent: Bytes | undefined;
  /** Woken when `unsent` is, or the connection is gone. */
  onSent: (() => void) | undefined;
  isPaused: boolean;
  /** Its next request is there and waits for a later turn. */
  isQueued: boolean;
  /** No request is read after the one in flight. */
  isLast: boolean;
  /** The other side sends no more; it may still read. */
  hasEnded: boolean;
  isOpen: boolean;
  /** From then on, on the server's clock, it closes after its next answer. */
  readonly agedMs: number;
  /** More may come that nobody asked for: it is read, so that the other side reads its answer and not a reset. */
  lingers: boolean;
  /** How long its caller has been waited for, less what the bytes that moved were worth. */
  laggedMs: number;
  /** Bytes that are kept for it, as last counted, and since which turn; 0: none. */
  nHeld: number;
  heldTurn: number;
  nDropped: number;
  /** Bytes of refused requests that are not paid for yet: it is not read from meanwhile. */
  owesBytes: number;
  /** Whether it is to be read from again once they are. */
  resumesPaid: boolean;
}

export const createConnection = (
  socket: Socket,
  place: number,
  nowMs: number,
  ageMs: number,
): Connection => ({
  socket,
  place,
  wait: 'request',
  sinceMs: nowMs,
  request: undefined,
  unread: undefined,
  unsent: undefined,
  onSent: undefined,
  isPaused: false,
  isQueued: false,
  isLast: false,
  hasEnded: false,
  isOpen: true,
  agedMs: nowMs + ageMs,
  lingers: false,
  laggedMs: 0,
  nHeld: 0,
  heldTurn: 0,
  nDropped: 0,
  owesBytes: 0,
  resumesPaid: false,
});

/** Whether nothing of it would be lost with this process: neither what it has sent nor what it is sent. */
export const isAtRest = (connection: Connection): boolean =>
  connection.wait === 'request' &&
  connection.isOpen &&
  connection.request === undefined &&
  connection.unread === undefined &&
  connection.unsent === undefined &&
  !connection.isLast &&
  !connection.hasEnded;

/** Stops reading: what comes stays with the sender. */
export const pause = (connection: Connection): void => {
  connection.resumesPaid = false;
  if (connection.isPaused) return;
  connection.isPaused = true;
  connection.socket.pause();
};

export const resume = (connection: Connection): void => {
  if (!connection.isPaused) return;
  if (connection.owesBytes > 0) {
    connection.resumesPaid = true;
    return;
  }
  connection.isPaused = false;
  connection.socket.resume();
};

/** So slow may a caller be that is waited for again and again: 10 KB a second, once its patience is used up. */
const LAG_MS_PER_BYTE = 0.1;

/** Bytes have come, or have been taken, by which a caller makes good for some of the time that it let the server wait. */
export const moved = (connection: Connection, nBytes: number, nowMs: number): void => {
  const { laggedMs, sinceMs } = connection;
  connection.laggedMs = Math.max(0, laggedMs + nowMs - sinceMs - nBytes * LAG_MS_PER_BYTE);
  connection.sinceMs = nowMs;
};

export interface Outlet {
  /** The connection waits for something else from now on. */
  readonly wait: (connection: Connection, on: Wait) => void;
  /** Nothing is in flight: it waits for a request, or ends. */
  readonly rest: (connection: Connection) => void;
  /** Sends `bytes[from .. to)`, or keeps a copy of what the socket does not take. */
  readonly send: (connection: Connection, bytes: Uint8Array, from: number, to: number) => void;
  /** The socket takes more. */
  readonly drain: (connection: Connection) => void;
  /** Says that nothing more comes, once all is sent, and leaves the other side a moment to read it. */
  readonly end: (connection: Connection) => void;
}

export const buildOutlet = (clock: CoarseClock): Outlet => {
  const end = (connection: Connection): void => {
    connection.isLast = true;
    if (!connection.isOpen || connection.unsent || connection.wait === 'end') return;
    connection.wait = 'end';
    connection.sinceMs = clock.nowMs;
    connection.unread = undefined;
    resume(connection);
    if (connection.lingers && !connection.hasEnded) connection.socket.shutdown();
    else connection.socket.end();
  };
  const wait = (connection: Connection, on: Wait): void => {
    connection.wait = on;
    connection.sinceMs = clock.nowMs;
  };
  return {
    wait,
    rest: (connection) => {
      if (connection.unsent) wait(connection, 'reader');
      else if (connection.isLast || connection.hasEnded) end(connection);
      else wait(connection, 'request');
    },
    send: (connection, bytes, from, to) => {
      if (!connection.isOpen || connection.wait === 'end') return;
      if (connection.unsent) {
        connection.unsent = Buffer.concat([connection.unsent, bytes.subarray(from, to)]);
        return;
      }
      const nTaken = connection.socket.write(bytes, from, to - from);
      if (nTaken < 0 || nTaken >= to - from) return;
      connection.unsent = Buffer.concat([bytes.subarray(from + nTaken, to)]);
      connection.sinceMs = clock.nowMs;
    },
    drain: (connection) => {
      const { unsent } = connection;
      if (unsent === undefined) return;
      const nTaken = connection.socket.write(unsent, 0, unsent.length);
      if (nTaken > 0) moved(connection, nTaken, clock.nowMs);
      if (nTaken >= 0 && nTaken < unsent.length) {
        connection.unsent = unsent.subarray(nTaken);
        return;
      }
      connection.unsent = undefined;
      connection.onSent?.();
      connection.onSent = undefined;
    },
    end,
  };
};
