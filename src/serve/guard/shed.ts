/**
 * Load shedding: the failure that answers each reason, and the frame around work that was admitted.
 */
import { AppError, type ErrorCode } from '../../core/errors.ts';
import type { Call } from '../../http/call.ts';
import type { ServeContext, Ticket } from '../context.ts';
import type { ShedReason } from '../labels.ts';

const FAILURES: Readonly<Record<ShedReason, { code: ErrorCode; detail: string }>> = {
  overload: { code: 'overloaded', detail: 'the service has more work than it can do in time' },
  'queue-full': { code: 'overloaded', detail: 'too many batches are waiting already' },
  deadline: {
    code: 'deadline-passed',
    detail: 'the time that the request allowed passed before the answer was ready',
  },
  'client-gone': { code: 'deadline-passed', detail: 'the caller went away before the answer' },
  'caller-busy': {
    code: 'overloaded',
    detail: 'this caller already has as much work in flight as one caller may have',
  },
  memory: {
    code: 'overloaded',
    detail: 'the answers in progress already take all the memory they are allowed',
  },
  slow: { code: 'request-slow', detail: 'the request took too long to arrive' },
  quota: { code: 'quota-spent', detail: 'the quota of requests per second is used up' },
};

/** The failure that answers a refusal, counted. */
export const shed = ({ counters }: ServeContext, reason: ShedReason): AppError => {
  counters.shed(reason);
  return new AppError(FAILURES[reason].code, FAILURES[reason].detail);
};

/** Lets a single prediction in, which says `leave` when it is done. @throws AppError overloaded */
export const enter = (context: ServeContext): void => {
  const refused = context.admission.tryEnter();
  if (refused) throw shed(context, refused);
};

/** Does a single prediction, if it is let in. @throws AppError overloaded */
export const admitted = <T>(context: ServeContext, work: () => T): T => {
  enter(context);
  try {
    return work();
  } finally {
    context.admission.leave();
  }
};

/**
 * Does a single prediction that is explained, or made a page of: that costs as much as hundreds of them, so it waits for
 * its turn, as the slices of batches do. @throws AppError overloaded, deadline-passed
 */
export const admittedInTurn = async <T>(
  context: ServeContext,
  call: Call,
  work: (pause: Pause) => T | Promise<T>,
): Promise<T> => {
  const ticket = admittedAs(context, context.admission.enterExplained(call));
  try {
    const pause = pauseOf(context, ticket);
    await pause();
    const clock = workClock(pause);
    const done = await work(clock.pause);
    ticket.done('explain', 1, clock.workMs());
    return done;
  } finally {
    ticket.leave();
  }
};

/** Gives way between two slices. @throws AppError deadline-passed when the rest is not worth doing */
export type Pause = () => Promise<void>;

export const pauseOf =
  (context: ServeContext, ticket: Ticket): Pause =>
  async () => {
    const reason = await ticket.pause();
    if (reason) throw shed(context, reason);
  };

/** A pause whose time does not count as work, and how long the work has taken so far. */
export const workClock = (
  pause: Pause,
): { readonly pause: Pause; readonly workMs: () => number } => {
  let startMs = performance.now();
  let beforeMs = 0;
  return {
    pause: async () => {
      beforeMs += performance.now() - startMs;
      await pause();
      startMs = performance.now();
    },
    workMs: () => beforeMs + performance.now() - startMs,
  };
};

/** The ticket, or the failure of who got none. @throws AppError overloaded */
export const admittedAs = (context: ServeContext, ticket: Ticket | ShedReason): Ticket => {
  if (typeof ticket === 'string') throw shed(context, ticket);
  return ticket;
};
