/**
 * Scores of rows that a finished model was not grown on, by all threads: each takes a stretch of the rows.
 */
import { MAX_BINS } from '../binning/binning.ts';
import type { BinnedRows } from '../growing/training-rows.ts';
import { type Tree, WORDS_PER_SET } from '../growing/tree.ts';

export interface ScoringTask {
  readonly boosted: { readonly trees: readonly Tree[]; readonly base: number };
  readonly rows: Pick<BinnedRows, 'data' | 'nRows'>;
  /** float64, shape (nRows), shared: where the scores go. */
  readonly into: Float64Array;
}

/** Raw scores, float64, shape (nRows). */
export type ScoreRows = (
  boosted: ScoringTask['boosted'],
  rows: BinnedRows,
) => Promise<Float64Array>;

/** Scores the `part`th of `nParts` stretches. */
export const scorePart = ({ boosted, rows, into }: ScoringTask, part: number, nParts: number) => {
  const begin = Math.floor((rows.nRows * part) / nParts);
  const end = Math.floor((rows.nRows * (part + 1)) / nParts);
  into.fill(boosted.base, begin, end);
  for (const tree of boosted.trees) addToScores(tree, rows, into, { begin, end });
};

/** Adds a tree to the scores of rows that it was not grown on. */
export const addToScores = (
  tree: Tree,
  { data, nRows }: ScoringTask['rows'],
  scores: Float64Array,
  { begin, end } = { begin: 0, end: nRows },
): void => {
  const { feature, value } = tree;
  const columns = feature.map((f) => f * nRows);
  const next = nextOf(tree);
  for (let row = begin; row < end; row++) {
    let node = 0;
    while (feature[node]! >= 0) node = next[MAX_BINS * node + data[columns[node]! + row]!]!;
    scores[row]! += value[node]!;
  }
};

/** int32, shape (nNodes, 256): the child that each bin goes to; what `leafOfBins` asks bin by bin. */
const nextOf = ({ nNodes, feature, bin, isSet, sets, missingLeft, left, right }: Tree) => {
  const next = new Int32Array(MAX_BINS * nNodes);
  for (let node = 0; node < nNodes; node++) {
    if (feature[node]! < 0) continue;
    const of = next.subarray(MAX_BINS * node, MAX_BINS * (node + 1)).fill(right[node]!);
    if (isSet[node] === 1) {
      for (let b = 1; b < MAX_BINS; b++)
        if ((sets[node * WORDS_PER_SET + (b >>> 5)]! >>> (b & 31)) & 1) of[b] = left[node]!;
    } else of.fill(left[node]!, 1, bin[node]! + 1);
    of[0] = (missingLeft[node] === 1 ? left : right)[node]!;
  }
  return next;
};
