/**
 * Requests and answers on the sockets of a shard: sends, reads, checks, and records how each request ended.
 * Hot path: the bytes of all requests are built before the run, and the state of each socket lies in flat arrays.
 */
import type { Socket } from 'bun';
import { closeCompletes, hasBegun, resetScanner, scanResponse } from './response-scanner.ts';
import { BROKEN, INCOMPLETE } from './scanner-state.ts';
import { BUSY, forget, IDLE, nowUsOf, type ShardState } from './sockets.ts';
import { addReason } from './tally.ts';

/** One answer in 16 whose body is known is compared. */
const CHECK_MASK = 15;

export interface RequestIo {
  /** A free, open socket takes its next request, or becomes idle. */
  readonly serve: (i: number, t: number) => void;
  readonly send: (i: number, plannedAt: number, t: number) => void;
  readonly receive: (socket: Socket<number>, chunk: Uint8Array) => void;
  /** The kernel takes bytes again. */
  readonly writeRest: (i: number, socket: Socket<number>) => void;
  readonly closed: (i: number) => void;
  /** A socket broke, or has to go because what it says makes no sense. */
  readonly drop: (i: number, reason: string, isDelayed?: boolean) => void;
  /** Ends a socket and, without an answer, its request in flight. */
  readonly giveUp: (i: number, outcome: 'timeout' | 'inFlight', t: number) => void;
}

/** @param reconnect opens a socket again, after a delay when the service closed it */
export const buildRequestIo = (
  { plan, sockets, step, recorder, waiting }: ShardState,
  reconnect: (i: number, isDelayed: boolean) => void,
): RequestIo => {
  const requests = plan.requests.map((text) => Buffer.from(text, 'base64'));
  const golden: (Buffer | undefined)[] = requests.map(() => undefined);
  for (const [index, body] of plan.golden) golden[index] = Buffer.from(body, 'base64');
  const { handles, state, plannedUs, sentUs, readyUs, requestIndex, unwritten, answered } = sockets;
  const { scanner, idle } = sockets;
  let nextRequest = Math.floor((plan.place * requests.length) / plan.nPlaces);
  let nChecks = 0;

  const serve = (i: number, t: number): void => {
    if (step.isClosedLoop) {
      if (t >= step.endUs) {
        idle.push(i);
        return;
      }
      const plannedAt = readyUs[i]! >= 0 ? readyUs[i]! : t;
      readyUs[i] = -1;
      recorder.planned(plannedAt);
      send(i, plannedAt, t);
    } else if (waiting.size > 0) send(i, waiting.shift(), t);
    else idle.push(i);
  };

  const send = (i: number, plannedAt: number, t: number): void => {
    const socket = handles[i]!;
    const index = nextRequest;
    nextRequest = index + 1 === requests.length ? 0 : index + 1;
    const bytes = requests[index]!;
    state[i] = BUSY;
    plannedUs[i] = plannedAt;
    sentUs[i] = t;
    requestIndex[i] = index;
    answered[i] = 0;
    resetScanner(scanner, i);
    recorder.sent(plannedAt, t);
    const written = socket.write(bytes);
    if (written < bytes.length) {
      if (written < 0) drop(i, 'write failed');
      else unwritten[i] = bytes.length - written;
    } else unwritten[i] = 0;
  };

  const writeRest = (i: number, socket: Socket<number>): void => {
    if (unwritten[i] === 0) return;
    const bytes = requests[requestIndex[i]!]!;
    const written = socket.write(bytes, bytes.length - unwritten[i]!);
    if (written > 0) unwritten[i]! -= written;
    if (unwritten[i] === 0 && answered[i] === 1) release(i, nowUsOf(step));
  };

  const receive = (socket: Socket<number>, chunk: Uint8Array): void => {
    const i = socket.data;
    if (handles[i] !== socket) return;
    recorder.count('bytesIn', chunk.length);
    if (state[i] !== BUSY || answered[i] === 1) {
      recorder.count('unsolicited');
      drop(i, 'bytes that answer no request');
      return;
    }
    const end = scanResponse(scanner, i, chunk, 0);
    if (end === INCOMPLETE) return;
    if (end === BROKEN) {
      drop(i, 'not an HTTP/1 answer');
      return;
    }
    const t = nowUsOf(step);
    settleAnswer(i, t, scanner.bodyAt >= 0 ? chunk : null, end);
    if (end < chunk.length) {
      recorder.count('unsolicited');
      drop(i, 'bytes that answer no request');
    } else if (scanner.closes[i] === 1 || !plan.keepAlive) {
      readyUs[i] = t;
      hangUp(i, false);
    } else if (unwritten[i]! > 0) answered[i] = 1;
    else release(i, t);
  };

  /** The socket is free again. */
  const release = (i: number, t: number): void => {
    state[i] = IDLE;
    answered[i] = 0;
    if (step.isRunning) serve(i, t);
    else idle.push(i);
  };

  const settleAnswer = (i: number, t: number, whole: Uint8Array | null, end: number): void => {
    state[i] = IDLE;
    const truth = golden[requestIndex[i]!];
    const status = scanner.status[i]!;
    const isWrong =
      truth !== undefined &&
      whole !== null &&
      status < 300 &&
      (nChecks++ & CHECK_MASK) === 0 &&
      !isSame(whole, scanner.bodyAt, end, truth);
    recorder.answered(plannedUs[i]!, sentUs[i]!, t, status, isWrong, truth !== undefined);
  };

  const settleLoss = (i: number, outcome: 'socketError' | 'timeout' | 'inFlight', t: number) => {
    state[i] = IDLE;
    readyUs[i] = t;
    recorder.lost(outcome, plannedUs[i]!, sentUs[i]!, t);
  };

  const drop = (i: number, reason: string, isDelayed = true): void => {
    if (state[i] === BUSY && answered[i] === 0) {
      settleLoss(i, 'socketError', nowUsOf(step));
      addReason(recorder.tally, reason);
    }
    hangUp(i, true, isDelayed);
  };

  /** Closes a socket from this side and lines it up to be opened again. */
  const hangUp = (i: number, abruptly: boolean, isDelayed = false): void => {
    const socket = handles[i];
    forget(sockets, i);
    if (abruptly) socket?.terminate();
    else socket?.end();
    reconnect(i, isDelayed);
  };

  return {
    serve,
    send,
    receive,
    writeRest,
    drop,
    closed: (i) => {
      if (state[i] === BUSY && answered[i] === 0) {
        const t = nowUsOf(step);
        if (closeCompletes(scanner, i)) {
          settleAnswer(i, t, null, 0);
          readyUs[i] = t;
        } else {
          const begun = hasBegun(scanner, i);
          addReason(recorder.tally, begun ? 'closed inside an answer' : 'closed before an answer');
          settleLoss(i, 'socketError', t);
        }
      } else if (state[i] === IDLE) recorder.count('closedIdle');
      forget(sockets, i);
      reconnect(i, true);
    },
    giveUp: (i, outcome, t) => {
      if (answered[i] === 0) settleLoss(i, outcome, t);
      hangUp(i, true);
    },
  };
};

const isSame = (chunk: Uint8Array, from: number, to: number, truth: Uint8Array): boolean => {
  if (to - from !== truth.length) return false;
  for (let i = 0; i < truth.length; i++) if (chunk[from + i] !== truth[i]) return false;
  return true;
};
