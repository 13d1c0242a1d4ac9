/**
 * One tree in the space of bins, and many of them as a forest in the space of values.
 */
import type { Forest } from '../../core/forest.ts';
import type { Bins } from '../binning/binning.ts';
import { MAX_BINS } from '../binning/binning.ts';

export const WORDS_PER_SET = MAX_BINS / 32;

/** Nodes in the order in which they were made: children come after their parent. */
export interface Tree {
  readonly nNodes: number;
  /** int32, shape (nNodes): feature, -1 at a leaf. */
  readonly feature: Int32Array;
  /** int32, shape (nNodes): bins up to this one go left; of no meaning for a category. */
  readonly bin: Int32Array;
  readonly missingLeft: Uint8Array;
  /** uint32, shape (nNodes, 8): for a category, the bins that go left. */
  readonly sets: Uint32Array;
  readonly isSet: Uint8Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** float64, shape (nNodes): shrunk leaf value, 0 at inner nodes. */
  readonly value: Float64Array;
  /** float64, shape (nNodes): training rows that came through. */
  readonly cover: Float64Array;
  /** float64, shape (nNodes): gain of the split, 0 at a leaf. */
  readonly gain: Float64Array;
}

/** Leaves only. */
export const buildNodes = (nNodes: number): Tree => ({
  nNodes,
  feature: new Int32Array(nNodes).fill(-1),
  bin: new Int32Array(nNodes),
  missingLeft: new Uint8Array(nNodes),
  sets: new Uint32Array(nNodes * WORDS_PER_SET),
  isSet: new Uint8Array(nNodes),
  left: new Int32Array(nNodes).fill(-1),
  right: new Int32Array(nNodes).fill(-1),
  value: new Float64Array(nNodes),
  cover: new Float64Array(nNodes),
  gain: new Float64Array(nNodes),
});

/** The first of the nodes. */
export const trim = (nodes: Tree, nNodes: number): Tree => ({
  nNodes,
  feature: nodes.feature.slice(0, nNodes),
  bin: nodes.bin.slice(0, nNodes),
  missingLeft: nodes.missingLeft.slice(0, nNodes),
  sets: nodes.sets.slice(0, nNodes * WORDS_PER_SET),
  isSet: nodes.isSet.slice(0, nNodes),
  left: nodes.left.slice(0, nNodes),
  right: nodes.right.slice(0, nNodes),
  value: nodes.value.slice(0, nNodes),
  cover: nodes.cover.slice(0, nNodes),
  gain: nodes.gain.slice(0, nNodes),
});

/** Whether a row of this bin goes to the left child of an inner node. */
export const goesLeft = (
  { missingLeft, isSet, sets, bin: last }: Tree,
  node: number,
  bin: number,
): boolean => {
  if (bin === 0) return missingLeft[node] === 1;
  if (isSet[node] === 1)
    return ((sets[node * WORDS_PER_SET + (bin >>> 5)]! >>> (bin & 31)) & 1) === 1;
  return bin <= last[node]!;
};

/**
 * The leaf of a row.
 * @param bins uint8, shape (nFeatures, nRows), feature by feature
 */
export const leafOfBins = (tree: Tree, bins: Uint8Array, row: number, nRows: number): number => {
  let node = 0;
  let feature = tree.feature[0]!;
  while (feature >= 0) {
    const isLeft = goesLeft(tree, node, bins[feature * nRows + row]!);
    node = isLeft ? tree.left[node]! : tree.right[node]!;
    feature = tree.feature[node]!;
  }
  return node;
};

/**
 * The forest of values: bins become thresholds, sets of bins become sets of codes.
 * @param base what is added to the sum of the leaves
 */
export const forestOf = (trees: readonly Tree[], bins: readonly Bins[], base: number): Forest => {
  const nNodes = trees.reduce((sum, tree) => sum + tree.nNodes, 0);
  const roots = new Int32Array(trees.length);
  const feature = new Int32Array(nNodes);
  const threshold = new Float64Array(nNodes);
  const left = new Int32Array(nNodes).fill(-1);
  const right = new Int32Array(nNodes).fill(-1);
  const value = new Float64Array(nNodes);
  const cover = new Float64Array(nNodes);
  const missingLeft = new Uint8Array(nNodes);
  const categoryStart = new Int32Array(nNodes).fill(-1);
  const categoryWords = new Int32Array(nNodes);
  const categories: number[] = [];
  let start = 0;
  trees.forEach((tree, t) => {
    roots[t] = start;
    for (let node = 0; node < tree.nNodes; node++) {
      const to = start + node;
      const splitOn = tree.feature[node]!;
      feature[to] = splitOn;
      value[to] = tree.value[node]!;
      cover[to] = tree.cover[node]!;
      if (splitOn < 0) continue;
      left[to] = start + tree.left[node]!;
      right[to] = start + tree.right[node]!;
      missingLeft[to] = tree.missingLeft[node]!;
      const of = bins[splitOn]!;
      if (of.kind === 'quantity') threshold[to] = of.edges[tree.bin[node]! - 1]!;
      else {
        const words = codeWords(tree, node, of.codes);
        categoryStart[to] = categories.length;
        categoryWords[to] = words.length;
        for (const word of words) categories.push(word);
      }
    }
    start += tree.nNodes;
  });
  return {
    nFeatures: bins.length,
    nTrees: trees.length,
    roots,
    feature,
    threshold,
    left,
    right,
    value,
    cover,
    missingLeft,
    categoryStart,
    categoryWords,
    categories: Uint32Array.from(categories),
    comparison: '<=',
    precision: 'float64',
    zeroIsMissing: false,
    base,
    scale: 1,
  };
};

/** Bit words over the codes whose bins go left. */
const codeWords = (tree: Tree, node: number, codes: Int32Array): Uint32Array => {
  const chosen: number[] = [];
  for (let bin = 2; bin < codes.length; bin++) {
    if ((tree.sets[node * WORDS_PER_SET + (bin >>> 5)]! >>> (bin & 31)) & 1)
      chosen.push(codes[bin]!);
  }
  const words = new Uint32Array(((chosen.at(-1) ?? 0) >>> 5) + 1);
  for (const code of chosen) words[code >>> 5]! |= 1 << (code & 31);
  return words;
};
