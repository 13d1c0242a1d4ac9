/**
 * When requests are planned: pure functions of a count, no clock.
 * Shards of one run walk interleaved parts of the same plan; together they are the whole plan.
 *
 * Event k of a plan lies where the integral of the rate reaches e(k): e(k) = k for uniform arrivals,
 * a sum of exponentials of mean 1 for Poisson arrivals. For a rate going linearly from a to b in T:
 *   a t + (b - a) t^2 / 2T = e   =>   t = 2e / (a + sqrt(a^2 + 2 e (b - a) / T))
 */
import { buildRandom } from '../../core/random.ts';

export type Arrivals = 'uniform' | 'poisson';

export interface Load {
  /** Requests per second at the start, all shards together. */
  readonly fromPerSecond: number;
  /** Requests per second at the end. */
  readonly toPerSecond: number;
  readonly durationMs: number;
  readonly arrivals: Arrivals;
  readonly seed: number;
}

/** Yields the planned times of one shard, one by one, in microseconds from the start; Infinity when the plan is over. */
export type Schedule = () => number;

/** @param shard which part of the plan, 0 <= shard < nShards */
export const buildSchedule = (load: Load, shard: number, nShards: number): Schedule => {
  const { fromPerSecond: a, toPerSecond: b, durationMs } = load;
  const durationS = durationMs / 1000;
  const bend = (2 * (b - a)) / durationS;
  const next = load.arrivals === 'uniform' ? stepsOf(shard, nShards) : walkOf(load, shard, nShards);
  return () => {
    const event = next();
    const root = a * a + bend * event;
    if (root < 0) return Number.POSITIVE_INFINITY;
    const seconds = event === 0 ? 0 : (2 * event) / (a + Math.sqrt(root));
    return seconds >= durationS ? Number.POSITIVE_INFINITY : seconds * 1e6;
  };
};

const stepsOf = (shard: number, nShards: number): (() => number) => {
  let event = shard - nShards;
  return () => {
    event += nShards;
    return event;
  };
};

const walkOf = (load: Load, shard: number, nShards: number): (() => number) => {
  const random = buildRandom(load.seed * 7919 + shard);
  let event = 0;
  return () => {
    event -= Math.log(1 - random()) * nShards;
    return event;
  };
};
