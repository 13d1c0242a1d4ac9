/**
 * When requests are planned: pure functions of a count, no clock.
 * Shards of one run walk interleaved parts of the same plan; together they are the whole plan.
 *
 * Event k of a plan lies where the integral of the rate reaches e(k): e(k) = k for uniform arrivals,
 * a sum of exponentials of mean 1 for Poisson arrivals. For a stage with a rate going linearly from a to b in T:
 *   a t + (b - a) t^2 / 2T = e   =>   t = 2e / (a + sqrt(a^2 + 2 e (b - a) / T))
 */
import { buildRandom } from '../../core/random.ts';

export type Arrivals = 'uniform' | 'poisson';

/** A part of the plan in which the rate goes linearly, or stays. */
export interface Stage {
  /** Requests per second at its start, all shards together. */
  readonly fromPerSecond: number;
  /** Requests per second at its end. */
  readonly toPerSecond: number;
  readonly durationMs: number;
}

export interface Load {
  readonly stages: readonly Stage[];
  readonly arrivals: Arrivals;
  readonly seed: number;
  /** Given: the moments themselves, ascending, milliseconds from the start; request k is sent at the k-th. */
  readonly momentsMs?: readonly number[];
}

/** One rate from the first to the last moment. */
export const steadyLoad = (
  ratePerSecond: number,
  durationMs: number,
  arrivals: Arrivals,
  seed: number,
): Load => ({
  stages: [{ fromPerSecond: ratePerSecond, toPerSecond: ratePerSecond, durationMs }],
  arrivals,
  seed,
});

/** Yields the planned times of one shard, one by one, in microseconds from the start; Infinity when the plan is over. */
export type Schedule = () => number;

/** @param shard which part of the plan, 0 <= shard < nShards */
export const buildSchedule = (load: Load, shard: number, nShards: number): Schedule => {
  if (load.momentsMs) return momentsOf(load.momentsMs, shard, nShards);
  const { stages } = load;
  const next = load.arrivals === 'uniform' ? stepsOf(shard, nShards) : walkOf(load, shard, nShards);
  let place = 0;
  /** Events planned and seconds passed before the stage. */
  let eventsBefore = 0;
  let secondsBefore = 0;
  return () => {
    const event = next();
    for (; place < stages.length; place++) {
      const stage = stages[place]!;
      const durationS = stage.durationMs / 1000;
      const seconds = secondsOf(stage, event - eventsBefore);
      if (seconds < durationS) return (secondsBefore + seconds) * 1e6;
      eventsBefore += ((stage.fromPerSecond + stage.toPerSecond) / 2) * durationS;
      secondsBefore += durationS;
    }
    return Number.POSITIVE_INFINITY;
  };
};

/** Seconds into a stage at which so many events have been planned in it; Infinity where it never gets there. */
const secondsOf = (
  { fromPerSecond: a, toPerSecond: b, durationMs }: Stage,
  event: number,
): number => {
  if (a === 0 && b === 0) return Number.POSITIVE_INFINITY;
  if (event <= 0) return 0;
  const root = a * a + ((2 * (b - a)) / (durationMs / 1000)) * event;
  return root < 0 ? Number.POSITIVE_INFINITY : (2 * event) / (a + Math.sqrt(root));
};

const momentsOf = (momentsMs: readonly number[], shard: number, nShards: number): Schedule => {
  let at = shard - nShards;
  return () => {
    at += nShards;
    const ms = momentsMs[at];
    return ms === undefined ? Number.POSITIVE_INFINITY : ms * 1000;
  };
};

/** The highest rate of a plan, requests per second. */
export const highestRateOf = ({ stages }: Load): number =>
  Math.max(...stages.map(({ fromPerSecond, toPerSecond }) => Math.max(fromPerSecond, toPerSecond)));

/** Requests that a plan holds, by the integral of its rate. */
const countOfLoad = ({ stages, momentsMs }: Load): number =>
  momentsMs?.length ??
  stages.reduce(
    (sum, { fromPerSecond, toPerSecond, durationMs }) =>
      sum + (((fromPerSecond + toPerSecond) / 2) * durationMs) / 1000,
    0,
  );

/** Requests per second, the mean over the whole plan. */
export const meanRateOf = (load: Load): number =>
  countOfLoad(load) / (load.stages.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000);

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
