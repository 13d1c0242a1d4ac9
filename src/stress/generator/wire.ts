/**
 * What a shard and its pacer ask of connections, whatever is spoken on them. A place holds one request at a time: a
 * connection of HTTP/1.1, a stream of HTTP/2, a user of a journey.
 */
import type { LossOutcome, UnsentOutcome } from './recorder.ts';

export interface Wire {
  /** Waits for something to happen on the connections; null where the runtime tells of it. @returns how much happened */
  readonly poll: ((waitUs: number) => number) | null;
  /** Opens connections until there are so many. */
  readonly grow: (nConnections: number) => void;
  /** Stops reporting how far the opening has come. */
  readonly settle: () => void;
  /** Requests wait for a connection: those that are opened on demand are opened now. */
  readonly openMissing: () => void;
  /** Whether connections are still opening that were begun before a moment. */
  readonly isOpening: (beforeMs: number) => boolean;
  /** Opens what is due. @param isMissed whether requests wait for a connection */
  readonly turn: (nowMs: number, isMissed: boolean) => void;
  readonly nOpen: () => number;
  /** A step will begin: a closed loop may have an end in requests. */
  readonly begin: (maxRequests: number) => void;
  /** It begins now. */
  readonly start: () => void;
  /** A free, open place takes its next request, or becomes idle. */
  readonly serve: (i: number, t: number) => void;
  readonly send: (i: number, plannedAt: number, t: number) => void;
  /** Ends the request in flight of a place without an answer. */
  readonly giveUp: (i: number, outcome: LossOutcome, t: number) => void;
  /** Ends a request that found no place: the next in turn. */
  readonly giveUpUnsent: (outcome: UnsentOutcome, plannedUs: number, t: number) => void;
  /** Whether a closed loop has sent all that it may. */
  readonly isSpent: () => boolean;
  /** A second is over. */
  readonly tick: () => void;
  /** Whether planned requests wait that are neither in flight nor for any free place; and their end with the step. */
  readonly isHeld: () => boolean;
  readonly drain: (t: number, outcome: 'unanswered' | 'inFlight') => void;
  /** Resets a share (0 to 1) of the open connections, abruptly. */
  readonly reset: (share: number) => void;
  readonly close: () => void;
}
