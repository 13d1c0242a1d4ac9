/**
 * Where more load stops paying: Kneedle, Kleinrock's power, and the first step that gains little and costs much.
 * Three methods, and whether they agree.
 */

/**
 * Kneedle for an increasing, concave curve, offline (S = 1): index of the knee, null when there is none.
 * @param x ascending @source Satopaa, Albrecht, Irwin, Raghavan 2011
 */
export const findKnee = (
  x: readonly number[],
  y: readonly number[],
  sensitivity = 1,
): number | null => {
  const n = x.length;
  if (n < 3) return null;
  const xs = normalise(x);
  const ys = normalise(y);
  const distance = ys.map((value, i) => value - xs[i]!);
  const meanStep = (xs[n - 1]! - xs[0]!) / (n - 1);
  let knee: number | null = null;
  let threshold = Number.NEGATIVE_INFINITY;
  let candidate: number | null = null;
  for (let i = 1; i < n - 1; i++) {
    const isPeak = distance[i]! >= distance[i - 1]! && distance[i]! > distance[i + 1]!;
    if (isPeak) {
      candidate = i;
      threshold = distance[i]! - sensitivity * meanStep;
    }
    const isValley = distance[i]! < distance[i - 1]! && distance[i]! <= distance[i + 1]!;
    if (isValley) threshold = 0;
    if (candidate !== null && distance[i + 1]! < threshold) {
      knee = candidate;
      threshold = Number.NEGATIVE_INFINITY;
    }
  }
  return knee;
};

const normalise = (values: readonly number[]): number[] => {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  return values.map((value) => (value - low) / span);
};

export interface LoadPoint {
  /** What grows from point to point: requests in flight, connections, or rate. */
  readonly load: number;
  readonly throughput: number;
  readonly meanMs: number;
  readonly p99Ms: number;
}

/** Index of the greatest power X / R. @source Kleinrock 1979 */
export const findPower = (points: readonly LoadPoint[]): number | null => {
  let best: number | null = null;
  for (const [i, { throughput, meanMs }] of points.entries()) {
    const rival = best === null ? undefined : points[best]!;
    if (rival === undefined || throughput / meanMs > rival.throughput / rival.meanMs) best = i;
  }
  return best;
};

/** Index of the last point before throughput grows by less than a tenth of the load while p99 more than doubles. */
export const findCostlyStep = (points: readonly LoadPoint[]): number | null => {
  for (let i = 1; i < points.length; i++) {
    const [before, here] = [points[i - 1]!, points[i]!];
    const loadGrowth = here.load / before.load - 1;
    const gain = here.throughput / before.throughput - 1;
    if (gain < 0.1 * loadGrowth && here.p99Ms > 2 * before.p99Ms) return i - 1;
  }
  return null;
};

export interface KneeReport {
  readonly kneedle: number | null;
  readonly power: number | null;
  readonly costlyStep: number | null;
  readonly agree: boolean;
  readonly sentence: string;
}

/**
 * Null for fewer than four points, or where one has no answer: there is no curve.
 * @param points ascending in load; the load axis is taken by its logarithm, since steps are geometric
 */
export const reportKnee = (points: readonly LoadPoint[]): KneeReport | null => {
  if (points.length < 4 || points.some(({ throughput }) => throughput === 0)) return null;
  const kneedle = findKnee(
    points.map(({ load }) => Math.log(load)),
    points.map(({ throughput }) => throughput),
  );
  const power = findPower(points);
  const costlyStep = findCostlyStep(points);
  const found = [kneedle, power, costlyStep].filter((index) => index !== null);
  const low = Math.min(...found);
  const high = Math.max(...found);
  const agree = high - low <= 1;
  const show = (index: number): string =>
    points[index]!.load.toLocaleString('en', { maximumFractionDigits: 1 });
  return {
    kneedle,
    power,
    costlyStep,
    agree,
    sentence: `the knee lies ${low === high ? `at ${show(low)}` : `between ${show(low)} and ${show(high)}`} requests in flight; the methods ${agree ? 'agree' : 'do not agree'}`,
  };
};
