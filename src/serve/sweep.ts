/**
 * Ends connections whose request does not get finished: the runtime limits silence, but not a sender who brings a
 * byte now and then. Stands in the worker; walks a part of the descriptors on each beat of its heart.
 */
import type { Sockets } from './sockets.ts';

/** Descriptors looked at in one step; a step costs well under a millisecond. */
const STEP = 1000;
/** Two readings of "last sent" that are nearer than this mean the same moment. */
const SAME_MS = 100;

interface Waiting {
  /** When this side sent last, or the connection began. */
  readonly sentAtMs: number;
  /** When it was first seen to have brought something since. */
  readonly sinceMs: number;
}

export interface Sweep {
  /** Looks at the next part of the descriptors. */
  readonly step: () => void;
}

const BODY =
  '{"type":"about:blank","title":"The request took too long to arrive","status":408,' +
  '"detail":"the request took too long to arrive","code":"request-slow","error":"the request took too long to arrive"}';

const ANSWER_408 = Buffer.from(
  `HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`,
);

/**
 * @param highest the highest descriptor there may be
 * @param isPlain whether words may be written beside the runtime: not through TLS
 * @param onEnd called for each connection that is ended
 */
export const buildSweep = (
  sockets: Pick<Sockets, 'timesOf' | 'shutdown'>,
  limitMs: number,
  highest: () => number,
  isPlain: boolean,
  onEnd: () => void,
  clockMs: () => number = () => performance.now(),
): Sweep => {
  const waiting = new Map<number, Waiting>();
  let next = 0;

  const look = (descriptor: number, nowMs: number): void => {
    const times = sockets.timesOf(descriptor);
    // Nothing has come since this side sent: an idle connection, or one whose answer is on its way.
    if (!times || times.lastReceivedMs >= times.lastSentMs) {
      waiting.delete(descriptor);
      return;
    }
    const sentAtMs = nowMs - times.lastSentMs;
    const before = waiting.get(descriptor);
    if (!before || Math.abs(before.sentAtMs - sentAtMs) > SAME_MS) {
      waiting.set(descriptor, { sentAtMs, sinceMs: nowMs });
    } else if (nowMs - before.sinceMs > limitMs) {
      waiting.delete(descriptor);
      sockets.shutdown(descriptor, isPlain ? ANSWER_408 : undefined);
      onEnd();
    }
  };

  return {
    step: () => {
      const nowMs = clockMs();
      const last = highest();
      const end = Math.min(next + STEP, last + 1);
      for (let descriptor = next; descriptor < end; descriptor++) look(descriptor, nowMs);
      next = end > last ? 0 : end;
    },
  };
};
