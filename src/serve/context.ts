/**
 * What the HTTP layer is given by the process around it: the interface between `worker/app` and `worker/worker`.
 */
import type { LoadedModel } from '../core/model-file.ts';
import type { Call } from '../http/call.ts';
import type { Predictor } from '../predict/predictor.ts';
import type { ServeConfig } from './config.ts';
import type { Handler } from './endpoint.ts';
import type { ShedReason } from './labels.ts';
import type { Log } from './log.ts';

export interface ServeContext {
  readonly loaded: LoadedModel;
  readonly predictor: Predictor;
  readonly config: ServeConfig;
  readonly counters: Counters;
  readonly admission: Admission;
  readonly quota: Quota;
  readonly log: Log;
  /** Gives the way to replace `config.auth` while the worker runs; what it is called with may throw as at the start. */
  readonly onAuth: (put: (auth: string) => void) => void;
  /** What `/livez` and `/readyz` answer: 200 only when `ready`. */
  readonly state: () => ServeState;
  /** What `/readyz?verbose` lists: why it is not ready, or why the last new model was refused; empty when all is well. */
  readonly reasons: () => readonly string[];
}

export type ServeState = 'starting' | 'ready' | 'draining';

/** Writes into this worker's shared counters, which outlive the worker. Never a message, never an allocation. */
export interface Counters {
  /** Once per answer. `route` and `method` are places in ROUTES and METHODS (`routeAt`, `methodAt`). */
  readonly requestDone: (route: number, method: number, status: number, durationNs: number) => void;
  /** Flights answered: all, and those among them that were called delayed. */
  readonly predictionsDone: (nFlights: number, nDelayed: number) => void;
  /** One call of the predictor. */
  readonly inferenceDone: (durationNs: number) => void;
  readonly shed: (reason: ShedReason) => void;
  /**
   * Live counts of the bins of `model.shares`, one after the other in their order:
   * float64, shape (sum of shares[i].shares.length). Only this worker writes; `driftTotals` reads all workers.
   */
  readonly drift: Float64Array;
  /** Sum of `drift` over every worker that served this model, dead ones too: for `GET /model`. */
  readonly driftTotals: () => Float64Array;
}

export type WorkKind = 'single' | 'batch';

/** When an answer is no longer wanted. */
export interface Deadline {
  /** On the clock of `performance.now()`; Infinity when the caller set none. */
  readonly atMs: number;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
}

/** Bounds the work in flight. `single` goes before `batch`. */
export interface Admission {
  /**
   * Enters one piece of work whose body has arrived.
   * @returns undefined when it may go on (then `leave` must follow), else why it is refused: answer 503 with Retry-After
   */
  readonly tryEnter: (kind: WorkKind) => ShedReason | undefined;
  readonly leave: (kind: WorkKind) => void;
  /** Whether some other batch is in flight as well, which has to have its turns. */
  readonly isShared: () => boolean;
  /** Reads `Request-Timeout` (seconds, decimals allowed). Call it only for batches and explanations: it costs. */
  readonly deadlineOf: (call: Pick<Call, 'header' | 'signal'>) => Deadline;
  /**
   * Between two slices of a batch: lets the single predictions that wait go first.
   * @returns undefined to go on, else why the rest is not worth doing (`deadline`, `client-gone`)
   */
  readonly pause: (deadline: Deadline) => Promise<ShedReason | undefined>;
  /** Whole seconds for `Retry-After`, at least 1. */
  readonly retryAfterSeconds: () => number;
}

/** Requests per second and caller, counted over all workers in shared memory. */
export interface Quota {
  /**
   * Takes one request of the caller in place `key` (the auth layer numbers its callers from 0, below QUOTA_KEYS).
   * @returns 0 when it may go on, else the seconds to wait: answer 429 with Retry-After
   */
  readonly take: (key: number, perSecond: number) => number;
}
export const QUOTA_KEYS = 4096;

/** What `app.ts` exports as `buildApp`. */
export type BuildApp = (context: ServeContext) => Handler;
