/**
 * Answers on their way out: at once, later or part by part, and what becomes of the connection after each.
 */
import { ERRORS } from '../core/errors.ts';
import { type Answer, type Handlers, isStreamed, type Streamed } from './call.ts';
import type { Connection, Outlet } from './connection.ts';
import { type Exchange, isRead } from './request.ts';
import { type Fault, failureOf } from './parse-errors.ts';
import type { Then, Writer } from './writer.ts';

export interface Reply {
  /** Asks the handler. @returns whether the request is over and done with */
  readonly answer: (connection: Connection, exchange: Exchange) => boolean;
  /** Asks for the body, if the client waits for that. */
  readonly goOn: (connection: Connection, exchange: Exchange) => void;
  /** Answers bytes that are no request; nothing more is read. */
  readonly refuse: (connection: Connection, fault: Fault) => void;
}

const PROBLEM = [
  ['Content-Type', 'application/problem+json'],
  ['Cache-Control', 'no-store'],
] as const;

/** @param onDone called when an answer that had to wait has been written */
export const buildReply = (
  handlers: Handlers,
  writer: Writer<Connection>,
  { wait }: Outlet,
  isClosing: () => boolean,
  onAnswered: () => void,
  onDone: (connection: Connection) => void,
): Reply => {
  /** How a message says what becomes of the connection after it. */
  const thenOf = (connection: Connection, { framing, head }: Exchange): Then => {
    if (!framing.keeps || isClosing() || connection.hasEnded) connection.isLast = true;
    if (connection.isLast) return 'close';
    return head.minor === 0 ? 'keep-1.0' : 'keep';
  };

  /** The rest of a body is still to come, for nobody. */
  const leave = (connection: Connection, exchange: Exchange): boolean => {
    exchange.isAnswered = true;
    wait(connection, 'body');
    return true;
  };

  /** What is left of a body when its request is answered: passed over, or the end of the connection. */
  const dropRest = (connection: Connection, { framing, inflow }: Exchange): void => {
    if (inflow === undefined || inflow.isWhole()) return;
    if (framing.waits || connection.hasEnded || !inflow.drop()) connection.isLast = true;
  };

  const json = (connection: Connection, exchange: Exchange, text: string): void => {
    dropRest(connection, exchange);
    const then = thenOf(connection, exchange);
    writer.json(text, then, exchange.method === 'HEAD', connection);
    onAnswered();
  };

  const settle = async (
    connection: Connection,
    exchange: Exchange,
    given: Answer | Promise<Answer>,
  ): Promise<void> => {
    try {
      await write(connection, exchange, await given);
    } catch (error) {
      const failed = handlers.failed(error as Error);
      // In the middle of an answer only its breaking off can say so.
      if (exchange.isBegun) connection.socket.terminate();
      else await write(connection, exchange, failed);
    }
    writer.flush();
    if (!connection.isOpen) return;
    if (isRead(exchange) || connection.isLast) connection.exchange = undefined;
    else leave(connection, exchange);
    onDone(connection);
  };

  const write = async (connection: Connection, exchange: Exchange, made: Answer): Promise<void> => {
    if (typeof made === 'string') json(connection, exchange, made);
    else if (isStreamed(made)) await stream(connection, exchange, made);
    else {
      const body = await made.bytes();
      dropRest(connection, exchange);
      const then = thenOf(connection, exchange);
      const isHead = exchange.method === 'HEAD';
      writer.whole(made.status, made.headers, body, then, isHead, connection);
      onAnswered();
    }
  };

  const goOn = (connection: Connection, { framing, inflow }: Exchange): void => {
    if (!framing.waits) return;
    framing.waits = false;
    if (inflow?.hasBegun()) return;
    writer.goOn(connection);
    writer.flush();
  };

  const stream = async (
    connection: Connection,
    exchange: Exchange,
    { status, headers, parts }: Streamed,
  ): Promise<void> => {
    const isChunked = exchange.head.minor === 1;
    if (!isChunked) connection.isLast = true;
    // Behind the head of the answer it would be taken for a part of the answer.
    goOn(connection, exchange);
    exchange.isBegun = true;
    writer.begin(status, headers, isChunked, thenOf(connection, exchange), connection);
    writer.flush();
    for await (const part of parts) {
      if (!connection.isOpen) return;
      writer.part(part, isChunked, connection);
      writer.flush();
      wait(connection, 'answer');
      exchange.inflow?.onAnswered();
      if (connection.unsent) await sent(connection);
    }
    if (isChunked) writer.last(connection);
    dropRest(connection, exchange);
    onAnswered();
  };

  /** Until the other side has taken all, or is gone. */
  const sent = (connection: Connection): Promise<void> => {
    wait(connection, 'reader');
    const { promise, resolve } = Promise.withResolvers<void>();
    connection.onSent = resolve;
    return promise;
  };

  const answer = (connection: Connection, exchange: Exchange): boolean => {
    let given: Answer | Promise<Answer>;
    try {
      given = handlers.answer(exchange);
    } catch (error) {
      given = handlers.failed(error as Error);
    }
    if (typeof given === 'string') {
      json(connection, exchange, given);
      return connection.isLast || isRead(exchange) || !leave(connection, exchange);
    }
    if (connection.wait !== 'body' && connection.wait !== 'part') wait(connection, 'answer');
    void settle(connection, exchange, given);
    return false;
  };

  const refuse = (connection: Connection, fault: Fault): void => {
    const error = failureOf(fault);
    const { status } = ERRORS[error.code];
    writer.whole(status, PROBLEM, handlers.refused(error), 'close', false, connection);
    connection.isLast = true;
  };

  return { answer, goOn, refuse };
};
