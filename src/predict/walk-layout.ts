/**
 * Where the nodes of a walked forest lie, so that a walk touches few cache lines (see `walk-kernel`).
 * Stands below `walk-kernel` and its two gaits.
 */
import type { Forest } from '../core/forest.ts';
import type { Layout } from './layout.ts';

/** Walks that go on at once. */
export const LANES = 8;

const LINE_BYTES = 64;

/** The order in which nodes lie: each pair of siblings together, place 0 a leaf worth 0. */
export interface Order {
  /** int32, shape (nNodes): place of each node. */
  readonly placeOf: Int32Array;
  /** Places in all, with those where nothing lies. */
  readonly nPlaces: number;
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
    placeOf[root] = end++;
    let nWaiting = 0;
    if (feature[root] !== -1) waiting[nWaiting++] = root;
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
        if (feature[r] !== -1) near[nNear++] = r;
      }
      while (first < nNear) waiting[nWaiting++] = near[first++]!;
    }
    // An odd number of lines per tree: equal trees would otherwise meet in the same few cache sets.
    end += (perLine - ((end - start) % perLine)) % perLine;
    if (((end - start) / perLine) % 2 === 0) end += perLine;
    widestTree = Math.max(widestTree, end - start);
  }
  return { placeOf, nPlaces: end, widestTree, meanSteps: nRows > 0 ? nSteps / nRows : 0 };
};

/** Reserves the addresses of the trees' roots: int32, `LANES` spare ones of the leaf worth 0 at the end. */
export const takeRoots = (
  forest: Forest,
  { placeOf }: Order,
  nodeBytes: number,
  nodesAt: number,
  layout: Layout,
): number =>
  layout.take((forest.nTrees + LANES) * 4, (memory, at) => {
    const roots = new Int32Array(memory, at, forest.nTrees + LANES).fill(nodesAt);
    forest.roots.forEach((root, tree) => {
      roots[tree] = nodesAt + nodeBytes * placeOf[root]!;
    });
  });
