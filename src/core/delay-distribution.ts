/**
 * Minutes of delay of one flight, read from the same distribution as its probabilities, so that the two cannot
 * contradict each other: P(delay >= 15) is above a half exactly where the median is 15 minutes or more.
 *
 * Let t[0] < ... < t[k] be the minutes of the probability heads and S[i] = P(delay >= t[i]), S[k + 1] = 0. The quantile
 * at level q is where the chance of a longer delay is e = 1 - q:
 *   e > S[0]:              below t[0], at the share u = q / (1 - S[0]) of the delays that are shorter than t[0]
 *   S[i] >= e > S[i + 1]:  from t[i] on, at the share u = (S[i] - e) / (S[i] - S[i + 1]) of those from t[i] to t[i + 1]
 * How delays lie between the steps is stored: below t[0] for several values of S[0] (flights that are rarely late are
 * also earlier), with straight lines between.
 */

/** How delays lie between the minutes of the probability heads. */
export interface DelayShape {
  /** float64, shape (nKnots): values of S[0], strictly rising, that `below` is stored for. */
  readonly knots: Float64Array;
  /** float64, shape (nKnots, SHAPE_POINTS): minutes at evenly spaced shares of the delays below t[0], rising. */
  readonly below: Float64Array;
  /** float64, shape (nProbabilities, SHAPE_POINTS): the same of the delays between one step and the next. */
  readonly above: Float64Array;
}

/** Shares 0, 1/40, ..., 1. */
export const SHAPE_POINTS = 41;

/**
 * A function from P(delay >= t[i]) of all steps (at `survival[at + i]`, not rising) to the minutes at a level.
 * @cost two searches among ten knots; allocates nothing
 */
export const buildDelayQuantile = (
  { knots, below, above }: DelayShape,
  level: number,
): ((survival: Float64Array, at: number) => number) => {
  const nSteps = above.length / SHAPE_POINTS;
  const excess = 1 - level;
  return (survival, at) => {
    const first = survival[at]!;
    if (excess > first) {
      const share = level / (1 - first);
      let k = 0;
      while (k + 2 < knots.length && first > knots[k + 1]!) k++;
      const low = pointOf(below, k, share);
      if (knots.length === 1) return low;
      const weight = (first - knots[k]!) / (knots[k + 1]! - knots[k]!);
      if (!(weight > 0)) return low;
      const high = pointOf(below, k + 1, share);
      return weight >= 1 ? high : low + weight * (high - low);
    }
    let step = 0;
    while (step + 1 < nSteps && excess <= survival[at + step + 1]!) step++;
    const here = survival[at + step]!;
    const next = step + 1 < nSteps ? survival[at + step + 1]! : 0;
    return pointOf(above, step, (here - excess) / (here - next));
  };
};

/** Minutes at a share of one row of a shape. */
const pointOf = (shape: Float64Array, row: number, share: number): number => {
  const place = Math.min(1, Math.max(0, share)) * (SHAPE_POINTS - 1);
  const low = Math.min(SHAPE_POINTS - 2, Math.floor(place));
  const first = shape[row * SHAPE_POINTS + low]!;
  return first + (place - low) * (shape[row * SHAPE_POINTS + low + 1]! - first);
};
