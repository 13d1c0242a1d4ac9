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
  SLOT_MS,
  type Tally,
  TICK_MS,
  takeTally,
} from './tally.ts';

const TICK_US = TICK_MS * 1000;
const SLOT_US = SLOT_MS * 1000;

export interface Recorder {
  readonly tally: Tally;
  /** Requests in flight. */
  readonly nBusy: number;
  /** Clears the tally for a step; what was recorded of opening connections stays. */
  readonly begin: (measureFromUs: number, endUs: number) => void;
  readonly end: (endUs: number) => void;
  readonly count: (counter: Counter, by?: number) => void;
  readonly connected: (tookUs: number) => void;
  readonly planned: (plannedUs: number) => void;
  /** A planned time was looked at, so much after it was due. */
  readonly looked: (plannedUs: number, t: number) => void;
  readonly sent: (plannedUs: number, t: number) => void;
  readonly answered: (
    plannedUs: number,
    sentUs: number,
    t: number,
    status: number,
    isWrong: boolean,
    isKnown: boolean,
  ) => void;
  /** A request that was sent ends without an answer. */
  readonly lost: (
    outcome: 'socketError' | 'timeout' | 'inFlight',
    plannedUs: number,
    sentUs: number,
    t: number,
  ) => void;
  /** A request that never found a connection ends. */
  readonly unsent: (
    outcome: 'timeout' | 'inFlight' | 'dropped',
    plannedUs: number,
    t: number,
  ) => void;
  /** In a closed loop a connection that cannot be opened is a request that cannot be sent. */
  readonly unsendable: (sinceUs: number, t: number) => void;
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

  return {
    tally,
    get nBusy() {
      return nBusy;
    },
    begin: (measureFrom, end) => {
      const times = connect.slice();
      const opened = counters[COUNTER_AT.opened]!;
      clearTally(tally);
      connect.set(times);
      counters[COUNTER_AT.opened] = opened;
      measureFromUs = measureFrom;
      endUs = end;
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
      lag[bucketOfUs(t - plannedUs)]!++;
    },
    answered: (plannedUs, sentUs, t, status, isWrong, isKnown) => {
      changeBusy(-1, t);
      const isRight = status >= 200 && status < 300 && !isWrong;
      if (isRight && t >= measureFromUs && t < endUs) counters[COUNTER_AT.okInWindow]!++;
      if (plannedUs < measureFromUs) return;
      statuses[status]!++;
      if (isKnown) counters[COUNTER_AT.checked]!++;
      if (isRight) {
        counters[COUNTER_AT.ok]!++;
        response[bucketOfUs(t - plannedUs)]!++;
        service[bucketOfUs(t - sentUs)]!++;
        okSlots[slotOf(t)]!++;
        return;
      }
      counters[COUNTER_AT.httpError]!++;
      badSlots[slotOf(t)]!++;
      errors[bucketOfUs(t - plannedUs)]!++;
      if (isWrong) counters[COUNTER_AT.wrong]!++;
      addReason(tally, isWrong ? 'a wrong answer' : `status ${status}`);
    },
    lost: (outcome, plannedUs, sentUs, t) => {
      changeBusy(-1, t);
      if (plannedUs < measureFromUs) return;
      counters[COUNTER_AT[outcome]]!++;
      badSlots[slotOf(t)]!++;
      if (outcome === 'socketError') errors[bucketOfUs(t - plannedUs)]!++;
      else {
        response[bucketOfUs(t - plannedUs)]!++;
        service[bucketOfUs(t - sentUs)]!++;
      }
    },
    unsent: (outcome, plannedUs, t) => {
      if (plannedUs < measureFromUs) return;
      counters[COUNTER_AT[outcome]]!++;
      badSlots[slotOf(t)]!++;
      if (outcome !== 'dropped') response[bucketOfUs(t - plannedUs)]!++;
    },
    unsendable: (sinceUs, t) => {
      if (t < measureFromUs || t >= endUs) return;
      counters[COUNTER_AT.planned]!++;
      counters[COUNTER_AT.socketError]!++;
      badSlots[slotOf(t)]!++;
      errors[bucketOfUs(t - sinceUs)]!++;
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
