/**
 * What a shard does every millisecond of an open loop: sends what is due, each request with its own planned time.
 */
import type { Books } from './recorder.ts';
import type { Step } from '../messages.ts';
import type { NumberRing } from './ring.ts';
import { buildSchedule, type Schedule } from './schedule.ts';
import { BUSY, type Course, IDLE, nowUsOf, type Sockets } from './sockets.ts';
import type { Talk } from './request-io.ts';

export const PUMP_MS = 1;
export const MOST_WAITING = 2 ** 18;
const SWEEP_EVERY_US = 100_000;
/** Up to this rate a shard looks more often than every millisecond when a planned time is near. */
const SHARP_PER_SECOND = 250;
const NEVER: Schedule = () => Number.POSITIVE_INFINITY;

export interface Pump {
  /** Takes over the plan of a step; null: a closed loop, which plans nothing. */
  readonly plan: (load: Step['load'], place: number, nPlaces: number) => void;
  /** Sends what is due, and gives up what has waited too long. */
  readonly turn: (t: number) => void;
  /** Plans nothing more. */
  readonly halt: () => void;
  /** Ends everything that is still asked or waits, at the end of a step. */
  readonly drain: (t: number) => void;
}

export const buildPump = (
  sockets: Sockets,
  course: Course,
  books: Books,
  waiting: NumberRing,
  talk: Talk,
  timeoutUs: number,
): Pump => {
  const { state, sentUs, answered, idle } = sockets;
  let schedule = NEVER;
  let nextDueUs = Number.POSITIVE_INFINITY;
  let isSharp = false;
  let isSharpening = false;
  let lastSweepUs = 0;

  const sendDue = (t: number): void => {
    while (nextDueUs <= t) {
      const due = nextDueUs;
      nextDueUs = schedule();
      books.planned(due);
      books.looked(due, t);
      let i = -1;
      while (waiting.size === 0 && idle.size > 0) {
        i = idle.shift();
        if (state[i] === IDLE) break;
        i = -1;
      }
      if (i >= 0) talk.send(i, due, nowUsOf(course));
      else if (waiting.size < MOST_WAITING) waiting.push(due);
      else books.unsent('dropped', due, t);
    }
  };

  /** At low rates: looks again and again once the next planned time is less than a turn of the pump away. */
  const sharpen = (t: number): void => {
    if (!isSharp || isSharpening || nextDueUs - t > 1.5 * PUMP_MS * 1000) return;
    isSharpening = true;
    setImmediate(turnSharply);
  };

  const turnSharply = (): void => {
    isSharpening = false;
    if (!course.running) return;
    const t = nowUsOf(course);
    sendDue(t);
    sharpen(t);
  };

  /** Finds requests that are older than the timeout: one look at every socket, ten times a second. */
  const sweep = (t: number): void => {
    lastSweepUs = t;
    for (let i = 0; i < sockets.wanted; i++) {
      if (state[i] === BUSY && t - sentUs[i]! > timeoutUs && answered[i] === 0) {
        talk.giveUp(i, 'timeout', t);
      }
    }
    while (waiting.size > 0 && t - waiting.peek() > timeoutUs) {
      books.unsent('timeout', waiting.shift(), t);
    }
  };

  return {
    plan: (load, place, nPlaces) => {
      schedule = load ? buildSchedule(load, place, nPlaces) : NEVER;
      nextDueUs = schedule();
      const mostPerSecond = load ? Math.max(load.fromPerSecond, load.toPerSecond) / nPlaces : 0;
      isSharp = load !== null && mostPerSecond <= SHARP_PER_SECOND;
      lastSweepUs = 0;
    },
    turn: (t) => {
      if (!course.closed) {
        sendDue(t);
        sharpen(t);
      }
      if (t - lastSweepUs >= SWEEP_EVERY_US) sweep(t);
    },
    halt: () => {
      nextDueUs = Number.POSITIVE_INFINITY;
    },
    drain: (t) => {
      for (let i = 0; i < sockets.wanted; i++) if (state[i] === BUSY) talk.giveUp(i, 'inFlight', t);
      while (waiting.size > 0) books.unsent('inFlight', waiting.shift(), t);
    },
  };
};
