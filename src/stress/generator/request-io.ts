/**
 * Requests and answers on the sockets of a shard: sends, reads, checks, and records how each request ended.
 * Hot path: the bytes of all requests are built before the run, and the state of each socket lies in flat arrays.
 */

import { closeCompletes, hasBegun, resetScanner, scanResponse } from '../response/scanner.ts';
import { faultOfAnswer, INCOMPLETE } from '../response/scanner-state.ts';
import { bodyOf } from './answer-check.ts';
import { buildLedger } from './ledger.ts';
import type { LossOutcome, UnsentOutcome } from './recorder.ts';
import {
  BUSY,
  type Connection,
  closeReason,
  forget,
  IDLE,
  nowUsOf,
  type ShardState,
} from './sockets.ts';
import { addReason } from './tally.ts';

/** When a socket is opened again: now, a moment later, or when a request needs it, which then waits for it. */
export type Reconnection = 'at-once' | 'later' | 'on-demand';

export interface RequestIo {
  /** A free, open socket takes its next request, or becomes idle. */
  readonly serve: (i: number, t: number) => void;
  readonly send: (i: number, plannedAt: number, t: number) => void;
  readonly receive: (socket: Connection, chunk: Uint8Array) => void;
  /** The kernel takes bytes again. */
  readonly writeRest: (i: number, socket: Connection) => void;
  /** The service closed a socket: with a FIN, or with the fault of a reset. */
  readonly closed: (i: number, fault: string | null) => void;
  /** A socket broke, or has to go because what it says makes no sense. */
  readonly drop: (i: number, reason: string, isDelayed?: boolean) => void;
  /** Ends a socket and, without an answer, its request in flight. */
  readonly giveUp: (i: number, outcome: LossOutcome, t: number) => void;
  /** Ends a request that found no socket: the next in turn. */
  readonly giveUpUnsent: (outcome: UnsentOutcome, plannedUs: number, t: number) => void;
  /** Closes a free socket, so that its next request opens one of its own. */
  readonly renew: (i: number) => void;
  /** A step begins: a closed loop may have an end in requests. */
  readonly begin: (maxRequests: number) => void;
  /** Whether a closed loop has sent all that it may. */
  readonly isSpent: () => boolean;
  /** A second is over. */
  readonly tick: () => void;
  /** Whether planned requests wait that are neither in flight nor for any free place; and their end with the step. */
  readonly isHeld: () => boolean;
  readonly drain: (t: number, outcome: 'unanswered' | 'inFlight') => void;
}

/** An idle socket that the service closes so soon after its answer was closed because of it. */
const CLOSED_BY_ANSWER_US = 20_000;

/** @param reconnect says how a socket is opened again: at once, after a delay, or when a request needs it */
export const buildRequestIo = (
  shared: ShardState,
  reconnect: (i: number, when: Reconnection) => void,
): RequestIo => {
  const { plan, sockets, step, recorder } = shared;
  const requests = plan.requests.map((text) => Buffer.from(text, 'base64'));
  const ledger = buildLedger(shared, requests.length);
  const { handles, state, readyUs, freeUs } = sockets;
  const { requestIndex, unwritten, answered } = sockets;
  const { scanner, idle } = sockets;
  const isBodiless = new Uint8Array(requests.length);
  for (const index of plan.bodiless) isBodiless[index] = 1;
  /** The bytes of answers of the sample, by socket, until they are whole. */
  const samples = new Map<number, Uint8Array[]>();

  const serve = (i: number, t: number): void => {
    const plannedAt = ledger.next(i, t);
    if (plannedAt >= 0) send(i, plannedAt, t);
    else idle.push(i);
  };

  const send = (i: number, plannedAt: number, t: number): void => {
    const socket = handles[i]!;
    const index = ledger.sent(i, plannedAt, t);
    const bytes = requests[index]!;
    resetScanner(scanner, i);
    scanner.bodiless[i] = isBodiless[index]!;
    if (ledger.wantsBody(index)) samples.set(i, []);
    const written = socket.write(bytes);
    if (written < bytes.length) {
      if (written < 0) drop(i, 'write failed');
      else unwritten[i] = bytes.length - written;
    } else unwritten[i] = 0;
  };

  const writeRest = (i: number, socket: Connection): void => {
    if (unwritten[i] === 0) return;
    const bytes = requests[requestIndex[i]!]!;
    const written = socket.write(bytes, bytes.length - unwritten[i]!);
    if (written > 0) unwritten[i]! -= written;
    if (unwritten[i] === 0 && answered[i] === 1) release(i, nowUsOf(step));
  };

  const receive = (socket: Connection, chunk: Uint8Array): void => {
    const i = socket.data;
    if (handles[i] !== socket) return;
    recorder.count('bytesIn', chunk.length);
    if (state[i] !== BUSY || answered[i] === 1) {
      recorder.count('unsolicited');
      drop(i, 'bytes that answer no request');
      return;
    }
    const sample = samples.size > 0 ? samples.get(i) : undefined;
    sample?.push(chunk.slice());
    const end = scanResponse(scanner, i, chunk, 0);
    if (end === INCOMPLETE) return;
    if (end < 0) {
      drop(i, faultOfAnswer(end));
      return;
    }
    if (end < chunk.length) {
      recorder.count('unsolicited');
      drop(i, 'an answer longer than it says');
      return;
    }
    const t = nowUsOf(step);
    settleAnswer(i, t);
    if (scanner.closes[i] === 1 || !plan.keepAlive) {
      readyUs[i] = t;
      hangUp(i, false, step.isClosedLoop ? 'at-once' : 'on-demand');
    } else if (unwritten[i]! > 0) answered[i] = 1;
    else release(i, t);
  };

  /** The socket is free again. */
  const release = (i: number, t: number): void => {
    state[i] = IDLE;
    answered[i] = 0;
    freeUs[i] = t;
    if (step.isRunning) serve(i, t);
    else idle.push(i);
  };

  const settleAnswer = (i: number, t: number): void => {
    const bytes = samples.size > 0 ? takeSample(i) : undefined;
    const sample = bytes && bodyOf(bytes, scanner.bodiless[i] === 1);
    ledger.answered(i, scanner.status[i]!, sample, t);
  };

  const takeSample = (i: number): Uint8Array | undefined => {
    const chunks = samples.get(i);
    if (chunks === undefined) return undefined;
    samples.delete(i);
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  };

  const settleLoss = (i: number, outcome: LossOutcome, t: number): void => {
    samples.delete(i);
    ledger.lost(i, outcome, t);
  };

  const drop = (i: number, reason: string, isDelayed = true): void => {
    if (state[i] === BUSY && answered[i] === 0) {
      settleLoss(i, 'socketError', nowUsOf(step));
      addReason(recorder.tally, reason);
    }
    hangUp(i, true, isDelayed ? 'later' : 'at-once');
  };

  /** Closes a socket from this side and lines it up to be opened again. */
  const hangUp = (i: number, abruptly: boolean, when: Reconnection): void => {
    const socket = handles[i];
    forget(sockets, i);
    if (abruptly) socket?.terminate();
    else socket?.end();
    reconnect(i, when);
  };

  return {
    serve,
    send,
    receive,
    writeRest,
    drop,
    closed: (i, fault) => {
      const t = nowUsOf(step);
      let when: Reconnection = 'later';
      if (state[i] === BUSY && answered[i] === 0) {
        if (closeCompletes(scanner, i) && fault === null) {
          settleAnswer(i, t);
          readyUs[i] = t;
          when = step.isClosedLoop ? 'at-once' : 'on-demand';
        } else {
          addReason(recorder.tally, closeReason(fault, hasBegun(scanner, i)));
          settleLoss(i, 'socketError', t);
        }
      } else if (state[i] === IDLE) {
        recorder.count('closedIdle');
        const isByAnswer = step.isRunning && t - freeUs[i]! < CLOSED_BY_ANSWER_US;
        if (isByAnswer && !step.isClosedLoop) when = 'on-demand';
      }
      forget(sockets, i);
      reconnect(i, when);
    },
    giveUp: (i, outcome, t) => {
      if (answered[i] === 0) settleLoss(i, outcome, t);
      hangUp(i, true, 'at-once');
    },
    giveUpUnsent: ledger.unsent,
    renew: (i) => {
      if (step.isClosedLoop) readyUs[i] = 0;
      hangUp(i, false, step.isClosedLoop ? 'at-once' : 'on-demand');
    },
    begin: ledger.begin,
    isSpent: ledger.isSpent,
    tick: ledger.tick,
    isHeld: () => false,
    drain: () => {},
  };
};
