/**
 * Scores of rows that a finished model was not grown on, by all threads: each takes a stretch of the rows.
 */
import { MAX_BINS } from '../binning/binning.ts';
import type { BinnedRows } from '../growing/training-rows.ts';
import { goesLeft, type Tree, WORDS_PER_SET } from '../growing/tree.ts';

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
  rows: ScoringTask['rows'],
  scores: Float64Array,
  { begin, end } = { begin: 0, end: rows.nRows },
): void => {
  const add = tree.nNodes <= 2 * BITS - 1 ? addByBits : addByWalking;
  add(tree, rows, scores, begin, end);
};

type AddRows = (
  tree: Tree,
  rows: ScoringTask['rows'],
  scores: Float64Array,
  begin: number,
  end: number,
) => void;

/** Leaves of a tree that are told apart by one bit each. */
const BITS = 32;
/** Rows whose bits are found together, column by column. */
const BLOCK_ROWS = 2048;
/** int32: of a row of the block, a bit for each leaf that it may still be in. */
const mayBeIn = new Int32Array(BLOCK_ROWS);

/** A column, and the leaves that each of its bins leaves possible: int32, shape (256). */
interface Asked {
  readonly column: Uint8Array;
  readonly leaves: Int32Array;
}

/**
 * Every bin of a feature leaves some leaves possible; those that all features leave are one, and no row waits for what a
 * node above has said. Four columns at a time are read from their begin to their end.
 * @source Lucchese et al. 2015, "QuickScorer"
 */
const addByBits: AddRows = (tree, { data, nRows }, scores, begin, end) => {
  const { asked, values } = bitsOf(tree);
  for (let from = begin; from < end; from += BLOCK_ROWS) {
    const n = Math.min(BLOCK_ROWS, end - from);
    mayBeIn.fill(-1, 0, n);
    const columns = asked.map(({ feature, leaves }): Asked => {
      const first = feature * nRows + from;
      return { column: data.subarray(first, first + n), leaves };
    });
    for (let f = 0; f < columns.length; f += 4)
      keepLeaves(n, columns[f]!, columns[f + 1]!, columns[f + 2]!, columns[f + 3]!);
    for (let i = 0; i < n; i++) scores[from + i]! += values[Math.clz32(mayBeIn[i]!)]!;
  }
};

const keepLeaves = (
  n: number,
  { column: a, leaves: ofA }: Asked,
  { column: b, leaves: ofB }: Asked,
  { column: c, leaves: ofC }: Asked,
  { column: d, leaves: ofD }: Asked,
): void => {
  for (let i = 0; i < n; i++) mayBeIn[i]! &= ofA[a[i]!]! & ofB[b[i]!]! & ofC[c[i]!]! & ofD[d[i]!]!;
};

/**
 * Of a tree of 32 leaves or fewer: the features that it asks with the leaves that each bin leaves possible, up to the
 * next multiple of four with some that leave all; and the leaves' values, the first's bit being the highest.
 */
const bitsOf = (tree: Tree) => {
  const { nNodes, feature, left, right, value } = tree;
  const asked: { feature: number; leaves: Int32Array }[] = [];
  const values = new Float64Array(BITS);
  /** int32, shape (nNodes): the leaves below a node. */
  const below = new Int32Array(nNodes);
  let nLeaves = 0;
  for (let node = nNodes - 1; node >= 0; node--) {
    const own = feature[node]!;
    if (own < 0) {
      values[nLeaves] = value[node]!;
      below[node] = 1 << (BITS - 1 - nLeaves++);
      continue;
    }
    if (!asked.some((one) => one.feature === own))
      asked.push({ feature: own, leaves: allLeaves() });
    const { leaves } = asked.find((one) => one.feature === own)!;
    const [ofLeft, ofRight] = [below[left[node]!]!, below[right[node]!]!];
    excludeLeaves(leaves, tree, node, ofLeft, ofRight);
    below[node] = ofLeft | ofRight;
  }
  while (asked.length % 4 > 0) asked.push({ feature: 0, leaves: allLeaves() });
  return { asked, values };
};

const allLeaves = (): Int32Array => new Int32Array(MAX_BINS).fill(-1);

/** Takes the leaves of the side to which each bin does not go. */
const excludeLeaves = (
  leaves: Int32Array,
  { missingLeft, isSet, sets, bin: last }: Tree,
  node: number,
  ofLeft: number,
  ofRight: number,
): void => {
  leaves[0]! &= missingLeft[node] === 1 ? ~ofRight : ~ofLeft;
  if (isSet[node] === 1)
    for (let bin = 1; bin < MAX_BINS; bin++) {
      const isLeft = (sets[node * WORDS_PER_SET + (bin >>> 5)]! >>> (bin & 31)) & 1;
      leaves[bin]! &= isLeft === 1 ? ~ofRight : ~ofLeft;
    }
  else {
    const end = last[node]! + 1;
    for (let bin = 1; bin < end; bin++) leaves[bin]! &= ~ofRight;
    for (let bin = end; bin < MAX_BINS; bin++) leaves[bin]! &= ~ofLeft;
  }
};

const addByWalking: AddRows = (tree, { data, nRows }, scores, begin, end) => {
  const { feature, value } = tree;
  const columns = feature.map((f) => f * nRows);
  const next = nextOf(tree);
  for (let row = begin; row < end; row++) {
    let node = 0;
    while (feature[node]! >= 0) node = next[MAX_BINS * node + data[columns[node]! + row]!]!;
    scores[row]! += value[node]!;
  }
};

/** int32, shape (nNodes, 256): the child that each bin goes to. */
const nextOf = (tree: Tree): Int32Array => {
  const { nNodes, feature, left, right } = tree;
  const next = new Int32Array(MAX_BINS * nNodes);
  for (let node = 0; node < nNodes; node++) {
    if (feature[node]! < 0) continue;
    for (let bin = 0; bin < MAX_BINS; bin++)
      next[MAX_BINS * node + bin] = (goesLeft(tree, node, bin) ? left : right)[node]!;
  }
  return next;
};
