/**
 * Where the nodes of a walked forest lie, so that a walk touches few cache lines (see `walk-kernel`).
 * Stands below `walk-kernel`.
 */
import type { Forest } from '../core/forest.ts';
import type { Layout } from './layout.ts';
import { SLOT_BITS, type WalkForest } from './walk-plan.ts';

/** Walks that go on at once. */
export const LANES = 8;

/** The nodes of a forest in memory, each pair of siblings together. */
export interface Placed {
  /** Address of each tree's root: int32, in memory, `LANES` spare entries of a leaf worth 0 at the end. */
  readonly rootsAt: number;
  /** From a node's address to that of its leaf value. */
  readonly toValue: number;
}

const NODES_PER_LINE = 8;

/**
 * Nodes in the order in which they lie, -1 where nothing does: a pair of siblings, then those pairs below
 * it that most rows reach, four pairs to a cache line, so that a walk touches few lines.
 */
const orderNodes = (forest: Forest): Int32Array => {
  const { feature, left, right, cover } = forest;
  // A pair may leave a line's rest empty, a tree up to two lines.
  const order = new Int32Array(2 * feature.length + 3 * NODES_PER_LINE * (forest.nTrees + 1));
  order.fill(-1);
  let end = 1;
  /** Parents of pairs that are not placed yet: those near the line at hand, then all others. */
  const near = new Int32Array(NODES_PER_LINE + 2);
  const waiting = new Int32Array(feature.length);
  for (const root of forest.roots) {
    const start = end;
    order[end++] = root;
    let nWaiting = 0;
    if (feature[root] !== -1) waiting[nWaiting++] = root;
    while (nWaiting > 0) {
      near[0] = waiting[--nWaiting]!;
      let nNear = 1;
      end += end % 2;
      for (let room = NODES_PER_LINE - (end % NODES_PER_LINE); room > 0 && nNear > 0; room -= 2) {
        let best = 0;
        for (let i = 1; i < nNear; i++) if (cover[near[i]!]! > cover[near[best]!]!) best = i;
        const parent = near[best]!;
        near[best] = near[--nNear]!;
        const [l, r] = [left[parent]!, right[parent]!];
        order[end++] = l;
        order[end++] = r;
        if (feature[l] !== -1) near[nNear++] = l;
        if (feature[r] !== -1) near[nNear++] = r;
      }
      for (let i = 0; i < nNear; i++) waiting[nWaiting++] = near[i]!;
    }
    // An odd number of lines per tree: equal trees would otherwise meet in the same few cache sets.
    end += (NODES_PER_LINE - ((end - start) % NODES_PER_LINE)) % NODES_PER_LINE;
    if (((end - start) / NODES_PER_LINE) % 2 === 0) end += NODES_PER_LINE;
  }
  return order.subarray(0, end);
};

export const placeNodes = ({ forest, slotOf, offsetOf }: WalkForest, layout: Layout): Placed => {
  const nNodes = forest.feature.length;
  const order = orderNodes(forest);
  const next = order.length;
  const placeOf = new Int32Array(nNodes);
  for (let place = 1; place < next; place++) if (order[place]! >= 0) placeOf[order[place]!] = place;
  const nodesAt = layout.take(next * 8, (memory, at) => {
    const words = new Int32Array(memory, at, next * 2);
    words[0] = at;
    for (let place = 1; place < next; place++) {
      const node = order[place]!;
      if (node < 0) continue;
      const leaf = forest.feature[node] === -1;
      words[place * 2] = at + 8 * (leaf ? place : placeOf[forest.left[node]!]!);
      words[place * 2 + 1] = leaf ? 0 : (offsetOf[node]! << SLOT_BITS) | (slotOf[node]! * 4);
    }
  });
  const valuesAt = layout.take(next * 8, (memory, at) => {
    const values = new Float64Array(memory, at, next);
    for (let place = 1; place < next; place++) values[place] = forest.value[order[place]!] ?? 0;
  });
  const rootsAt = layout.take((forest.nTrees + LANES) * 4, (memory, at) => {
    const roots = new Int32Array(memory, at, forest.nTrees + LANES).fill(nodesAt);
    forest.roots.forEach((root, tree) => {
      roots[tree] = nodesAt + 8 * placeOf[root]!;
    });
  });
  return { rootsAt, toValue: valuesAt - nodesAt };
};
