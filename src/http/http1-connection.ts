/**
 * HTTP/1.1 on a connection, as a state machine fed by socket events: requests in, one after the other, answers out in
 * their order. One object serves every connection of a server; what differs is in the `Connection` record.
 *
 * `onTurn` -> `receive` -> `consume`: while bytes are left, either `begin` (read a head, frame it, ask the handler) or push them
 * into the body that is still coming. Bytes that cannot be used yet are held, and reading stops (backpressure).
 * @source RFC 9112, 9
 */
import { pace } from '../host/pace.ts';
import type { Handlers } from './call.ts';
import type { CoarseClock } from './coarse-clock.ts';
import { buildOutlet, type Connection, isAtRest, moved, pause, resume } from './connection.ts';
import { frame } from './framing.ts';
import { buildHeldBytes } from './held-bytes.ts';
import { LINGER_BYTES, PIPELINED_BYTES } from './limits.ts';
import { parseErrorOf } from './parse-errors.ts';
import { buildRefusedBytes } from './refused-bytes.ts';
import { buildReply } from './reply.ts';
import { buildRepeatedHeads } from './repeated-heads.ts';
import { createRequest, type HttpRequest, isRead, nextMark, settle } from './request.ts';
import { createRequestBody } from './request-body.ts';
import { beginHead, readHead } from './request-head.ts';
import { buildTargets } from './request-target.ts';
import { owned } from './slab.ts';
import { buildWriter, GATHER_BYTES } from './writer.ts';

type Bytes = Buffer<ArrayBuffer>;
const NONE: Bytes = Buffer.alloc(0);

/** Requests behind each other are answered for so long in one turn: the rest waits, as others did meanwhile. */
const PIPELINED_MS = 2;

interface Http1Connection {
  /**
   * Connections have received these pieces, in this order: reads them all, then sends all answers.
   * @param onError told of what is thrown
   */
  readonly onTurn: (
    pieces: Pieces,
    onError: (connection: Connection, error: Error) => void,
  ) => void;
  readonly onDrain: (connection: Connection) => void;
  readonly onEnd: (connection: Connection) => void;
  readonly onClose: (connection: Connection) => void;
  /** A request has taken longer to arrive than it may. */
  readonly onSlow: (connection: Connection) => void;
  /** A stream has waited longer for more than it may. */
  readonly onStreamSlow: (connection: Connection) => void;
  /** Ends a connection that waits for a request. */
  readonly end: (connection: Connection) => void;
  /** No connection waits any more because its last request was refused. */
  readonly forgive: () => void;
}

/** Piece i, of n: `bytes[i][at[i] .. end[i])`, which may lie in the slab. */
export interface Pieces {
  n: number;
  readonly connections: Connection[];
  readonly bytes: Bytes[];
  readonly at: Int32Array;
  readonly end: Int32Array;
}

interface Http1Setting {
  readonly handlers: Handlers;
  readonly clock: CoarseClock;
  readonly isEncrypted: boolean;
  /** Whether a connection is to close after its next answer. */
  readonly isClosing: (connection: Connection) => boolean;
  /** Called for every answer that has been written. */
  readonly onAnswered: () => void;
  /** The most that is kept in memory for all connections together. */
  readonly heldBytes: number;
}

export const buildHttp1Connection = ({
  handlers,
  clock,
  isEncrypted,
  isClosing,
  onAnswered,
  heldBytes,
}: Http1Setting): Http1Connection => {
  const gathered = Buffer.allocUnsafeSlow(GATHER_BYTES);
  const outlet = buildOutlet(clock);
  const { wait, rest } = outlet;
  const writer = buildWriter(clock, gathered, (connection: Connection, bytes, from, to) => {
    outlet.send(connection, bytes, from, to);
    if (!connection.unsent) return;
    if (connection.wait === 'request') rest(connection);
    // Later: others may have to be refused for it.
    queueMicrotask(() => held.count(connection));
  });
  /** Answers are gathered until all that was received in a turn has been read. */
  let isTurn = false;
  const refusedBytes = buildRefusedBytes({
    nowMs: () => performance.now(),
    later: setTimeout,
    onPaid: (connection) => {
      if (connection.wait !== 'end') connection.sinceMs = clock.nowMs;
    },
  });
  const reply = buildReply({
    handlers,
    writer,
    outlet,
    isClosing,
    onAnswered,
    onRefused: refusedBytes.refused,
    onDone: (connection) => {
      proceed(connection);
      held.count(connection);
      noteRest(connection);
    },
  });
  const targets = buildTargets();
  const heads = buildRepeatedHeads();
  /** Serves every request that is answered at once. */
  let reused = createRequest(isEncrypted);

  /** To be called when all that was gathered for it has been sent. */
  const noteRest = (connection: Connection): void => {
    if (isAtRest(connection)) connection.socket.rested?.();
  };

  /** Takes up what was held, or rests. */
  const proceed = (connection: Connection): void => {
    const { unread, request, isLast, unsent } = connection;
    if (!connection.isOpen || connection.isQueued) return;
    if (unsent === undefined) resume(connection);
    if (unread && request === undefined && !(isLast || unsent) && isTurnSpent()) later(connection);
    else if (unread && (request || !(isLast || unsent))) {
      connection.unread = undefined;
      consume(connection, unread, 0, unread.length);
    } else if (request === undefined) rest(connection);
  };

  /** Bytes that cannot be used now; reading stops once they are more than `limit`. */
  const hold = (connection: Connection, bytes: Bytes, limit = 0): void => {
    connection.unread = bytes;
    if (bytes.length > limit) pause(connection);
  };

  let turnStartMs = 0;
  const isTurnSpent = (): boolean => performance.now() - turnStartMs > PIPELINED_MS;
  /** Those whose next requests are there and wait for a later turn. */
  const queue: Connection[] = [];
  const later = (connection: Connection): void => {
    connection.isQueued = true;
    wait(connection, 'answer');
    if (queue.push(connection) === 1) setImmediate(goOn);
  };
  const restPipelined = pace.kind();
  const goOn = (): void => {
    const restMs = restPipelined();
    if (restMs > 0) {
      setTimeout(goOn, restMs);
      return;
    }
    turnStartMs = performance.now();
    isTurn = true;
    const taken: Connection[] = [];
    for (let n = queue.length; n > 0 && !isTurnSpent(); n--) {
      const connection = queue.shift()!;
      taken.push(connection);
      connection.isQueued = false;
      proceed(connection);
      held.count(connection);
    }
    isTurn = false;
    writer.flush();
    taken.forEach(noteRest);
    if (queue.length > 0) setImmediate(goOn);
  };

  /** Refuses what a connection holds memory for. @returns whether it could be refused */
  const release = (connection: Connection): boolean => {
    const { request, wait: on } = connection;
    if (connection.unsent) connection.socket.terminate();
    else if (on === 'head' || connection.isQueued) {
      reply.refuse(connection, 'crowded');
      writer.flush();
      giveUp(connection);
    } else if (on === 'answer' && connection.unread && request && isRead(request)) {
      // The requests behind it: they are asked again on a connection of their own.
      connection.unread = undefined;
      connection.isLast = true;
      connection.lingers = true;
    } else if (request?.isAnswered) giveUp(connection);
    else if (request?.incoming && (on === 'body' || on === 'part')) {
      // Where the body ends nobody knows any more.
      if (connection.unread) connection.isLast = true;
      connection.unread = undefined;
      request.incoming.fail(parseErrorOf('crowded'));
      wait(connection, 'answer');
    } else return false;
    handlers.onShed('memory');
    return true;
  };
  const held = buildHeldBytes(heldBytes, release);

  const consume = (connection: Connection, bytes: Bytes, from: number, end: number): void => {
    let at = from;
    while (at < end && connection.isOpen) {
      const { request } = connection;
      if (request && connection.wait !== 'head') {
        const { incoming } = request;
        if (!incoming || incoming.isWhole()) {
          hold(connection, owned(bytes, at, end), PIPELINED_BYTES);
          break;
        }
        if (incoming.isFull()) {
          hold(connection, owned(bytes, at, end));
          break;
        }
        if (connection.wait === 'part') {
          moved(connection, end - at, clock.nowMs);
          wait(connection, 'body');
        }
        const behind = incoming.push(bytes, at, end);
        if (request.isAnswered || incoming.isDropped()) refusedBytes.dropped(connection, end - at);
        if (behind < 0 && request.isAnswered) giveUp(connection);
        at = behind < 0 ? end : behind;
        if (request.isAnswered && incoming.isWhole()) {
          connection.request = undefined;
          wait(connection, 'request');
        } else if (incoming.isWhole() && connection.wait === 'body') wait(connection, 'answer');
      } else if (connection.isLast) break;
      else if (connection.unsent) {
        hold(connection, owned(bytes, at, end));
        break;
      } else if (at > from && isTurnSpent()) {
        hold(connection, owned(bytes, at, end), PIPELINED_BYTES);
        later(connection);
        break;
      } else at = begin(connection, bytes, at, end);
    }
    const { isLast, hasEnded, unsent } = connection;
    if (!isTurn || isLast || hasEnded || unsent || connection.request) writer.flush();
    if (connection.isQueued) return;
    if (connection.request === undefined) rest(connection);
    else if (connection.hasEnded) endBody(connection, connection.request);
  };

  /** Reads one request, or a part of it, from `bytes[at .. end)`. @returns the place behind it */
  const begin = (connection: Connection, bytes: Bytes, at: number, end: number): number => {
    const request = connection.request ?? reused;
    const { head, framing } = request;
    if (request === reused) {
      connection.laggedMs = 0;
      if (heads.repeats(request, bytes, at, end)) return answer(connection, request);
      heads.forget();
      beginHead(head, bytes, at, end);
    } else {
      head.bytes = bytes;
      head.start = at;
      head.end = end;
    }
    const outcome = readHead(head);
    if (outcome === 'more') {
      if (request === reused) wait(connection, 'head');
      connection.unread = owned(bytes, head.start, end);
      head.bytes = connection.unread;
      head.start = 0;
      keep(connection, request);
      return end;
    }
    connection.request = undefined;
    const fault = outcome === 'refused' ? head.fault : frame(head, framing);
    const target = fault ?? targets.of(head);
    if (typeof target === 'string') {
      reply.refuse(connection, target);
      return end;
    }
    request.target = target;
    request.headMark = nextMark();
    if (request === reused) heads.note(request);
    return answer(connection, request);
  };

  /** Answers a request whose head has been read. @returns the place behind what is there of it */
  const answer = (connection: Connection, request: HttpRequest): number => {
    request.remote = connection.socket;
    const behind = takeBody(connection, request);
    request.isFollowed = behind < request.head.end;
    if (!reply.answer(connection, request)) keep(connection, request);
    return behind;
  };

  /** Takes what is there of the body. @returns the place behind it */
  const takeBody = (connection: Connection, request: HttpRequest): number => {
    const { head, framing } = request;
    const { length } = framing;
    const bytes = head.bytes as Bytes;
    const at = head.start + head.at;
    request.incoming = undefined;
    request.gone = undefined;
    request.source = bytes;
    request.at = at;
    request.end = at + length;
    if (length >= 0 && request.end <= head.end) return request.end;
    request.incoming = createRequestBody(length, () => listen(connection, request));
    const behind = request.incoming.push(bytes, at, head.end);
    return behind < 0 ? head.end : behind;
  };

  /** The handler waits for more of the body. */
  const listen = (connection: Connection, request: HttpRequest): void => {
    const { incoming } = request;
    reply.sendContinue(connection, request);
    if (incoming!.isStream()) {
      const on = incoming!.isOwing() ? 'body' : 'part';
      if (connection.wait !== on) wait(connection, on);
    } else if (connection.wait === 'head') connection.wait = 'body';
    else if (connection.wait !== 'body') wait(connection, 'body');
    if (connection.unread) queueMicrotask(() => proceed(connection));
    else resume(connection);
  };

  /** The record stays with its request. */
  const keep = (connection: Connection, request: HttpRequest): void => {
    settle(request);
    if (request === reused) reused = createRequest(isEncrypted);
    connection.request = request;
  };

  /** Ends a connection whose request will never be whole. */
  const giveUp = (connection: Connection): void => {
    connection.request = undefined;
    connection.isLast = true;
    connection.lingers = true;
    rest(connection);
  };

  /** The other side has ended: a body that is not whole will never be; whether an answer is still read, a probe tells. */
  const endBody = (connection: Connection, request: HttpRequest): void => {
    // What is held is the rest of the body, or requests behind it.
    if (connection.unread && !isRead(request)) return;
    if (request.isAnswered) giveUp(connection);
    else if (!isRead(request)) request.incoming?.fail(parseErrorOf('body-ended'));
    else if (request.head.minor === 1 && !request.isBegun) {
      // Who has closed altogether answers with a reset; who only ended his side passes over it.
      writer.sendContinue(connection);
      writer.flush();
    }
  };

  const receive = (connection: Connection, bytes: Bytes, at: number, end: number): void => {
    if (!connection.isOpen) return;
    if (connection.wait === 'end') {
      connection.nDropped += end - at;
      refusedBytes.dropped(connection, end - at);
      if (connection.nDropped > LINGER_BYTES) connection.socket.terminate();
      return;
    }
    const { unread } = connection;
    if (connection.isQueued) {
      hold(connection, Buffer.concat([unread ?? NONE, bytes.subarray(at, end)]), PIPELINED_BYTES);
      held.count(connection);
      return;
    }
    connection.unread = undefined;
    if (unread === undefined) consume(connection, bytes, at, end);
    else {
      const all = Buffer.concat([unread, bytes.subarray(at, end)]);
      consume(connection, all, 0, all.length);
    }
    held.count(connection);
  };

  return {
    onTurn: ({ n, connections, bytes, at, end }, onError) => {
      isTurn = true;
      turnStartMs = performance.now();
      for (let i = 0; i < n; i++) {
        try {
          receive(connections[i]!, bytes[i]!, at[i]!, end[i]!);
        } catch (error) {
          onError(connections[i]!, error as Error);
        }
      }
      isTurn = false;
      writer.flush();
      for (let i = 0; i < n; i++) noteRest(connections[i]!);
    },
    onDrain: (connection) => {
      outlet.drain(connection);
      if (connection.wait === 'reader' || connection.wait === 'head') proceed(connection);
      held.count(connection);
      noteRest(connection);
    },
    onEnd: (connection) => {
      connection.hasEnded = true;
      if (connection.wait === 'end') {
        connection.socket.end();
        return;
      }
      if (connection.isQueued) return;
      const { request } = connection;
      if (request && connection.wait !== 'head') endBody(connection, request);
      else if (!connection.unsent || !connection.unread) {
        connection.request = undefined;
        rest(connection);
      }
    },
    onClose: (connection) => {
      const { request, onSent } = connection;
      connection.isOpen = false;
      connection.unread = undefined;
      connection.unsent = undefined;
      onSent?.();
      held.count(connection);
      if (!request) return;
      request.isGone = true;
      request.gone?.abort();
      request.incoming?.fail(parseErrorOf('body-ended'));
    },
    onSlow: (connection) => {
      const { request } = connection;
      handlers.onShed('slow');
      if (request?.isAnswered) giveUp(connection);
      else if (connection.wait === 'body') {
        request?.incoming?.fail(parseErrorOf('slow'));
        wait(connection, 'answer');
      } else {
        reply.refuse(connection, 'slow');
        writer.flush();
        giveUp(connection);
      }
    },
    onStreamSlow: (connection) => {
      handlers.onShed('slow');
      connection.request?.incoming?.fail(parseErrorOf('stream-slow'));
      wait(connection, 'answer');
    },
    end: (connection) => {
      if (connection.wait === 'request') outlet.end(connection);
    },
    forgive: refusedBytes.forgive,
  };
};
