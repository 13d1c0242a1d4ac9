/**
 * What the HTTP layer is given by the process around it: the interface between `worker/app` and `worker/worker`.
 */
import type { LoadedModel } from '../core/model-file.ts';
import type { Completion } from '../core/around/completion.ts';
import type { Call } from '../http/call.ts';
import type { Predictor } from '../predict/predictor.ts';
import type { ServeConfig } from './config.ts';
import type { Handler } from './endpoint.ts';
import type { SHADOW_SKIPS, ShedReason } from './labels.ts';
import type { Log } from './log.ts';

/** A clock that several may read one after the other: to ask the system costs as much as a part of an answer. */
interface Watch {
  /** What it showed when it was read last, in milliseconds. */
  lastMs: number;
}

export interface ServeContext {
  readonly loaded: LoadedModel;
  readonly predictor: Predictor;
  /** Further models that are asked for by name, each with a context of its own. */
  readonly named: readonly ServeContext[];
  /** What the answers of this model are compared with; undefined: nothing. */
  readonly shadow: Shadow | undefined;
  readonly config: ServeConfig;
  /** Fills what the plan of the coming days knows of flights; nothing where the service has none. */
  readonly complete: Completion;
  readonly counters: Counters;
  /** Read when a prediction has been made. */
  readonly watch: Watch;
  readonly admission: Admission;
  readonly quota: Quota;
  readonly log: Log;
  /** Gives the way to replace `config.auth` while the worker runs; what it is called with may throw as at the start. */
  readonly onAuth: (put: (auth: string) => void) => void;
  /** The state of the whole service, for the page; undefined where there is no supervisor. */
  readonly serviceFeed: ServiceFeed | undefined;
  /** What `/livez` and `/readyz` answer: 200 only when `ready`. */
  readonly state: () => ServeState;
  /** What `/readyz?verbose` lists: why it is not ready, or why the last new model was refused; empty when all is well. */
  readonly reasons: () => readonly string[];
}

export interface ServiceFeed {
  /** What the supervisor says now, as JSON. */
  readonly next: () => Promise<string>;
}

export type ServeState = 'starting' | 'ready' | 'draining';

/** Writes into this worker's shared counters, which outlive the worker. Never a message, never an allocation. */
export interface Counters {
  /** Once per answer. `route` and `method` are places in ROUTES and METHODS (`routeAt`, `methodAt`). */
  readonly requestDone: (route: number, method: number, status: number, durationNs: number) => void;
  /** Flights answered: all, and those among them that were called delayed; `place` is that of the model, 0 the first. */
  readonly predictionsDone: (nFlights: number, nDelayed: number, place?: number) => void;
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

/** A second model that answers nobody: what it would have answered is compared and counted, later and by the way. */
export interface Shadow {
  /**
   * Hands over a flight that was answered: `raw[at ..]` as the first model has read it, and that model's probability.
   * @param isOdd a value of it is unknown to the first model; it might be known to the shadow, so it proves nothing
   * @cost a copy of the row, or a count where there is no time for more
   */
  readonly offer: (raw: Float64Array, at: number, probability: number, isOdd: boolean) => void;
}

/** What is counted of a shadow. */
export interface ShadowCounts {
  /** @param difference probability of the shadow less that of the first model */
  readonly compared: (isSame: boolean, difference: number) => void;
  readonly skipped: (reason: (typeof SHADOW_SKIPS)[number]) => void;
  readonly inferenceDone: (durationNs: number) => void;
}

/** What is done with a row: an explanation costs as much as hundreds of predictions. */
export type RowWork = 'predict' | 'explain';

interface BatchPlan {
  readonly work: RowWork;
  readonly nRows: number;
  /** About how large the answer will be. */
  readonly answerBytes: number;
}

/** A batch or a stream that was let in. */
export interface Ticket {
  /** Once its rows are counted, before the first is worked on. @returns why it is refused after all */
  readonly charge: (plan: BatchPlan) => ShedReason | undefined;
  /** Whether others are in flight as well, which have to have their turns. */
  readonly isShared: () => boolean;
  /**
   * Between two slices: lets the single predictions that wait go first.
   * @returns undefined to go on, else why the rest is not worth doing (`deadline`, `client-gone`)
   */
  readonly pause: () => Promise<ShedReason | undefined>;
  /**
   * Rows of a slice that takes a few milliseconds, `most` at most.
   * @param ownMs what one has cost lately, where that may be more than what others do
   */
  readonly sliceRows: (work: RowWork, most: number, ownMs?: number) => number;
  /** So long a slice takes, where its rows are looked at one by one. */
  readonly sliceMs: () => number;
  /** A slice has been done: what a row costs is measured by it. */
  readonly done: (work: RowWork, nRows: number, ms: number) => void;
  /** The work is over; called once, whatever came of it. */
  readonly leave: () => void;
  /** The answer is no longer in memory: it has been taken, or will not be. */
  readonly sent: () => void;
}

/** Bounds the work in flight. Single predictions go before batches. */
export interface Admission {
  /** @returns undefined when a single prediction may go on (then `leave` must follow), else why it is refused */
  readonly tryEnter: () => ShedReason | undefined;
  readonly leave: () => void;
  /** Why one more batch would be refused now, if so: known before its body is read. */
  readonly isFull: () => ShedReason | undefined;
  /** Lets in a batch, or says why not: answer 503 with Retry-After. `Request-Timeout` (seconds) is its deadline. */
  readonly enterBatch: (call: Call) => Ticket | ShedReason;
  /** Lets in a stream, which takes no place among the batches: its slices wait for their turns. */
  readonly openStream: (call: Call) => Ticket | ShedReason;
  /** Lets in a single prediction with reasons, which waits for its turn: it counts by its work alone. */
  readonly enterExplained: (call: Call) => Ticket | ShedReason;
  /** The largest answer that is made. */
  readonly answerLimitBytes: number;
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
