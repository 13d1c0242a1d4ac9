/**
 * The order in which the nodes of a walked forest lie in memory, so that a walk touches few cache lines.
 */
import type { Forest } from '../../core/forest.ts';

const LINE_BYTES = 64;

/** Each pair of siblings together, place 0 a leaf worth 0. */
export interface NodeOrder {
  /** int32, shape (nNodes): place of each node. */
  readonly placeOf: Int32Array;
  /** Places in all, with those where nothing lies. */
  readonly nPlaces: number;
  /** int32, shape (nNodes): number of each leaf among those of its tree, and among all from 1 on. */
  readonly leafOf: Int32Array;
  readonly rankOf: Int32Array;
  /** int32, shape (nTrees): rank of each tree's first leaf. */
  readonly firstRanks: Int32Array;
  /** Leaves in all, that worth 0 included, and of the tree with the most. */
  readonly nLeaves: number;
  readonly maxLeaves: number;
  /** Places that the largest tree takes. */
  readonly maxTreePlaces: number;
  /** Mean length of a training row's path, over all trees. */
  readonly meanSteps: number;
}

/** A pair of siblings, then the pairs below it, breadth first, until the cache line is full; then the pairs left over. */
export const orderNodes = (
  { feature, left, right, cover, roots, nTrees }: Forest,
  nodeBytes: number,
): NodeOrder => {
  const perLine = LINE_BYTES / nodeBytes;
  const placeOf = new Int32Array(feature.length);
  const leafOf = new Int32Array(feature.length);
  const rankOf = new Int32Array(feature.length);
  const firstRanks = new Int32Array(nTrees);
  let nLeaves = 1;
  let maxLeaves = 1;
  let end = 1;
  let maxTreePlaces = 0;
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
    maxTreePlaces = Math.max(maxTreePlaces, end - start);
    maxLeaves = Math.max(maxLeaves, nLeaves - firstRank);
  }
  return {
    placeOf,
    nPlaces: end,
    leafOf,
    rankOf,
    firstRanks,
    nLeaves,
    maxLeaves,
    maxTreePlaces,
    meanSteps: nRows > 0 ? nSteps / nRows : 0,
  };
};
