/**
 * Where the nodes of a walked forest lie, so that a walk touches few cache lines (see `walk-kernel`).
 */
import type { Forest } from '../../core/forest.ts';
import type { Layout } from './memory-layout.ts';

/** Walks that go on at once. */
export const LANES = 8;

const LINE_BYTES = 64;

/** The order in which nodes lie: each pair of siblings together, place 0 a leaf worth 0. */
export interface Order {
  /** int32, shape (nNodes): place of each node. */
  readonly placeOf: Int32Array;
  /** Places in all, with those where nothing lies. */
  readonly nPlaces: number;
  /** int32, shape (nNodes): number of each leaf among those of its tree, and among all from 1 on. */
  readonly leafOf: Int32Array;
  readonly rankOf: Int32Array;
  /** int32, shape (nTrees): rank of each tree's first leaf. */
  readonly firstRanks: Int32Array;
  /** Leaves in all, that worth 0 included, and of the tree that has most. */
  readonly nLeaves: number;
  readonly mostLeaves: number;
  /** Places that the largest tree takes. */
  readonly widestTree: number;
  /** Mean length of a training row's path, over all trees. */
  readonly meanSteps: number;
}

/** A pair of siblings, then the pairs below it, breadth first, until the cache line is full; then the pairs left over. */
export const orderNodes = (
  { feature, left, right, cover, roots, nTrees }: Forest,
  nodeBytes: number,
): Order => {
  const perLine = LINE_BYTES / nodeBytes;
  const placeOf = new Int32Array(feature.length);
  const leafOf = new Int32Array(feature.length);
  const rankOf = new Int32Array(feature.length);
  const firstRanks = new Int32Array(nTrees);
  let nLeaves = 1;
  let mostLeaves = 1;
  let end = 1;
  let widestTree = 0;
  let nRows = 0;
  let nSteps = 0;
  /** Parents of pairs that are not placed yet: those near the line at hand, then all others. */
  const near = new Int32Array(perLine + 2);
  const waiting = new Int32Array(feature.length);
  for (let tree = 0; tree < nTrees; tree++) {
    const root = roots[tree]!;
    const start = end;
    nRows += cover[root]!;
    const firstRank = nLeaves;
    firstRanks[tree] = firstRank;
    placeOf[root] = end++;
    let nWaiting = 0;
    if (feature[root] !== -1) waiting[nWaiting++] = root;
    else rankOf[root] = nLeaves++;
    while (nWaiting > 0) {
      near[0] = waiting[--nWaiting]!;
      let first = 0;
      let nNear = 1;
      end += end % 2;
      for (let room = perLine - (end % perLine); room > 0 && first < nNear; room -= 2) {
        const parent = near[first++]!;
        nSteps += cover[parent]!;
        const l = left[parent]!;
        const r = right[parent]!;
        placeOf[l] = end++;
        placeOf[r] = end++;
        if (feature[l] !== -1) near[nNear++] = l;
        else {
          leafOf[l] = nLeaves - firstRank;
          rankOf[l] = nLeaves++;
        }
        if (feature[r] !== -1) near[nNear++] = r;
        else {
          leafOf[r] = nLeaves - firstRank;
          rankOf[r] = nLeaves++;
        }
      }
      while (first < nNear) waiting[nWaiting++] = near[first++]!;
    }
    // An odd number of lines per tree: equal trees would otherwise meet in the same few cache sets.
    end += (perLine - ((end - start) % perLine)) % perLine;
    if (((end - start) / perLine) % 2 === 0) end += perLine;
    widestTree = Math.max(widestTree, end - start);
    mostLeaves = Math.max(mostLeaves, nLeaves - firstRank);
  }
  return {
    placeOf,
    nPlaces: end,
    leafOf,
    rankOf,
    firstRanks,
    nLeaves,
    mostLeaves,
    widestTree,
    meanSteps: nRows > 0 ? nSteps / nRows : 0,
  };
};

/** Bytes of a tree's addresses: its root, and the value of its first leaf. */
export const TREE_BYTES = 8;
/** Walks of the last group that there are no trees for. */
const SPARE_TREES = LANES;

/** Reserves the addresses of all trees: int32, shape (nTrees + spare, 2); a spare tree is the leaf worth 0. */
export const takeTrees = (
  { roots, nTrees }: Forest,
  { placeOf, firstRanks }: Order,
  { nodesAt, nodeBytes, valuesAt }: NodePlaces,
  layout: Layout,
): number =>
  layout.take((nTrees + SPARE_TREES) * TREE_BYTES, (memory, at) => {
    const trees = new Int32Array(memory, at, (nTrees + SPARE_TREES) * 2);
    for (let tree = 0; tree < nTrees + SPARE_TREES; tree++) {
      const isSpare = tree >= nTrees;
      trees[2 * tree] = nodesAt + (isSpare ? 0 : nodeBytes * placeOf[roots[tree]!]!);
      trees[2 * tree + 1] = valuesAt + (isSpare ? 0 : 8 * firstRanks[tree]!);
    }
  });

export interface NodePlaces {
  readonly nodesAt: number;
  readonly nodeBytes: number;
  readonly valuesAt: number;
}
