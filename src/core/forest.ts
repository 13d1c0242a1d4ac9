/**
 * All trees of a model as flat arrays: the hinge between learner, importers and predictors.
 *
 * A row at an inner node goes left when
 *   numeric:      value <= threshold (or < , by `comparison`), the value first rounded to `precision`
 *   categorical:  the bit of its code is set in the node's words; a code past the words is not set
 *   missing:      `missingLeft` is 1 (NaN; for `zeroIsMissing` forests also |value| <= 1e-35 as float32)
 * else right. A raw score is `base + scale * sum of the leaf values`.
 */
import { AppError } from './errors.ts';

/** Values up to this size, either sign, are missing to forests with `zeroIsMissing`. */
export const ZERO_LIMIT = Math.fround(1e-35);

export interface Forest {
  readonly nFeatures: number;
  readonly nTrees: number;
  /** int32, shape (nTrees): node at which each tree starts. */
  readonly roots: Int32Array;
  /** int32, shape (nNodes): feature that the node asks, -1 at a leaf. */
  readonly feature: Int32Array;
  /** float64, shape (nNodes): threshold of a numeric split. */
  readonly threshold: Float64Array;
  /** int32, shape (nNodes): children; always greater than the node's own index. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** float64, shape (nNodes): contribution of a leaf; 0 at inner nodes. */
  readonly value: Float64Array;
  /** float64, shape (nNodes): weight of the training rows that came through; children sum to their parent. */
  readonly cover: Float64Array;
  /** uint8, shape (nNodes): 1 where a missing value goes left. */
  readonly missingLeft: Uint8Array;
  /** int32, shape (nNodes): first word of the node's category set, -1 for a numeric split. */
  readonly categoryStart: Int32Array;
  /** int32, shape (nNodes): words in the node's category set, 0 for a numeric split. */
  readonly categoryWords: Int32Array;
  /** uint32: category sets, bit `code & 31` of word `code >> 5`. */
  readonly categories: Uint32Array;
  readonly comparison: '<=' | '<';
  readonly precision: 'float64' | 'float32';
  readonly zeroIsMissing: boolean;
  readonly base: number;
  readonly scale: number;
}

/**
 * Checks that a forest from a file can be walked: lengths agree, children point forward and inside, every node has
 * one parent or is one tree's root, features exist, category sets lie inside, every number that is compared or added
 * is finite (a threshold may be infinite, never NaN).
 * @throws AppError model-broken
 * @cost O(nNodes)
 */
export const checkForest = (forest: Forest): void => {
  const nNodes = forest.feature.length;
  const perNode = [
    'threshold',
    'left',
    'right',
    'value',
    'cover',
    'missingLeft',
    'categoryStart',
    'categoryWords',
  ] as const;
  for (const name of perNode) {
    if (forest[name].length !== nNodes)
      broken(`${name} has ${forest[name].length} entries for ${nNodes} nodes`);
  }
  if (forest.roots.length !== forest.nTrees)
    broken(`${forest.roots.length} roots for ${forest.nTrees} trees`);
  if (!Number.isFinite(forest.base) || !Number.isFinite(forest.scale))
    broken('base or scale is not finite');
  const isReached = new Uint8Array(nNodes);
  for (let tree = 0; tree < forest.nTrees; tree++) {
    const root = forest.roots[tree]!;
    if (root < 0 || root >= nNodes) broken(`tree ${tree} starts at node ${root} of ${nNodes}`);
    if (isReached[root] === 1) broken(`tree ${tree} starts where another does, at node ${root}`);
    isReached[root] = 1;
  }
  const node = firstBroken(forest, isReached);
  if (node >= 0) explainNode(forest, node);
};

/**
 * The first node that breaks a promise, -1 if none does. One plain loop: it runs at every start of a worker,
 * before the engine has had time to compile it.
 * @param isReached uint8, shape (nNodes): 1 at roots; filled with 1 at every node that has a parent
 */
const firstBroken = (forest: Forest, isReached: Uint8Array): number => {
  const { feature, threshold, left, right, value, cover, categoryStart, categoryWords } = forest;
  const { nFeatures } = forest;
  const nNodes = feature.length;
  const nWords = forest.categories.length;
  for (let node = 0; node < nNodes; node++) {
    const leaf = value[node]!;
    if (leaf - leaf !== 0 || !(cover[node]! >= 0)) return node;
    const asked = feature[node]!;
    if (asked === -1) continue;
    if (asked < 0 || asked >= nFeatures) return node;
    const l = left[node]!;
    const r = right[node]!;
    if (l <= node || l >= nNodes || r <= node || r >= nNodes || l === r) return node;
    // With two parents a small file could hold paths without number.
    if (isReached[l] === 1 || isReached[r] === 1) return node;
    isReached[l] = 1;
    isReached[r] = 1;
    const start = categoryStart[node]!;
    if (start === -1) {
      if (Number.isNaN(threshold[node]!)) return node;
    } else if (start < 0 || categoryWords[node]! < 0 || start + categoryWords[node]! > nWords) {
      return node;
    }
  }
  return -1;
};

/** Says what is wrong with a node that `firstBroken` found. */
const explainNode = (forest: Forest, node: number): never => {
  const nNodes = forest.feature.length;
  const feature = forest.feature[node]!;
  if (!Number.isFinite(forest.value[node]!))
    return broken(`node ${node} has a value that is not finite`);
  if (!(forest.cover[node]! >= 0)) return broken(`node ${node} has a cover that is not a weight`);
  if (feature < 0 || feature >= forest.nFeatures)
    return broken(`node ${node} asks feature ${feature} of ${forest.nFeatures}`);
  const children = [forest.left[node]!, forest.right[node]!];
  for (const child of children) {
    if (child <= node || child >= nNodes) return broken(`node ${node} points to node ${child}`);
  }
  if (forest.categoryStart[node] === -1 && Number.isNaN(forest.threshold[node]!))
    return broken(`node ${node} has a threshold that is not a number`);
  if (forest.categoryStart[node] !== -1 && !isSetInside(forest, node))
    return broken(`node ${node} has a category set outside the table`);
  return broken(`a child of node ${node}, ${children.join(' or ')}, has two parents`);
};

const isSetInside = ({ categoryStart, categoryWords, categories }: Forest, node: number) =>
  categoryStart[node]! >= 0 &&
  categoryWords[node]! >= 0 &&
  categoryStart[node]! + categoryWords[node]! <= categories.length;

const broken = (detail: string): never => {
  throw new AppError('model-broken', `the forest cannot be walked: ${detail}`);
};
