/**
 * Scores of rows that a finished model was not grown on, by all threads: each takes a stretch of the rows.
 */
import type { BinnedRows } from '../growing/training-rows.ts';
import { leafOfBins, type Tree } from '../growing/tree.ts';

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
  for (let row = begin; row < end; row++)
    scores[row]! += tree.value[leafOfBins(tree, data, row, nRows)]!;
};
