/**
 * The learner: what boosting asks of whoever grows its trees, and the plain version of it. Read this room from here.
 *
 * Gradient boosting: with scores F of the rows so far, and g, h the first and second derivative of the loss at F,
 * each round grows one tree whose leaves lower the second-order approximation of the loss the most:
 *
 *   loss(F + v) ~ loss(F) + sum over leaves of (G v + (H + l2) v^2 / 2)      G, H: sums of g, h of the leaf's rows
 *   best value of a leaf: v = -G / (H + l2)                                  F += learningRate * v
 *
 * A round, and where each step is:
 *   1. `loss`             g and h of every row, as whole numbers
 *   2. `histogram`        their sums per bin of each feature, for the leaf's rows
 *   3. `split-search`     the bin at which to cut the leaf, from these sums
 *   4. `partition`        the leaf's rows go to its two children
 *   5. `reference-grower` steps 2 to 4, again and again, always on the leaf whose split gains most
 *   6. `leaf-value`       what each leaf answers; `tree` keeps it
 *
 * The fast version is in `engine`. Both give the same trees, bit for bit.
 * @source Chen and Guestrin 2016 (XGBoost, section 2); Ke et al. 2017 (LightGBM: leaf-wise growth on histograms)
 */
import { type GradientRound, logisticGradientsInto, quantaOf } from './loss.ts';
import { buildGrower, type GrownTree, type GrowSettings } from './reference-grower.ts';
import type { BoostRows } from './training-rows.ts';

/** uint8 per feature: 0 where a tree must not use it, 1 at `nPerTree` of them; null where it may use all. */
export type Allowed = Uint8Array | null;

interface Learner {
  /** float64, shape (nRows): raw scores so far. */
  readonly scores: Float64Array;
  /** int32, shape (nRows): rows in the order of the last tree's leaves. */
  readonly rows: Int32Array;
  /** Grows a tree on the gradients of the scores so far, of the features that were allowed last. */
  readonly grow: () => GrownTree;
  /** Adds the leaf values of the last tree, as they are now, to the scores; takes the gradients for the next round. */
  readonly advance: (nextRound: number, allowed: Allowed) => void;
  /** Ends the work on these rows. */
  readonly finish: () => void;
}

export interface LearnerSettings extends GrowSettings {
  /** Share of the rows that each round learns from. */
  readonly rowShare: number;
}

/**
 * @param base score of every row before the first tree
 * @param allowed features of the first tree; every later one has as many
 */
export type BuildLearner = (
  rows: BoostRows,
  base: number,
  settings: LearnerSettings,
  allowed: Allowed,
) => Promise<Learner>;

/** Scores before the first tree. */
export const startScores = (data: BoostRows, base: number): Float64Array => {
  const scores = new Float64Array(data.nRows);
  startScoresInto(scores, data, base);
  return scores;
};

export const startScoresInto = (
  scores: Float64Array,
  { effects }: BoostRows,
  base: number,
): void => {
  if (!effects) scores.fill(base);
  else for (let row = 0; row < scores.length; row++) scores[row] = base + effects[row]!;
};

/** One thread, no emitted code: the definition. */
export const buildPlainLearner: BuildLearner = async (data, base, settings, first) => {
  const { nRows, labels } = data;
  const quanta = quantaOf(nRows);
  const scales = { g: 1 / quanta.gScale, h: 1 / quanta.hScale };
  const grower = buildGrower(data, settings);
  const scores = startScores(data, base);
  const gradients = new Int32Array(nRows);
  const rows = new Int32Array(nRows);
  const renewGradients = (round: number): void => {
    const how: GradientRound = { round, rowShare: settings.rowShare, quanta };
    logisticGradientsInto(scores, labels, how, gradients);
  };
  renewGradients(0);
  let last: GrownTree | null = null;
  let allowed = first;
  return {
    scores,
    rows,
    grow: () => {
      for (let row = 0; row < nRows; row++) rows[row] = row;
      last = grower.grow({ gradients, scales, rows, allowed });
      return last;
    },
    advance: (nextRound, next) => {
      const { tree, leaves } = last!;
      for (const { node, begin, end } of leaves) {
        const value = tree.value[node]!;
        for (let i = begin; i < end; i++) scores[rows[i]!]! += value;
      }
      renewGradients(nextRound);
      allowed = next;
    },
    finish: () => {},
  };
};
