/**
 * The recorder of a shard: every planned request is recorded once when it is planned and once when it ends.
 *
 * Requests planned before the measured part are sent but not counted; all times are microseconds from the step's start.
 */
import {
  addReason,
  bucketOfUs,
  buildTally,
  COUNTER_AT,
  type Counter,
  clearTally,
  type EncodedTally,
  OUTCOMES,
  type Outcome,
  SLOT_MS,
  type Tally,
  TICK_MS,
  takeTally,
} from './tally.ts';

const TICK_US = TICK_MS * 1000;
const SLOT_US = SLOT_MS * 1000;

/** How a sent request ends that gets no answer; how one ends that was never sent. */
export type LossOutcome = 'socketError' | 'timeout' | 'unanswered' | 'inFlight';
export type UnsentOutcome = 'unanswered' | 'dropped' | 'inFlight';

/** One answer as it is recorded; microseconds. One record is used for all answers of a shard. */
interface AnswerRecord {
  plannedUs: number;
  sentUs: number;
  status: number;
  isRight: boolean;
  /** The status was right, what came with it was not. */
  isWrong: boolean;
  isKnown: boolean;
  isCompared: boolean;
  /** Place of the request's name among the names. */
  name: number;
}

export const buildAnswerRecord = (): AnswerRecord => ({
  plannedUs: 0,
  sentUs: 0,
  status: 0,
  isRight: false,
  isWrong: false,
  isKnown: false,
  isCompared: false,
  name: 0,
});

/** What is recorded of a request that ends without an answer. */
type LostRequest = Readonly<Pick<AnswerRecord, 'plannedUs' | 'sentUs' | 'name'>>;

/** What of a step the recorder must know. */
interface RecordedStep {
  readonly measureFromUs: number;
  readonly endUs: number;
  readonly nNames: number;
  /** When each stage ends, ascending. */
  readonly stageEndsUs: readonly number[];
}

const OUTCOME_AT = Object.fromEntries(OUTCOMES.map((name, i) => [name, i])) as Readonly<
  Record<Outcome, number>
>;

export interface Recorder {
  readonly tally: Tally;
  /** Requests in flight. */
  readonly nBusy: number;
  /** Clears the tally for a step; what was recorded of opening connections stays. */
  readonly begin: (step: RecordedStep) => void;
  readonly end: (endUs: number) => void;
  readonly count: (counter: Counter, by?: number) => void;
  readonly connected: (tookUs: number) => void;
  readonly planned: (plannedUs: number) => void;
  /** A planned time was looked at, so much after it was due. */
  readonly looked: (plannedUs: number, t: number) => void;
  readonly sent: (plannedUs: number, t: number) => void;
  /** A request that was sent was not looked at, says the service: it waits again, as if it had not been sent. */
  readonly recalled: (plannedUs: number, sentUs: number, t: number) => void;
  readonly answered: (answer: AnswerRecord, t: number) => void;
  /** A request that was sent ends without an answer. */
  readonly lost: (outcome: LossOutcome, request: LostRequest, t: number) => void;
  /** A request that never found a connection ends. */
  readonly unsent: (outcome: UnsentOutcome, plannedUs: number, t: number, name: number) => void;
  /** In a closed loop a connection that cannot be opened is a request that cannot be sent. */
  readonly unsendable: (sinceUs: number, t: number) => void;
  /** A user of a journey began, came to its end, or failed on the way. */
  readonly walked: (what: 'usersStarted' | 'usersDone' | 'usersFailed', plannedUs: number) => void;
  readonly isTickOver: (t: number) => boolean;
  /** What was recorded since the last tick. */
  readonly take: (t: number) => {
    readonly second: number;
    readonly tally: EncodedTally;
    readonly inFlightMean: number;
  };
}

export const buildRecorder = (): Recorder => {
  const tally = buildTally();
  const { groups } = tally;
  let nNames = 1;
  let stageEndsUs: readonly number[] = [];
  const { counters, okSlots, badSlots, statuses } = tally;
  const { response, service, lag, late, errors, connect } = tally.histograms;
  let measureFromUs = 0;
  let endUs = 0;
  let second = 0;
  let tickStartUs = 0;
  let takenUs = 0;
  let nBusy = 0;
  let busyAreaUs = 0;
  let busyMarkUs = 0;

  /** The area under the requests in flight, so that their mean is exact. */
  const changeBusy = (by: number, t: number): void => {
    busyAreaUs += nBusy * (t - busyMarkUs);
    busyMarkUs = t;
    nBusy += by;
  };

  /** Slot of the tick; what comes late, while the event loop is held up, falls into the last. */
  const slotOf = (t: number): number => {
    const slot = ((t - tickStartUs) / SLOT_US) | 0;
    return slot < okSlots.length ? (slot > 0 ? slot : 0) : okSlots.length - 1;
  };

  /** The group of a request: its stage by its planned time, and its name. */
  const groupOf = (plannedUs: number, name: number): number => {
    let stage = 0;
    while (stage < stageEndsUs.length - 1 && plannedUs >= stageEndsUs[stage]!) stage++;
    return stage * nNames + name;
  };

  const group = (outcome: Outcome, plannedUs: number, name: number, us: number): void => {
    const { outcomes, response } = groups[groupOf(plannedUs, name)]!;
    outcomes[OUTCOME_AT[outcome]]!++;
    if (us >= 0) response[bucketOfUs(us)]!++;
  };

  return {
    tally,
    get nBusy() {
      return nBusy;
    },
    begin: (step) => {
      nNames = step.nNames;
      stageEndsUs = step.stageEndsUs;
      const nGroups = nNames * Math.max(1, stageEndsUs.length);
      groups.splice(0, groups.length, ...buildTally(nGroups > 1 ? nGroups : 0).groups);
      const times = connect.slice();
      const opened = counters[COUNTER_AT.opened]!;
      clearTally(tally);
      connect.set(times);
      counters[COUNTER_AT.opened] = opened;
      measureFromUs = step.measureFromUs;
      endUs = step.endUs;
      second = 0;
      tickStartUs = 0;
      takenUs = 0;
      busyAreaUs = 0;
      busyMarkUs = 0;
    },
    end: (end) => {
      endUs = end;
    },
    count: (counter, by = 1) => {
      counters[COUNTER_AT[counter]]! += by;
    },
    connected: (tookUs) => {
      connect[bucketOfUs(tookUs)]!++;
    },
    planned: (plannedUs) => {
      if (plannedUs >= measureFromUs) counters[COUNTER_AT.planned]!++;
    },
    looked: (plannedUs, t) => {
      if (plannedUs >= measureFromUs) late[bucketOfUs(t - plannedUs)]!++;
    },
    sent: (plannedUs, t) => {
      changeBusy(1, t);
      if (plannedUs < measureFromUs) return;
      counters[COUNTER_AT.sent]!++;
      if (t < endUs) counters[COUNTER_AT.sentInWindow]!++;
      lag[bucketOfUs(t - plannedUs)]!++;
    },
    recalled: (plannedUs, sentUs, t) => {
      changeBusy(-1, t);
      if (plannedUs < measureFromUs) return;
      counters[COUNTER_AT.sent]!--;
      if (sentUs < endUs) counters[COUNTER_AT.sentInWindow]!--;
      lag[bucketOfUs(sentUs - plannedUs)]!--;
    },
    answered: ({ plannedUs, sentUs, status, isRight, isWrong, isKnown, isCompared, name }, t) => {
      changeBusy(-1, t);
      if (isRight && t >= measureFromUs && t < endUs) counters[COUNTER_AT.okInWindow]!++;
      if (plannedUs < measureFromUs) return;
      statuses[status]!++;
      if (isKnown) counters[COUNTER_AT.checked]!++;
      if (isCompared) counters[COUNTER_AT.compared]!++;
      if (isRight) {
        counters[COUNTER_AT.ok]!++;
        response[bucketOfUs(t - plannedUs)]!++;
        service[bucketOfUs(t - sentUs)]!++;
        okSlots[slotOf(t)]!++;
        if (groups.length > 0) group('ok', plannedUs, name, t - plannedUs);
        return;
      }
      const outcome = isWrong ? 'wrong' : 'httpError';
      counters[COUNTER_AT[outcome]]!++;
      badSlots[slotOf(t)]!++;
      errors[bucketOfUs(t - plannedUs)]!++;
      if (groups.length > 0) group(outcome, plannedUs, name, -1);
      if (!isWrong) addReason(tally, `status ${status}`);
    },
    lost: (outcome, { plannedUs, sentUs, name }, t) => {
      changeBusy(-1, t);
      if (plannedUs < measureFromUs) return;
      counters[COUNTER_AT[outcome]]!++;
      badSlots[slotOf(t)]!++;
      const isFault = outcome === 'socketError';
      if (isFault) errors[bucketOfUs(t - plannedUs)]!++;
      else {
        response[bucketOfUs(t - plannedUs)]!++;
        service[bucketOfUs(t - sentUs)]!++;
      }
      if (groups.length > 0) group(outcome, plannedUs, name, isFault ? -1 : t - plannedUs);
    },
    unsent: (outcome, plannedUs, t, name) => {
      if (plannedUs < measureFromUs) return;
      counters[COUNTER_AT[outcome]]!++;
      badSlots[slotOf(t)]!++;
      const ageUs = outcome === 'dropped' ? -1 : t - plannedUs;
      if (ageUs >= 0) response[bucketOfUs(ageUs)]!++;
      if (groups.length > 0) group(outcome, plannedUs, name, ageUs);
    },
    unsendable: (sinceUs, t) => {
      if (t < measureFromUs || sinceUs >= endUs) return;
      counters[COUNTER_AT.planned]!++;
      counters[COUNTER_AT.socketError]!++;
      badSlots[slotOf(t)]!++;
      errors[bucketOfUs(t - sinceUs)]!++;
      if (groups.length > 0) group('socketError', t, 0, -1);
    },
    walked: (what, plannedUs) => {
      if (plannedUs >= measureFromUs) counters[COUNTER_AT[what]]!++;
    },
    isTickOver: (t) => t - tickStartUs >= TICK_US,
    take: (t) => {
      changeBusy(0, t);
      const inFlightMean = busyAreaUs / Math.max(1, t - takenUs);
      const taken = { second, tally: takeTally(tally), inFlightMean };
      busyAreaUs = 0;
      takenUs = t;
      second = Math.max(second + 1, Math.floor(t / TICK_US));
      tickStartUs = second * TICK_US;
      return taken;
    },
  };
};
