/**
 * The state of the service at one moment, as the supervisor knows it: what metrics and the admin port are made from.
 */
import type { RestartReason } from '../labels.ts';
import type { ModelFacts } from '../messages.ts';
import type { Totals } from './totals.ts';

export interface WorkerView {
  readonly id: number;
  readonly pid: number;
  readonly state: 'starting' | 'ready' | 'draining';
  readonly restarts: number;
  readonly rssMb: number;
  readonly inHand: number;
  readonly model: string;
}

/** Connections that outlive their worker. */
export interface KeptCounts {
  /** Of which the supervisor has a duplicate now. */
  readonly kept: number;
  /** So many can be kept; 0 where none can. */
  readonly limit: number;
  /** Taken over by another worker so far. */
  readonly adopted: number;
  /** Closed because their worker died while it was busy with them, or nobody took them over. */
  readonly reset: number;
}

export interface ServiceView {
  readonly ready: boolean;
  readonly draining: boolean;
  /** Why not ready, or what went wrong last although ready. */
  readonly reasons: readonly string[];
  readonly workers: readonly WorkerView[];
  /** Processes whose places others have taken, or that have none any more: they finish what they took. */
  readonly leaving: readonly Pick<WorkerView, 'inHand'>[];
  readonly totals: () => Totals;
  readonly restarts: Readonly<Record<RestartReason, number>>;
  readonly connections: KeptCounts;
  readonly reloads: Readonly<Record<'ok' | 'refused', number>>;
  /** Undefined until the first model is checked. */
  readonly model: ModelFacts | undefined;
  /** What had been counted of a shadow before these models served; undefined: nothing. */
  readonly shadowBefore?: Float64Array | undefined;
  /** Live counts of the model's bins, in the order of `model.shares`. */
  readonly drift: () => Float64Array;
  readonly startedSeconds: number;
  /** How callers reach the service. */
  readonly scheme: 'http' | 'https';
}
