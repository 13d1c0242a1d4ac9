/**
 * Drift: how far the live shares of an input's bins have moved from training's.
 */

export interface InputDrift {
  readonly input: string;
  readonly psi: number;
  /** Live values that the figure rests on. */
  readonly seen: number;
}

/** Fewer values than this say nothing. */
const LEAST_SEEN = 200;
/** An empty bin counts as this share, else one of them would make the sum infinite. */
const LEAST_SHARE = 1e-4;

/**
 * Population stability index of each input that has been seen often enough: sum of (live - past) ln(live / past).
 * @param counts live counts of all bins, input after input
 * @source Siddiqi, Credit Risk Scorecards (2006): below 0.1 stable, above 0.2 moved
 */
export const psiOf = (
  shares: readonly { readonly input: string; readonly shares: ArrayLike<number> }[],
  counts: Float64Array,
): readonly InputDrift[] => {
  let at = 0;
  const drifts: InputDrift[] = [];
  for (const { input, shares: past } of shares) {
    const live = counts.subarray(at, at + past.length);
    at += past.length;
    const seen = live.reduce((sum, count) => sum + count, 0);
    if (seen < LEAST_SEEN) continue;
    let psi = 0;
    for (let bin = 0; bin < past.length; bin++) {
      const [now, then] = [
        Math.max(LEAST_SHARE, live[bin]! / seen),
        Math.max(LEAST_SHARE, past[bin]!),
      ];
      psi += (now - then) * Math.log(now / then);
    }
    drifts.push({ input, psi, seen });
  }
  return drifts;
};
