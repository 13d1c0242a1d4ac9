/**
 * What a shard does every millisecond of an open loop: sends what is due, each request with its own planned time.
 */
import type { StepPlan } from '../messages.ts';
import { buildSchedule, highestRateOf, type Schedule } from './schedule.ts';
import { BUSY, IDLE, nowUsOf, type ShardState, whyUnsent } from './sockets.ts';
import { addReason } from './tally.ts';
import type { Wire } from './wire.ts';

export const TURN_MS = 1;
export const MAX_WAITING = 2 ** 18;
const SWEEP_EVERY_US = 100_000;
/** Up to this rate a shard that only has timers looks more often than every millisecond when a planned time is near. */
const SHARP_PER_SECOND = 250;
/** Up to this rate a shard that waits itself waits for each planned time, to the microsecond. */
const WAITED_FOR_PER_SECOND = 2000;
const DRAIN_REASONS = {
  unanswered: { sent: 'no answer until the end', unsent: 'never sent' },
  inFlight: { sent: 'in flight when cut short', unsent: 'not sent when cut short' },
} as const;
const NEVER: Schedule = () => Number.POSITIVE_INFINITY;

interface Pacer {
  /** Takes over the load of a step; null: a closed loop, which plans nothing. */
  readonly schedule: (load: StepPlan['load']) => void;
  /** Sends what is due, and gives up what has waited too long. */
  readonly turn: (t: number) => void;
  /** How long until the next planned time, at rates at which each is waited for; no more than the limit. */
  readonly untilDue: (limitUs: number) => number;
  /** Plans nothing more. */
  readonly halt: () => void;
  /** Ends everything that is in flight or waits, at the end of a step: unanswered, or merely cut short. */
  readonly drain: (t: number, outcome: 'unanswered' | 'inFlight') => void;
}

export const buildPacer = (
  shared: ShardState,
  wire: Pick<Wire, 'poll' | 'send' | 'giveUp' | 'giveUpUnsent' | 'openMissing' | 'drain'>,
): Pacer => {
  const { plan, sockets, step, recorder, waiting } = shared;
  const timeoutUs = plan.timeoutMs * 1000;
  const { state, sentUs, answered, idle } = sockets;
  let nextTime = NEVER;
  let nextDueUs = Number.POSITIVE_INFINITY;
  let isSharp = false;
  let isWaitedFor = false;
  let isSharpening = false;
  let lastSweepUs = 0;

  const sendDue = (t: number): void => {
    while (nextDueUs <= t) {
      const due = nextDueUs;
      nextDueUs = nextTime();
      recorder.planned(due);
      recorder.looked(due, t);
      let i = -1;
      while (waiting.size === 0 && idle.size > 0) {
        i = idle.shift();
        if (state[i] === IDLE) break;
        i = -1;
      }
      if (i >= 0) wire.send(i, due, nowUsOf(step));
      else if (waiting.size < MAX_WAITING) waiting.push(due);
      else wire.giveUpUnsent('dropped', due, t);
    }
    if (waiting.size > 0) wire.openMissing();
  };

  /** At low rates: looks again and again once the next planned time is less than a turn away. */
  const sharpen = (t: number): void => {
    if (!isSharp || isSharpening || nextDueUs - t > 1.5 * TURN_MS * 1000) return;
    isSharpening = true;
    setImmediate(turnSharply);
  };

  const turnSharply = (): void => {
    isSharpening = false;
    if (!step.isRunning) return;
    const t = nowUsOf(step);
    sendDue(t);
    sharpen(t);
  };

  /** Finds requests that are older than the timeout: one look at every socket, ten times a second. */
  const sweep = (t: number): void => {
    lastSweepUs = t;
    for (let i = 0; i < sockets.wanted; i++) {
      if (state[i] === BUSY && t - sentUs[i]! > timeoutUs && answered[i] === 0) {
        addReason(recorder.tally, 'timeout');
        wire.giveUp(i, 'timeout', t);
      }
    }
    while (waiting.size > 0 && t - waiting.peek() > timeoutUs) {
      wire.giveUpUnsent('unanswered', waiting.shift(), t);
      addReason(recorder.tally, whyUnsent(shared, 'no free connection within the timeout'));
    }
  };

  return {
    schedule: (load) => {
      const { place, nPlaces } = plan;
      nextTime = load ? buildSchedule(load, place, nPlaces) : NEVER;
      nextDueUs = nextTime();
      const perSecond = load === null ? Number.POSITIVE_INFINITY : highestRateOf(load) / nPlaces;
      isSharp = wire.poll === null && perSecond <= SHARP_PER_SECOND;
      isWaitedFor = wire.poll !== null && perSecond <= WAITED_FOR_PER_SECOND;
      lastSweepUs = 0;
    },
    turn: (t) => {
      if (!step.isClosedLoop) {
        sendDue(t);
        sharpen(t);
      }
      if (t - lastSweepUs >= SWEEP_EVERY_US) sweep(t);
    },
    untilDue: (limitUs) => {
      if (!isWaitedFor || !step.isRunning) return limitUs;
      return Math.min(limitUs, Math.max(0, nextDueUs - nowUsOf(step)));
    },
    halt: () => {
      nextDueUs = Number.POSITIVE_INFINITY;
    },
    drain: (t, outcome) => {
      for (let i = 0; i < sockets.wanted; i++) {
        if (state[i] !== BUSY) continue;
        if (answered[i] === 0) addReason(recorder.tally, DRAIN_REASONS[outcome].sent);
        wire.giveUp(i, outcome, t);
      }
      while (waiting.size > 0) {
        wire.giveUpUnsent(outcome, waiting.shift(), t);
        const { unsent } = DRAIN_REASONS[outcome];
        addReason(recorder.tally, outcome === 'unanswered' ? whyUnsent(shared, unsent) : unsent);
      }
      wire.drain(t, outcome);
    },
  };
};
