/**
 * Requests and answers on the sockets of a shard: sends, reads, checks, and records how each request ended.
 * Hot path: the bytes of all requests are built before the run, and the state of each socket lies in flat arrays.
 */
import type { Socket } from 'bun';
import { buildAnswerCheck } from './answer-check.ts';
import type { AnswerRecord, LossOutcome, UnsentOutcome } from './recorder.ts';
import { closeCompletes, hasBegun, resetScanner, scanResponse } from './response-scanner.ts';
import { BROKEN, INCOMPLETE } from './scanner-state.ts';
import { BUSY, forget, IDLE, nowUsOf, type ShardState } from './sockets.ts';
import { addReason } from './tally.ts';

/** When a socket is opened again: now, a moment later, or when a request needs it, which then waits for it. */
export type Reconnection = 'at-once' | 'later' | 'on-demand';

export interface RequestIo {
  /** A free, open socket takes its next request, or becomes idle. */
  readonly serve: (i: number, t: number) => void;
  readonly send: (i: number, plannedAt: number, t: number) => void;
  readonly receive: (socket: Socket<number>, chunk: Uint8Array) => void;
  /** The kernel takes bytes again. */
  readonly writeRest: (i: number, socket: Socket<number>) => void;
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
}

/** An idle socket that the service closes so soon after its answer was closed because of it. */
const CLOSED_BY_ANSWER_US = 20_000;

/** @param reconnect says how a socket is opened again: at once, after a delay, or when a request needs it */
export const buildRequestIo = (
  { plan, sockets, step, recorder, waiting }: ShardState,
  reconnect: (i: number, when: Reconnection) => void,
): RequestIo => {
  const requests = plan.requests.map((text) => Buffer.from(text, 'base64'));
  const check = buildAnswerCheck(plan);
  const { isRightStatus } = check;
  const { handles, state, plannedUs, sentUs, readyUs, freeUs } = sockets;
  const { requestIndex, unwritten, answered } = sockets;
  const { scanner, idle } = sockets;
  const isBodiless = new Uint8Array(requests.length);
  for (const index of plan.bodiless) isBodiless[index] = 1;
  const isKnown = Uint8Array.from(requests, (_, index) => (check.isKnown(index) ? 1 : 0));
  const hasNames = plan.names.length > 1;
  /** The bytes of answers of the sample, by socket, until they are whole. */
  const samples = new Map<number, Uint8Array[]>();
  const answer: AnswerRecord = {
    plannedUs: 0,
    sentUs: 0,
    status: 0,
    isRight: false,
    isWrong: false,
    isKnown: false,
    isCompared: false,
    name: 0,
  };
  let nextRequest = 0;
  let stride = 1;
  let maxRequests = Number.POSITIVE_INFINITY;
  let nPlanned = 0;
  let nAnswers = 0;

  const takeIndex = (): number => {
    const index = nextRequest;
    nextRequest += stride;
    if (nextRequest >= requests.length) nextRequest %= requests.length;
    return index;
  };

  const nameOf = (index: number): number => (hasNames ? plan.nameOf[index]! : 0);

  const serve = (i: number, t: number): void => {
    if (step.isClosedLoop) {
      if (t >= step.endUs || nPlanned >= maxRequests) {
        idle.push(i);
        return;
      }
      nPlanned++;
      const plannedAt = readyUs[i]! >= 0 ? readyUs[i]! : t;
      readyUs[i] = -1;
      recorder.planned(plannedAt);
      send(i, plannedAt, t);
    } else if (waiting.size > 0) send(i, waiting.shift(), t);
    else idle.push(i);
  };

  const send = (i: number, plannedAt: number, t: number): void => {
    const socket = handles[i]!;
    const index = takeIndex();
    const bytes = requests[index]!;
    state[i] = BUSY;
    plannedUs[i] = plannedAt;
    sentUs[i] = t;
    requestIndex[i] = index;
    answered[i] = 0;
    resetScanner(scanner, i);
    scanner.bodiless[i] = isBodiless[index]!;
    if (isKnown[index] === 1 && check.isSampled()) samples.set(i, []);
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
    const sample = samples.size > 0 ? samples.get(i) : undefined;
    sample?.push(chunk.slice());
    const end = scanResponse(scanner, i, chunk, 0);
    if (end === INCOMPLETE) return;
    if (end === BROKEN) {
      drop(i, 'not an HTTP/1 answer');
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
    nAnswers++;
    if (t - sentUs[i]! > plan.timeoutMs * 1000) {
      addReason(recorder.tally, 'timeout');
      settleLoss(i, 'timeout', t);
      return;
    }
    state[i] = IDLE;
    const index = requestIndex[i]!;
    const status = scanner.status[i]!;
    const sample = samples.size > 0 ? takeSample(i) : undefined;
    const isRight = isRightStatus[status] === 1;
    const isCompared = sample !== undefined && isRight && status !== 304;
    const fault = isCompared ? check.faultOf(index, sample) : null;
    if (fault !== null) addReason(recorder.tally, `wrong answer: ${fault}`);
    answer.plannedUs = plannedUs[i]!;
    answer.sentUs = sentUs[i]!;
    answer.status = status;
    answer.isRight = isRight && fault === null;
    answer.isWrong = fault !== null;
    answer.isKnown = isKnown[index] === 1 && isRight;
    answer.isCompared = isCompared;
    answer.name = nameOf(index);
    recorder.answered(answer, t);
  };

  const takeSample = (i: number): Uint8Array | undefined => {
    const chunks = samples.get(i);
    if (chunks === undefined) return undefined;
    samples.delete(i);
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  };

  const settleLoss = (i: number, outcome: LossOutcome, t: number) => {
    state[i] = IDLE;
    readyUs[i] = t;
    samples.delete(i);
    const name = nameOf(requestIndex[i]!);
    recorder.lost(outcome, { plannedUs: plannedUs[i]!, sentUs: sentUs[i]!, name }, t);
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
          const how = fault === null ? 'closed' : `reset (${fault})`;
          const where = hasBegun(scanner, i) ? 'inside an answer' : 'before an answer';
          addReason(recorder.tally, `${how} ${where}`);
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
    giveUpUnsent: (outcome, plannedAt, t) => {
      recorder.unsent(outcome, plannedAt, t, nameOf(takeIndex()));
    },
    renew: (i) => {
      if (step.isClosedLoop) readyUs[i] = 0;
      hangUp(i, false, step.isClosedLoop ? 'at-once' : 'on-demand');
    },
    begin: (max) => {
      const isReplay = step.isReplay;
      nextRequest = isReplay
        ? plan.place % requests.length
        : Math.floor((plan.place * requests.length) / plan.nPlaces);
      stride = isReplay ? plan.nPlaces : 1;
      maxRequests = max;
      nPlanned = 0;
      freeUs.fill(Number.NEGATIVE_INFINITY);
    },
    isSpent: () => nPlanned >= maxRequests,
    tick: () => {
      check.adapt(nAnswers);
      nAnswers = 0;
    },
  };
};
