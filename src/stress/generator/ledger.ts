/**
 * Which request comes next, and how each one ended: what the connections of both versions of HTTP share.
 * Hot path: the state of each place lies in flat arrays.
 */
import { type AnswerCheck, buildAnswerCheck } from './answer-check.ts';
import { buildAnswerRecord, type LossOutcome, type UnsentOutcome } from './recorder.ts';
import { BUSY, IDLE, type ShardState } from './sockets.ts';
import { addReason } from './tally.ts';

interface Ledger {
  readonly check: AnswerCheck;
  /** A step begins: a closed loop may have an end in requests. */
  readonly begin: (maxRequests: number) => void;
  /** When what a free place sends now was planned; -1 when there is nothing to send. */
  readonly next: (i: number, t: number) => number;
  /** A place takes its request. @returns which it is */
  readonly sent: (i: number, plannedAt: number, t: number) => number;
  /** Whether the body of an answer to a request is looked at; the sample is drawn anew each time. */
  readonly wantsBody: (index: number) => boolean;
  /** A whole answer has come. @param sample its body, where it is looked at */
  readonly answered: (
    i: number,
    status: number,
    sample: Buffer | null | undefined,
    t: number,
  ) => void;
  /** The request of a place ends without an answer. */
  readonly lost: (i: number, outcome: LossOutcome, t: number) => void;
  /** The next request ends, which found no place. */
  readonly unsent: (outcome: UnsentOutcome, plannedUs: number, t: number) => void;
  /** Whether a closed loop has sent all that it may. */
  readonly isSpent: () => boolean;
  /** A second is over. */
  readonly tick: () => void;
}

/** @param nRequests how many different requests are sent in turn */
export const buildLedger = (
  { plan, sockets, step, recorder, waiting }: ShardState,
  nRequests: number,
): Ledger => {
  const check = buildAnswerCheck(plan);
  const { isRightStatus } = check;
  const { state, plannedUs, sentUs, readyUs, freeUs, requestIndex, answered } = sockets;
  const isKnown = Uint8Array.from({ length: nRequests }, (_, index) =>
    check.isKnown(index) ? 1 : 0,
  );
  const hasNames = plan.names.length > 1;
  const answer = buildAnswerRecord();
  let nextRequest = 0;
  let stride = 1;
  let maxRequests = Number.POSITIVE_INFINITY;
  let nPlanned = 0;
  let nAnswers = 0;

  const takeIndex = (): number => {
    const index = nextRequest;
    nextRequest += stride;
    if (nextRequest >= nRequests) nextRequest %= nRequests;
    return index;
  };

  const nameOf = (index: number): number => (hasNames ? plan.nameOf[index]! : 0);

  const lost: Ledger['lost'] = (i, outcome, t) => {
    state[i] = IDLE;
    readyUs[i] = t;
    const name = nameOf(requestIndex[i]!);
    recorder.lost(outcome, { plannedUs: plannedUs[i]!, sentUs: sentUs[i]!, name }, t);
  };

  return {
    check,
    begin: (max) => {
      const isReplay = step.isReplay;
      nextRequest = isReplay
        ? plan.place % nRequests
        : Math.floor((plan.place * nRequests) / plan.nPlaces);
      stride = isReplay ? plan.nPlaces : 1;
      maxRequests = max;
      nPlanned = 0;
      freeUs.fill(Number.NEGATIVE_INFINITY);
    },
    next: (i, t) => {
      // In a closed loop too: what a connection that closed did not take.
      if (waiting.size > 0) return waiting.shift();
      if (!step.isClosedLoop || t >= step.endUs || nPlanned >= maxRequests) return -1;
      nPlanned++;
      const plannedAt = readyUs[i]! >= 0 ? readyUs[i]! : t;
      readyUs[i] = -1;
      recorder.planned(plannedAt);
      return plannedAt;
    },
    sent: (i, plannedAt, t) => {
      const index = takeIndex();
      state[i] = BUSY;
      plannedUs[i] = plannedAt;
      sentUs[i] = t;
      requestIndex[i] = index;
      answered[i] = 0;
      recorder.sent(plannedAt, t);
      return index;
    },
    wantsBody: (index) => isKnown[index] === 1 && check.isSampled(),
    answered: (i, status, sample, t) => {
      nAnswers++;
      if (t - sentUs[i]! > plan.timeoutMs * 1000) {
        addReason(recorder.tally, 'timeout');
        lost(i, 'timeout', t);
        return;
      }
      state[i] = IDLE;
      const index = requestIndex[i]!;
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
    },
    lost,
    unsent: (outcome, plannedAt, t) => {
      recorder.unsent(outcome, plannedAt, t, nameOf(takeIndex()));
    },
    isSpent: () => nPlanned >= maxRequests,
    tick: () => {
      check.adapt(nAnswers);
      nAnswers = 0;
    },
  };
};
