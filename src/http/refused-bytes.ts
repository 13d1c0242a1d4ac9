/**
 * Refused bytes: a body whose request is refused has to be read all the same. So many of them are read at a bounded
 * rate, over all connections together: who sent one is read from again when it is paid for, first come, first served.
 * A crowd whose large requests are refused takes a share of the process, not all of it, and waits in its own sockets.
 */
import { type Connection, pause, resume } from './connection.ts';
import { REFUSED_BURST_BYTES, REFUSED_BYTES_PER_MS, REFUSED_FREE_BYTES } from './limits.ts';

interface RefusedBytes {
  /** The body of a request that was refused, as far as it has come. Small ones are free. */
  readonly refused: (connection: Connection, nBytes: number) => void;
  /** More of a body that is read for nobody. */
  readonly dropped: (connection: Connection, nBytes: number) => void;
  /** Nobody waits any more, nor will. */
  readonly forgive: () => void;
}

interface RefusedBytesSetting {
  readonly nowMs: () => number;
  readonly later: (work: () => void, ms: number) => void;
  /** It may be read from again. */
  readonly onPaid: (connection: Connection) => void;
}

export const buildRefusedBytes = ({ nowMs, later, onPaid }: RefusedBytesSetting): RefusedBytes => {
  let creditBytes = REFUSED_BURST_BYTES;
  let sinceMs = nowMs();
  let isWaiting = false;
  let isForgiven = false;
  let queue: Connection[] = [];

  const earn = (): void => {
    const now = nowMs();
    creditBytes = Math.min(
      REFUSED_BURST_BYTES,
      creditBytes + (now - sinceMs) * REFUSED_BYTES_PER_MS,
    );
    sinceMs = now;
  };
  const free = (connection: Connection): void => {
    connection.owesBytes = 0;
    if (!connection.isOpen) return;
    if (connection.resumesPaid) resume(connection);
    onPaid(connection);
  };
  const wait = (): void => {
    if (isWaiting || queue.length === 0) return;
    isWaiting = true;
    later(pay, 1);
  };
  const pay = (): void => {
    isWaiting = false;
    earn();
    // Who has gone is read from no more: the others would wait for what it owes, and all that it holds would be kept.
    queue = queue.filter(({ isOpen }) => isOpen);
    let nPaid = 0;
    for (const connection of queue) {
      if (creditBytes < 0) break;
      creditBytes -= connection.owesBytes;
      nPaid++;
      free(connection);
    }
    queue.splice(0, nPaid);
    wait();
  };

  const dropped = (connection: Connection, nBytes: number): void => {
    if (isForgiven || !connection.isOpen) return;
    if (connection.owesBytes > 0) {
      connection.owesBytes += nBytes;
      return;
    }
    earn();
    if (queue.length === 0 && creditBytes >= 0) {
      creditBytes -= nBytes;
      return;
    }
    const resumes = !connection.isPaused;
    pause(connection);
    connection.resumesPaid = resumes;
    connection.owesBytes = nBytes;
    queue.push(connection);
    wait();
  };

  return {
    dropped,
    refused: (connection, nBytes) => {
      if (nBytes > REFUSED_FREE_BYTES) dropped(connection, nBytes);
    },
    forgive: () => {
      isForgiven = true;
      for (const connection of queue.splice(0)) free(connection);
    },
  };
};
