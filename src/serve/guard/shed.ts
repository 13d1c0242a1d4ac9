/**
 * Load shedding: the failure that answers each reason, and the frame around work that was admitted.
 */
import { AppError, type ErrorCode } from '../../core/errors.ts';
import type { ServeContext, WorkKind } from '../context.ts';
import type { ShedReason } from '../labels.ts';

const FAILURES: Readonly<Record<ShedReason, { code: ErrorCode; detail: string }>> = {
  overload: { code: 'overloaded', detail: 'the service has more work than it can do in time' },
  'queue-full': { code: 'overloaded', detail: 'too many batches are waiting already' },
  deadline: {
    code: 'deadline-passed',
    detail: 'the time that the request allowed passed before the answer was ready',
  },
  'client-gone': { code: 'deadline-passed', detail: 'the caller went away before the answer' },
  memory: {
    code: 'overloaded',
    detail: 'too many bytes of unfinished requests are held already',
  },
  slow: { code: 'request-slow', detail: 'the request took too long to arrive' },
  quota: { code: 'quota-spent', detail: 'the quota of requests per second is used up' },
};

/** The failure that answers a refusal, counted. */
export const shed = ({ counters }: ServeContext, reason: ShedReason): AppError => {
  counters.shed(reason);
  return new AppError(FAILURES[reason].code, FAILURES[reason].detail);
};

/** Does one piece of work that does not wait, if it is let in. @throws AppError overloaded */
export const admitted = <T>(context: ServeContext, kind: WorkKind, work: () => T): T => {
  const refused = context.admission.tryEnter(kind);
  if (refused) throw shed(context, refused);
  try {
    return work();
  } finally {
    context.admission.leave(kind);
  }
};
