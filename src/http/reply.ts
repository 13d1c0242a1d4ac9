/**
 * Answers on their way out: at once, later (a promise) or part by part (a stream), and whether the connection stays
 * open after each.
 */
import { ERRORS } from '../core/errors.ts';
import {
  type Answer,
  type Handlers,
  isReady,
  isStreamed,
  type Ready,
  type Streamed,
  statusOf,
} from './call.ts';
import type { Connection, Outlet } from './connection.ts';
import { LINGER_BYTES, LINGER_MS } from './limits.ts';
import { type ParseFault, parseErrorOf } from './parse-errors.ts';
import { type HttpRequest, isRead } from './request.ts';
import type { Persistence, Writer } from './writer.ts';

interface Reply {
  /** Asks the handler. @returns whether the request is over and done with */
  readonly answer: (connection: Connection, request: HttpRequest) => boolean;
  /** Asks for the body, if the client waits for that. */
  readonly sendContinue: (connection: Connection, request: HttpRequest) => void;
  /** Answers bytes that are no request; nothing more is read. */
  readonly refuse: (connection: Connection, fault: ParseFault) => void;
}

const PROBLEM = [
  ['Content-Type', 'application/problem+json'],
  ['Cache-Control', 'no-store'],
] as const;

const RETRY = ['Retry-After', '1'] as const;

interface ReplySetting {
  readonly handlers: Handlers;
  readonly writer: Writer<Connection>;
  readonly outlet: Outlet;
  readonly isClosing: (connection: Connection) => boolean;
  readonly onAnswered: () => void;
  /** Called when a request is answered with a refusal: so much of its body has come for nothing. */
  readonly onRefused: (connection: Connection, nBytes: number) => void;
  /** Called when an answer that had to wait has been written. */
  readonly onDone: (connection: Connection) => void;
}

export const buildReply = ({
  handlers,
  writer,
  outlet,
  isClosing,
  onAnswered,
  onRefused,
  onDone,
}: ReplySetting): Reply => {
  const { wait } = outlet;
  /** How a message says what becomes of the connection after it. */
  const persistenceOf = (
    connection: Connection,
    { framing, head, isFollowed }: HttpRequest,
  ): Persistence => {
    const isOver = connection.hasEnded && connection.unread === undefined && !isFollowed;
    if (!framing.keepsAlive || isClosing(connection) || isOver) connection.isLast = true;
    if (connection.isLast) return 'close';
    return head.minor === 0 ? 'keep-1.0' : 'keep';
  };

  /** The rest of a body is still to come, for nobody. */
  const leave = (connection: Connection, request: HttpRequest): boolean => {
    request.isAnswered = true;
    wait(connection, 'body');
    return true;
  };

  /**
   * What is left of a body when its request is answered: passed over, or the end of the connection. Nobody knows how much
   * is left of chunks: who was told that the connection stays would lose the next request with it.
   */
  const dropRest = (connection: Connection, { framing, incoming }: HttpRequest): void => {
    if (incoming === undefined || incoming.isWhole()) return;
    const isKnown = framing.length >= 0;
    if (isKnown && !framing.expectsContinue && !connection.hasEnded && incoming.drop()) return;
    connection.isLast = true;
    connection.lingers = true;
  };

  /**
   * The head of an answer that is a stream has said that the connection stays before anybody could know: so it comes to
   * its end only when what is left of the body has been read, or there is more of it than is read for nobody.
   */
  const passOver = async (
    { isOpen, hasEnded, isLast }: Connection,
    { incoming }: HttpRequest,
  ): Promise<void> => {
    if (incoming === undefined || incoming.isWhole() || !isOpen || hasEnded || isLast) return;
    const timer = setTimeout(() => incoming.fail(parseErrorOf('slow')), LINGER_MS);
    await incoming.passOver(LINGER_BYTES);
    clearTimeout(timer);
  };

  const answered = (
    connection: Connection,
    { incoming, at, end }: HttpRequest,
    status: number,
  ): void => {
    onAnswered();
    if (status >= 400) onRefused(connection, incoming ? incoming.nCome() : end - at);
  };

  const atOnce = (connection: Connection, request: HttpRequest, ready: Ready): void => {
    dropRest(connection, request);
    const persistence = persistenceOf(connection, request);
    writer.ready(ready, persistence, request.method === 'HEAD', connection);
    answered(connection, request, statusOf(ready));
  };

  const settle = async (
    connection: Connection,
    request: HttpRequest,
    given: Answer | Promise<Answer>,
  ): Promise<void> => {
    try {
      await write(connection, request, await given);
    } catch (error) {
      const failed = handlers.failed(error as Error);
      // In the middle of an answer only its breaking off can say so.
      if (request.isBegun) connection.socket.terminate();
      else await write(connection, request, failed);
    }
    writer.flush();
    if (!connection.isOpen) return;
    if (isRead(request) || connection.isLast) connection.request = undefined;
    else leave(connection, request);
    onDone(connection);
  };

  const write = async (
    connection: Connection,
    request: HttpRequest,
    made: Answer,
  ): Promise<void> => {
    if (isReady(made)) atOnce(connection, request, made);
    else if (isStreamed(made)) await stream(connection, request, made);
    else {
      const body = await made.bytes();
      dropRest(connection, request);
      const persistence = persistenceOf(connection, request);
      const head = { status: made.status, headers: made.headers, persistence };
      writer.whole(head, body, request.method === 'HEAD', connection);
      answered(connection, request, made.status);
    }
  };

  const sendContinue = (connection: Connection, { framing, incoming }: HttpRequest): void => {
    if (!framing.expectsContinue) return;
    framing.expectsContinue = false;
    if (incoming && incoming.nCome() > 0) return;
    writer.sendContinue(connection);
    writer.flush();
  };

  const stream = async (
    connection: Connection,
    request: HttpRequest,
    { status, headers, parts, lengthBytes }: Streamed,
  ): Promise<void> => {
    const isChunked = lengthBytes === undefined && request.head.minor === 1;
    if (!isChunked && lengthBytes === undefined) connection.isLast = true;
    // Behind the head of the answer it would be taken for a part of the answer.
    sendContinue(connection, request);
    request.isBegun = true;
    if (lengthBytes !== undefined) dropRest(connection, request);
    const persistence = persistenceOf(connection, request);
    writer.begin({ status, headers, persistence }, lengthBytes ?? isChunked, connection);
    // Of an answer that is there already the first part leaves with the head.
    if (lengthBytes === undefined) writer.flush();
    if (request.method !== 'HEAD') {
      for await (const part of parts) {
        if (!connection.isOpen) return;
        writer.part(part, isChunked, connection);
        writer.flush();
        wait(connection, 'answer');
        request.incoming?.onAnswered();
        if (connection.unsent) await sent(connection);
      }
    }
    if (lengthBytes === undefined) {
      await passOver(connection, request);
      if (isChunked && request.method !== 'HEAD') writer.last(connection);
      dropRest(connection, request);
    }
    onAnswered();
  };

  /** Until the other side has taken all, or is gone. */
  const sent = (connection: Connection): Promise<void> => {
    wait(connection, 'reader');
    const { promise, resolve } = Promise.withResolvers<void>();
    connection.onSent = resolve;
    return promise;
  };

  const answer = (connection: Connection, request: HttpRequest): boolean => {
    let given: Answer | Promise<Answer>;
    try {
      given = handlers.answer(request);
    } catch (error) {
      given = handlers.failed(error as Error);
    }
    if (isReady(given)) {
      atOnce(connection, request, given);
      return connection.isLast || isRead(request) || !leave(connection, request);
    }
    if (connection.wait !== 'body' && connection.wait !== 'part') wait(connection, 'answer');
    void settle(connection, request, given);
    return false;
  };

  const refuse = (connection: Connection, fault: ParseFault): void => {
    const error = parseErrorOf(fault);
    const { status } = ERRORS[error.code];
    const headers = status === 503 ? [...PROBLEM, RETRY] : PROBLEM;
    const head = { status, headers, persistence: 'close' } as const;
    writer.whole(head, handlers.refused(error), false, connection);
    connection.isLast = true;
    connection.lingers = true;
  };

  return { answer, sendContinue, refuse };
};
