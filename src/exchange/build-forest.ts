/**
 * A forest of ours from another library's nodes: renumbered so that children follow their parents, checked, with covers.
 */
import { AppError } from '../core/errors.ts';
import type { Forest } from '../core/forest.ts';

export interface ForeignNode {
  /** -1 at a leaf. */
  readonly feature: number;
  readonly threshold: number;
  readonly left: number;
  readonly right: number;
  readonly missingLeft: boolean;
  /** Contribution of a leaf. */
  readonly value: number;
  /** Weight of training rows at a leaf; 1 where the library does not say. */
  readonly cover: number;
  /** Words of the category set that goes left; absent for a numeric split. */
  readonly categories?: Uint32Array;
}

export interface ForeignTree {
  readonly root: number;
  readonly nodes: readonly ForeignNode[];
}

type Rules = Pick<Forest, 'comparison' | 'precision' | 'zeroIsMissing' | 'base' | 'scale'>;

const NODES_LIMIT = 20_000_000;
const WORDS_LIMIT = 16_000_000;

/** More columns than this no model of flights has; a file that says so is damaged, or a bomb. */
export const COLUMNS_LIMIT = 100_000;
/** Values of one category. */
export const VALUES_LIMIT = 100_000;

export type AllocateWords = (nWords: number) => Uint32Array;

/** Hands out category sets until all of them together are too large. @throws AppError model-broken */
export const buildCategoryAllocator = (): AllocateWords => {
  let total = 0;
  return (nWords) => {
    total += nWords;
    if (total > WORDS_LIMIT) throw broken('its category sets are too large');
    return new Uint32Array(nWords);
  };
};

/** Codes as a bit set, 32 to a word. */
export const wordsOfCodes = (codes: readonly number[], allocate: AllocateWords): Uint32Array => {
  const words = allocate((codes.reduce((max, code) => Math.max(max, code), 0) >>> 5) + 1);
  for (const code of codes) words[code >>> 5]! |= 1 << (code & 31);
  return words;
};

const NO_CATEGORIES = new Uint32Array(0);

/**
 * @throws AppError model-broken for a child that does not exist, a node that is reached twice,
 *   a feature out of range, a threshold or value that is not a number
 * @cost O(nodes)
 */
export const buildForest = (
  trees: readonly ForeignTree[],
  nFeatures: number,
  rules: Rules,
): Forest => {
  const order: ForeignNode[] = [];
  const [left, right, roots]: number[][] = [[], [], []];
  trees.forEach((tree, t) => {
    roots!.push(order.length);
    const seen = new Uint8Array(tree.nodes.length);
    const place = (index: number): number => {
      const node = tree.nodes[index];
      if (!node) throw broken(`tree ${t} points to node ${index} of ${tree.nodes.length}`);
      if (seen[index]) throw broken(`tree ${t} reaches node ${index} twice`);
      seen[index] = 1;
      checkNode(node, nFeatures, t, index);
      left!.push(-1);
      right!.push(-1);
      return order.push(node) - 1;
    };
    const waiting = [place(tree.root)];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const node = order[at]!;
      if (node.feature === -1) continue;
      left![at] = place(node.left);
      right![at] = place(node.right);
      waiting.push(right![at]!, left![at]!);
    }
    if (order.length > NODES_LIMIT) throw broken(`it has more than ${NODES_LIMIT} nodes`);
  });
  const sets = order.map((node) => node.categories ?? NO_CATEGORIES);
  const categories = buildCategoryAllocator()(sets.reduce((sum, set) => sum + set.length, 0));
  const categoryStart = new Int32Array(order.length).fill(-1);
  let nWords = 0;
  order.forEach((node, i) => {
    if (!node.categories) return;
    categoryStart[i] = nWords;
    categories.set(node.categories, nWords);
    nWords += node.categories.length;
  });
  return {
    nFeatures,
    nTrees: trees.length,
    roots: Int32Array.from(roots!),
    feature: Int32Array.from(order, (node) => node.feature),
    threshold: Float64Array.from(order, (node) => (node.feature === -1 ? 0 : node.threshold)),
    left: Int32Array.from(left!),
    right: Int32Array.from(right!),
    value: Float64Array.from(order, (node) => (node.feature === -1 ? node.value : 0)),
    cover: coversOf(order, left!, right!),
    missingLeft: Uint8Array.from(order, (node) => (node.missingLeft ? 1 : 0)),
    categoryStart,
    categoryWords: Int32Array.from(sets, (set) => set.length),
    categories,
    ...rules,
  };
};

const checkNode = (node: ForeignNode, nFeatures: number, tree: number, index: number): void => {
  const where = `node ${index} of tree ${tree}`;
  if (node.feature === -1) {
    if (!Number.isFinite(node.value)) throw broken(`${where} has the value ${node.value}`);
    return;
  }
  if (!Number.isInteger(node.feature) || node.feature < 0 || node.feature >= nFeatures)
    throw broken(`${where} asks column ${node.feature} of ${nFeatures}`);
  if (!node.categories && (typeof node.threshold !== 'number' || Number.isNaN(node.threshold)))
    throw broken(`${where} has a threshold that is not a number`);
};

/** Covers of inner nodes are the sums of their children's, whatever the library rounded. */
const coversOf = (
  order: readonly ForeignNode[],
  left: readonly number[],
  right: readonly number[],
): Float64Array => {
  const covers = new Float64Array(order.length);
  for (let i = order.length - 1; i >= 0; i--) {
    const { feature, cover } = order[i]!;
    covers[i] =
      feature === -1
        ? cover >= 0 && cover < Infinity
          ? cover
          : 1
        : covers[left[i]!]! + covers[right[i]!]!;
  }
  return covers;
};

const broken = (detail: string): AppError =>
  new AppError('model-broken', `the model cannot be read: ${detail}`);
