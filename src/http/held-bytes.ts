/**
 * Held bytes: what a server keeps in memory for its connections (heads and bodies that are not whole or not answered,
 * answers that are not taken), bounded over all of them. Past the bound the youngest give way, so that what was begun
 * first can be finished.
 */
import type { Connection } from './connection.ts';

interface HeldBytes {
  /** To be called whenever what a connection holds may have changed. @cost nothing where it holds nothing */
  readonly count: (connection: Connection) => void;
  readonly total: () => number;
}

/** One connection from the moment on in which it began to hold something. */
interface Holder {
  readonly connection: Connection;
  readonly turn: number;
}

/** Holders that hold nothing any more are forgotten when they are so many, since each keeps its last request alive. */
const FORGET_FROM = 32;

/**
 * @param release makes a connection let go of what it holds, if it can. @returns whether it did
 */
export const buildHeldBytes = (
  limitBytes: number,
  release: (connection: Connection) => boolean,
): HeldBytes => {
  let total = 0;
  let lastTurn = 0;
  let nLive = 0;
  /** In the order in which they began. */
  let holders: Holder[] = [];
  let isReleasing = false;

  const isLive = ({ connection, turn }: Holder): boolean => connection.heldTurn === turn;
  const note = (connection: Connection): void => {
    const held = connection.isOpen ? heldOf(connection) : 0;
    if (held === connection.nHeld) return;
    total += held - connection.nHeld;
    if (connection.nHeld === 0) {
      connection.heldTurn = ++lastTurn;
      nLive++;
      holders.push({ connection, turn: lastTurn });
    } else if (held === 0) {
      connection.heldTurn = 0;
      nLive--;
    }
    connection.nHeld = held;
    if (holders.length > FORGET_FROM && holders.length > 2 * nLive)
      holders = holders.filter(isLive);
  };

  const releaseYoungest = (): void => {
    isReleasing = true;
    for (let i = holders.length - 1; i >= 0 && total > limitBytes; i--) {
      const holder = holders[i];
      if (holder && isLive(holder) && release(holder.connection)) note(holder.connection);
    }
    isReleasing = false;
  };

  return {
    count: (connection) => {
      note(connection);
      // A connection that has gone only makes room.
      if (total > limitBytes && !isReleasing && connection.isOpen) releaseYoungest();
    },
    total: () => total,
  };
};

/** Of a slice all that it keeps alive. */
const heldOf = ({ unread, unsent, request }: Connection): number =>
  (unread === undefined ? 0 : unread.buffer.byteLength) +
  (unsent === undefined ? 0 : unsent.buffer.byteLength) +
  (request?.incoming === undefined ? 0 : request.incoming.nHeldBytes());
