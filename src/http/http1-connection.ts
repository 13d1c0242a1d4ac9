/**
 * What is said on a connection: requests in, one after the other, and answers out in their order.
 *
 * @source RFC 9112, 9
 */
import type { Handlers } from './call.ts';
import type { Clock } from './coarse-clock.ts';
import { buildOutlet, type Connection, pause, resume } from './connection.ts';
import { createExchange, type Exchange, isRead } from './request.ts';
import { frame } from './framing.ts';
import { beginHead, readHead } from './head.ts';
import { createInflow } from './request-body.ts';
import { LINGER_BYTES } from './limits.ts';
import { failureOf } from './parse-errors.ts';
import { buildReply } from './reply.ts';
import { buildTargets } from './target.ts';
import { buildWriter } from './writer.ts';

type Bytes = Buffer<ArrayBuffer>;

export interface Dialogue {
  readonly onData: (connection: Connection, chunk: Bytes) => void;
  readonly onDrain: (connection: Connection) => void;
  readonly onEnd: (connection: Connection) => void;
  readonly onClose: (connection: Connection) => void;
  /** A request has taken longer to arrive than it may. */
  readonly onSlow: (connection: Connection) => void;
  /** Ends a connection that waits for a request. */
  readonly end: (connection: Connection) => void;
}

export const buildDialogue = (
  handlers: Handlers,
  clock: Clock,
  isEncrypted: boolean,
  isClosing: () => boolean,
  onAnswered: () => void,
): Dialogue => {
  const outlet = buildOutlet(clock);
  const { wait, rest } = outlet;
  const writer = buildWriter(clock, outlet.send);
  const reply = buildReply(handlers, writer, outlet, isClosing, onAnswered, (connection) =>
    proceed(connection),
  );
  const targets = buildTargets();
  /** Serves every request that is answered at once. */
  let spare = createExchange(isEncrypted);

  /** Takes up what was held, or rests. */
  const proceed = (connection: Connection): void => {
    const { unread, exchange, isLast, unsent } = connection;
    if (!connection.isOpen) return;
    if (unsent === undefined) resume(connection);
    if (unread && (exchange || !(isLast || unsent))) {
      connection.unread = undefined;
      consume(connection, unread);
    } else if (exchange === undefined) rest(connection);
  };

  /** Bytes that cannot be used now; reading stops, so they stay few. */
  const hold = (connection: Connection, bytes: Bytes, at: number): void => {
    connection.unread = at === 0 ? bytes : bytes.subarray(at);
    pause(connection);
  };

  const consume = (connection: Connection, bytes: Bytes): void => {
    let at = 0;
    while (at < bytes.length && connection.isOpen) {
      const { exchange } = connection;
      if (exchange && connection.wait !== 'head') {
        const { inflow } = exchange;
        if (!inflow || inflow.isWhole() || inflow.isFull()) {
          hold(connection, bytes, at);
          break;
        }
        if (connection.wait === 'part') wait(connection, 'body');
        const behind = inflow.push(bytes, at);
        if (behind < 0 && exchange.isAnswered) giveUp(connection);
        at = behind < 0 ? bytes.length : behind;
        if (exchange.isAnswered && inflow.isWhole()) {
          connection.exchange = undefined;
          wait(connection, 'request');
        }
      } else if (connection.isLast) break;
      else if (connection.unsent) {
        hold(connection, bytes, at);
        break;
      } else at = begin(connection, bytes, at);
    }
    writer.flush();
    if (connection.exchange === undefined) rest(connection);
    else if (connection.hasEnded) endBody(connection, connection.exchange);
  };

  /** Reads one request, or a part of it, from `bytes[at ..]`. @returns the place behind it */
  const begin = (connection: Connection, bytes: Bytes, at: number): number => {
    const exchange = connection.exchange ?? spare;
    const { head, framing } = exchange;
    if (exchange === spare) beginHead(head, bytes, at);
    else {
      head.bytes = bytes;
      head.start = at;
    }
    const outcome = readHead(head);
    if (outcome === 'more') {
      if (exchange === spare) wait(connection, 'head');
      keep(connection, exchange);
      connection.unread = at === 0 ? bytes : bytes.subarray(at);
      return bytes.length;
    }
    connection.exchange = undefined;
    const fault = outcome === 'refused' ? head.fault : frame(head, framing);
    const target = fault === undefined ? targets.of(head) : undefined;
    if (target === undefined) {
      reply.refuse(connection, fault ?? 'target-broken');
      return bytes.length;
    }
    exchange.target = target;
    const behind = receive(connection, exchange, bytes, at + head.at);
    if (!reply.answer(connection, exchange)) keep(connection, exchange);
    return behind;
  };

  /** Takes what is there of the body. @returns the place behind it */
  const receive = (
    connection: Connection,
    exchange: Exchange,
    bytes: Bytes,
    at: number,
  ): number => {
    const { length } = exchange.framing;
    exchange.inflow = undefined;
    exchange.gone = undefined;
    exchange.source = bytes;
    exchange.at = at;
    exchange.end = at + length;
    if (length >= 0 && at + length <= bytes.length) return at + length;
    exchange.inflow = createInflow(length, () => listen(connection, exchange));
    const behind = exchange.inflow.push(bytes, at);
    return behind < 0 ? bytes.length : behind;
  };

  /** The handler waits for more of the body. */
  const listen = (connection: Connection, exchange: Exchange): void => {
    const { inflow } = exchange;
    reply.goOn(connection, exchange);
    if (inflow!.isStream()) {
      const on = inflow!.isOwing() ? 'body' : 'part';
      if (connection.wait !== on) wait(connection, on);
    } else if (connection.wait === 'head') connection.wait = 'body';
    else if (connection.wait !== 'body') wait(connection, 'body');
    if (connection.unread) queueMicrotask(() => proceed(connection));
    else resume(connection);
  };

  /** The exchange stays with its request. */
  const keep = (connection: Connection, exchange: Exchange): void => {
    if (exchange === spare) spare = createExchange(isEncrypted);
    connection.exchange = exchange;
  };

  /** Ends a connection whose request will not be whole. */
  const giveUp = (connection: Connection): void => {
    connection.exchange = undefined;
    connection.isLast = true;
    rest(connection);
  };

  /** The other side has ended: a body that is not whole will never be; whether an answer is still read, a probe tells. */
  const endBody = (connection: Connection, exchange: Exchange): void => {
    if (connection.unread) return;
    if (exchange.isAnswered) giveUp(connection);
    else if (!isRead(exchange)) exchange.inflow?.fail(failureOf('body-ended'));
    else if (exchange.head.minor === 1 && !exchange.isBegun) {
      // Who has closed altogether answers with a reset; who only ended his side passes over it.
      writer.goOn(connection);
      writer.flush();
    }
  };

  return {
    onData: (connection, chunk) => {
      if (connection.wait === 'end') {
        connection.nDropped += chunk.length;
        if (connection.nDropped > LINGER_BYTES) connection.socket.terminate();
        return;
      }
      const { unread } = connection;
      if (unread === undefined) {
        consume(connection, chunk);
        return;
      }
      connection.unread = undefined;
      consume(connection, Buffer.concat([unread, chunk]));
    },
    onDrain: (connection) => {
      outlet.drain(connection);
      if (connection.wait === 'reader' || connection.wait === 'head') proceed(connection);
    },
    onEnd: (connection) => {
      connection.hasEnded = true;
      const { exchange } = connection;
      if (exchange && connection.wait !== 'head') endBody(connection, exchange);
      else if (!connection.unsent || !connection.unread) {
        connection.exchange = undefined;
        rest(connection);
      }
    },
    onClose: (connection) => {
      const { exchange, onSent } = connection;
      connection.isOpen = false;
      connection.unread = undefined;
      connection.unsent = undefined;
      onSent?.();
      if (!exchange) return;
      exchange.isGone = true;
      exchange.gone?.abort();
      exchange.inflow?.fail(failureOf('body-ended'));
    },
    onSlow: (connection) => {
      const { exchange } = connection;
      handlers.onSlow();
      if (exchange?.isAnswered) giveUp(connection);
      else if (connection.wait === 'body') {
        exchange?.inflow?.fail(failureOf('slow'));
        wait(connection, 'answer');
      } else {
        reply.refuse(connection, 'slow');
        writer.flush();
        giveUp(connection);
      }
    },
    end: (connection) => {
      if (connection.wait === 'request') outlet.end(connection);
    },
  };
};
