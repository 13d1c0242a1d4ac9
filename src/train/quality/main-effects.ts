/**
 * What of a forest's score hangs on one feature alone: the hour, the airline, the destination. Such effects drift with the
 * season, each by itself, where what hangs on several features at once is partly chance. So how far each holds is found on
 * later flights, beside the effects of their days, and the forest is weighed anew:
 *
 *   score ~ mean + sum over features of effect(feature) + rest                 least squares, over the flights' scores
 *   P(late | d) = sigmoid(mean + sum of weight * effect + weight * rest + b[d])    the weights, on days that it does not know
 *
 * It stays a forest: the trees' leaves are scaled by the weight of the rest, and one more tree for each effect has the
 * difference.
 * @source Breiman and Friedman 1985 (backfitting); Wolpert 1992 (stacking)
 */
import type { Boosted } from '../boosting.ts';
import type { BinnedRows } from '../growing/training-rows.ts';
import { buildNodes, type Tree, WORDS_PER_SET } from '../growing/tree.ts';

/** Features whose effects are told apart from the rest. */
const NAMES: readonly string[] = ['departureMinute', 'airline', 'destination'];

/** One feature's part of the scores. */
interface MainEffect {
  readonly feature: number;
  readonly isCategory: boolean;
  /** Bins with one effect, in the order in which a tree tells them apart; the last has what is missing. */
  readonly groups: readonly BinGroup[];
  /** float64, shape (nBins). */
  readonly ofBins: Float64Array;
}

interface BinGroup {
  readonly bins: readonly number[];
  readonly nRows: number;
  readonly effect: number;
}

interface MainEffects {
  readonly mean: number;
  readonly effects: readonly MainEffect[];
}

/** One for each effect, and last that of the rest. */
export type EffectWeights = readonly number[];

/** Scores of flights, and the bins that they are of. */
interface ScoredRows extends BinnedRows {
  /** float64, shape (nRows). */
  readonly scores: Float64Array;
}

/** As many leaves as other trees have. */
const MAX_GROUPS = 31;
/** Flights without any effect that each bin is given. */
const PRIOR_ROWS = 20;
const PASSES = 4;

/** The places of the features that have a main effect. */
export const mainFeaturesOf = (features: readonly { readonly name: string }[]): readonly number[] =>
  NAMES.map((name) => features.findIndex((feature) => feature.name === name)).filter(
    (feature) => feature >= 0,
  );

/** @cost O(rows x features) a pass */
export const mainEffectsOf = (rows: ScoredRows, features: readonly number[]): MainEffects => {
  const { scores, nRows, bins } = rows;
  const mean = scores.reduce((sum, score) => sum + score, 0) / Math.max(1, nRows);
  const columns = features.map((feature) => columnOf(rows, feature));
  const counts = features.map((feature, i) => countBins(columns[i]!, bins[feature]!.nBins));
  let effects: readonly Float64Array[] = counts.map((of) => new Float64Array(of.length));
  const rest = new Float64Array(nRows);
  for (let pass = 0; pass < PASSES; pass++)
    for (let i = 0; i < features.length; i++) {
      for (let row = 0; row < nRows; row++) rest[row] = scores[row]! - mean;
      for (let j = 0; j < features.length; j++)
        if (j !== i) takeEffect(rest, columns[j]!, effects[j]!);
      effects = effects.with(
        i,
        centred(sumsOfBins(rest, columns[i]!, counts[i]!.length), counts[i]!),
      );
    }
  return {
    mean,
    effects: features.map((feature, i) =>
      groupBins(effects[i]!, counts[i]!, feature, bins[feature]!.kind === 'category'),
    ),
  };
};

/** Takes the effect of each row's bin from what is left of its score. */
const takeEffect = (rest: Float64Array, column: Uint8Array, effect: Float64Array): void => {
  for (let row = 0; row < rest.length; row++) rest[row]! -= effect[column[row]!]!;
};

const sumsOfBins = (rest: Float64Array, column: Uint8Array, nBins: number): Float64Array => {
  const sums = new Float64Array(nBins);
  for (let row = 0; row < rest.length; row++) sums[column[row]!]! += rest[row]!;
  return sums;
};

const columnOf = ({ data, nRows }: BinnedRows, feature: number): Uint8Array =>
  data.subarray(feature * nRows, (feature + 1) * nRows);

const countBins = (column: Uint8Array, nBins: number): Float64Array => {
  const counts = new Float64Array(nBins);
  for (let row = 0; row < column.length; row++) counts[column[row]!]! += 1;
  return counts;
};

/** Shrunk means of the bins, less what all flights have in common. */
const centred = (sums: Float64Array, counts: Float64Array): Float64Array => {
  const means = sums.map((sum, bin) => sum / (counts[bin]! + PRIOR_ROWS));
  let [common, all] = [0, 0];
  for (let bin = 0; bin < means.length; bin++) {
    common += means[bin]! * counts[bin]!;
    all += counts[bin]!;
  }
  return means.map((effect) => effect - common / Math.max(1, all));
};

/** Neighbouring bins of a quantity, or bins of a category with much the same effect, of about as many flights. */
const groupBins = (
  effects: Float64Array,
  counts: Float64Array,
  feature: number,
  isCategory: boolean,
): MainEffect => {
  const nBins = effects.length;
  const own = Array.from({ length: nBins - 1 }, (_, i) => i + 1);
  const order = isCategory ? own.slice(1).sort((a, b) => effects[a]! - effects[b]! || a - b) : own;
  const wanted = counts.reduce((sum, count) => sum + count, 0) / MAX_GROUPS;
  const lists: number[][] = [[]];
  let inLast = 0;
  for (const bin of order) {
    if (inLast >= wanted) {
      lists.push([]);
      inLast = 0;
    }
    lists.at(-1)!.push(bin);
    inLast += counts[bin]!;
  }
  // A tree sends what is missing, and a code without a bin of its own, to the right.
  if (isCategory) lists.push([0, 1]);
  else lists.at(-1)!.push(0);
  const ofBins = new Float64Array(nBins);
  const groups = lists.map((bins): BinGroup => {
    const nRows = bins.reduce((sum, bin) => sum + counts[bin]!, 0);
    const total = bins.reduce((sum, bin) => sum + counts[bin]! * effects[bin]!, 0);
    const effect = nRows > 0 ? total / nRows : 0;
    for (const bin of bins) ofBins[bin] = effect;
    return { bins, nRows, effect };
  });
  return { feature, isCategory, groups, ofBins };
};

/** float64 each, shape (nRows): every effect, and last the rest. */
export const effectColumns = (
  rows: ScoredRows,
  { mean, effects }: MainEffects,
): readonly Float64Array[] => {
  const rest = rows.scores.map((score) => score - mean);
  const columns = effects.map(({ feature, ofBins }) => {
    const own = new Float64Array(rows.nRows);
    const column = columnOf(rows, feature);
    for (let row = 0; row < own.length; row++) {
      own[row] = ofBins[column[row]!]!;
      rest[row]! -= own[row]!;
    }
    return own;
  });
  return [...columns, rest];
};

/**
 * The weights of trees that have learned from the later flights too, where `weights` are those of trees that had not:
 * such trees hold the later effect already, as far as its flights are a share of theirs.
 */
export const weightsOfKnowing = (weights: EffectWeights, shareLater: number): EffectWeights =>
  weights.map((weight) => weight / (1 + shareLater * (weight - 1)));

/** Scores with their effects weighed. */
export const weighScores = (
  rows: ScoredRows,
  { mean, effects }: MainEffects,
  weights: EffectWeights,
): Float64Array => {
  const ofRest = weights.at(-1)!;
  const weighed = rows.scores.map((score) => ofRest * score + (1 - ofRest) * mean);
  for (const [i, { feature, ofBins }] of effects.entries()) {
    const column = columnOf(rows, feature);
    const more = ofBins.map((effect) => (weights[i]! - ofRest) * effect);
    for (let row = 0; row < weighed.length; row++) weighed[row]! += more[column[row]!]!;
  }
  return weighed;
};

/** The same of the trees themselves. */
export const weighTrees = (
  boosted: Boosted,
  { mean, effects }: MainEffects,
  weights: EffectWeights,
): Boosted => {
  const ofRest = weights.at(-1)!;
  const scaled = boosted.trees.map(
    (tree): Tree => ({ ...tree, value: tree.value.map((value) => ofRest * value) }),
  );
  const more = effects.flatMap((effect, i) =>
    effect.groups.length > 1 ? [treeOf(effect, weights[i]! - ofRest)] : [],
  );
  return {
    ...boosted,
    base: ofRest * boosted.base + (1 - ofRest) * mean,
    trees: [...scaled, ...more],
  };
};

/** An effect, times a factor, as a tree that halves the groups again and again. */
const treeOf = ({ feature, isCategory, groups }: MainEffect, factor: number): Tree => {
  const tree = buildNodes(2 * groups.length - 1);
  let nNodes = 0;
  const grow = (begin: number, end: number): number => {
    const node = nNodes++;
    for (let g = begin; g < end; g++) tree.cover[node]! += groups[g]!.nRows;
    if (end - begin === 1) {
      tree.value[node] = factor * groups[begin]!.effect;
      return node;
    }
    const middle = (begin + end) >> 1;
    tree.feature[node] = feature;
    if (isCategory) {
      tree.isSet[node] = 1;
      for (const { bins } of groups.slice(begin, middle))
        for (const bin of bins) tree.sets[node * WORDS_PER_SET + (bin >>> 5)]! |= 1 << (bin & 31);
    } else tree.bin[node] = groups[middle - 1]!.bins.at(-1)!;
    tree.left[node] = grow(begin, middle);
    tree.right[node] = grow(middle, end);
    return node;
  };
  grow(0, groups.length);
  return tree;
};
