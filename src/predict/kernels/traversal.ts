/**
 * The two traversals: how a walk goes from a node to its child without a branch (see `walk-kernel`).
 */
import type { Forest } from '../../core/forest.ts';
import { type Code, f64, i32, type Local } from '../../wasm/instructions.ts';
import type { BinnedForest } from '../columns.ts';
import type { MemoryLayout } from './memory-layout.ts';
import { type NodeOrder, orderNodes } from './node-order.ts';
import { type DecidedForest, SLOT_BITS, type SlottedForest } from './predicate-results.ts';

/** Walks that go on at once. */
export const LANES = 8;

export interface Traversal {
  readonly forest: Forest;
  /** Mean length of a path. */
  readonly meanSteps: number;
  /** Address of the nodes, of which the first is a leaf worth 0. */
  readonly nodesAt: number;
  /** Addresses of the trees, in memory (see `takeTrees`). */
  readonly treesAt: number;
  /** Address and size of what is known of each group of `LANES` rows. */
  readonly groupsAt: number;
  readonly groupBytes: number;
  /** Leaves the address of the next node, from that in `node`, for the only row. */
  readonly nextOfOne: (node: Local, scratch: Local) => Code;
  /** The same for row `lane` of the group whose address is in `group`. */
  readonly nextOfMany: (node: Local, scratch: Local, group: Local, lane: number) => Code;
  /** Leaves 1 where the node whose address is in `node` is no leaf, else 0. */
  readonly isInner: (node: Local) => Code;
  /** Leaves the value of the leaf whose address is in `node`; `values` leaves that of its tree's first leaf. */
  readonly valueAt: (node: Local, values: Code) => Code;
}

const DECISION_NODE_BYTES = 4;
const SLOT_NODE_BYTES = 8;
/** The bit of the only row in a decision's byte, which is also the size of a node: the right child lies that far on. */
export const ONE_BITS = [DECISION_NODE_BYTES];
/** The bits of a group's rows. */
export const MANY_BITS = Array.from({ length: LANES }, (_, lane) => 1 << lane);

/** Places of a forest's nodes for a walk over decisions; undefined when a tree is too large for the distances. */
export const orderForDecisions = (forest: Forest): NodeOrder | undefined => {
  const order = orderNodes(forest, DECISION_NODE_BYTES);
  return order.maxTreePlaces * DECISION_NODE_BYTES > 0xffff ? undefined : order;
};

/**
 * Over decisions: a node is 4 bytes, `distance of the left child << 16 | decision`, and
 * `next = node + distance + (4 where the row goes right)`. A leaf's distance is 0 and its decision, which no row ever
 * answers with right, its number in its tree: so the values of a tree lie close together.
 */
export const takeDecisionTraversal = (
  { binned, decisionOf }: DecidedForest,
  order: NodeOrder,
  layout: MemoryLayout,
  places: { readonly oneAt: number; readonly groupsAt: number; readonly groupBytes: number },
): Traversal => {
  const { forest } = binned;
  const { nPlaces, nLeaves } = order;
  const nodesAt = layout.take(nPlaces * DECISION_NODE_BYTES);
  const valuesAt = layout.take(nLeaves * 8, (memory, at) =>
    fillDecisionNodes(binned, decisionOf, order, {
      words: new Int32Array(memory, nodesAt, nPlaces),
      values: new Float64Array(memory, at, nLeaves),
    }),
  );
  const nodes = { nodesAt, nodeBytes: DECISION_NODE_BYTES, valuesAt };
  const decisionIn = (node: Local, scratch: Local): Code =>
    i32.and(scratch.tee(i32.load(node.get)), i32.const(0xffff));
  const next = (step: Code, node: Local, scratch: Local): Code =>
    i32.add(i32.add(step, i32.shrU(scratch.get, i32.const(16))), node.get);
  return {
    forest,
    meanSteps: order.meanSteps,
    nodesAt,
    treesAt: takeTrees(forest, order, nodes, layout),
    groupsAt: places.groupsAt,
    groupBytes: places.groupBytes,
    nextOfOne: (node, scratch) =>
      next(i32.load8U(decisionIn(node, scratch), places.oneAt), node, scratch),
    nextOfMany: (node, scratch, group, lane) => {
      const bits = i32.load8U(i32.add(decisionIn(node, scratch), group.get));
      const moved =
        lane < 2 ? i32.shl(bits, i32.const(2 - lane)) : i32.shrU(bits, i32.const(lane - 2));
      return next(i32.and(moved, i32.const(DECISION_NODE_BYTES)), node, scratch);
    },
    isInner: (node) => i32.ltU(i32.const(0xffff), i32.load(node.get)),
    valueAt: (node, values) => f64.load(i32.add(values, i32.shl(i32.load(node.get), i32.const(3)))),
  };
};

const fillDecisionNodes = (
  { forest, predicates }: BinnedForest,
  decisionOf: Int32Array,
  { placeOf, leafOf, rankOf }: NodeOrder,
  { words, values }: { readonly words: Int32Array; readonly values: Float64Array },
): void => {
  const { left, value } = forest;
  const { ofNode } = predicates;
  for (let node = 0; node < ofNode.length; node++) {
    const predicate = ofNode[node]!;
    const place = placeOf[node]!;
    if (predicate < 0) {
      words[place] = leafOf[node]!;
      values[rankOf[node]!] = value[node]!;
      continue;
    }
    const distance = (placeOf[left[node]!]! - place) * DECISION_NODE_BYTES;
    words[place] = (distance << 16) | decisionOf[predicate]!;
  }
  // Nodes that no root leads to have the place of the spare leaf.
  words[0] = 0;
  values[0] = 0;
};

/**
 * Over slots: a node is 8 bytes, the address of its left child and `offset << SLOT_BITS | slot`; the byte at the
 * slot's address plus the offset is 1 where the row goes right, so that `next = left + 8 * byte`.
 * A leaf is its own left child, and its byte 0.
 */
export const takeSlotTraversal = (
  { binned, slotOf, offsetOf }: SlottedForest,
  layout: MemoryLayout,
  places: { readonly groupsAt: number; readonly rowBytes: number },
): Traversal => {
  const { forest, predicates } = binned;
  const order = orderNodes(forest, SLOT_NODE_BYTES);
  const { placeOf, nPlaces } = order;
  const nodesAt = layout.take(nPlaces * SLOT_NODE_BYTES);
  const valuesAt = layout.take(nPlaces * 8, (memory, at) => {
    const words = new Int32Array(memory, nodesAt, nPlaces * 2);
    const values = new Float64Array(memory, at, nPlaces);
    for (let node = 0; node < placeOf.length; node++) {
      const place = placeOf[node]!;
      const predicate = predicates.ofNode[node]!;
      const isLeaf = predicate < 0;
      if (isLeaf) values[place] = forest.value[node]!;
      words[place * 2] =
        nodesAt + SLOT_NODE_BYTES * (isLeaf ? place : placeOf[forest.left[node]!]!);
      words[place * 2 + 1] = isLeaf
        ? 0
        : (offsetOf[predicate]! << SLOT_BITS) | (slotOf[predicate]! * 4);
    }
    words.set([nodesAt, 0]);
    values[0] = 0;
  });
  const nodes = { nodesAt, nodeBytes: SLOT_NODE_BYTES, valuesAt };
  const slotIn = (node: Local, scratch: Local): Code =>
    i32.and(scratch.tee(i32.load(node.get, 4)), i32.const(2 ** SLOT_BITS - 1));
  const next = (address: Code, node: Local, scratch: Local): Code => {
    const result = i32.load8U(i32.add(address, i32.shrS(scratch.get, i32.const(SLOT_BITS))));
    return i32.add(i32.shl(result, i32.const(3)), i32.load(node.get));
  };
  return {
    forest,
    meanSteps: order.meanSteps,
    nodesAt,
    treesAt: takeTrees(forest, order, nodes, layout),
    groupsAt: places.groupsAt,
    groupBytes: places.rowBytes * LANES,
    nextOfOne: (node, scratch) =>
      next(i32.load(slotIn(node, scratch), places.groupsAt), node, scratch),
    nextOfMany: (node, scratch, group, lane) => {
      const slot = i32.add(slotIn(node, scratch), group.get);
      return next(i32.load(slot, lane * places.rowBytes), node, scratch);
    },
    // Children lie behind their parents.
    isInner: (node) => i32.ltU(node.get, i32.load(node.get)),
    valueAt: (node) => f64.load(node.get, valuesAt - nodesAt),
  };
};

/** Bytes of a tree's addresses: its root, and the value of its first leaf. */
export const TREE_BYTES = 8;
/** Walks of the last group that there are no trees for. */
const SPARE_TREES = LANES;

/** Reserves the addresses of all trees: int32, shape (nTrees + spare, 2); a spare tree is the leaf worth 0. */
const takeTrees = (
  { roots, nTrees }: Forest,
  { placeOf, firstRanks }: NodeOrder,
  {
    nodesAt,
    nodeBytes,
    valuesAt,
  }: { readonly nodesAt: number; readonly nodeBytes: number; readonly valuesAt: number },
  layout: MemoryLayout,
): number =>
  layout.take((nTrees + SPARE_TREES) * TREE_BYTES, (memory, at) => {
    const trees = new Int32Array(memory, at, (nTrees + SPARE_TREES) * 2);
    for (let tree = 0; tree < nTrees + SPARE_TREES; tree++) {
      const isSpare = tree >= nTrees;
      trees[2 * tree] = nodesAt + (isSpare ? 0 : nodeBytes * placeOf[roots[tree]!]!);
      trees[2 * tree + 1] = valuesAt + (isSpare ? 0 : 8 * firstRanks[tree]!);
    }
  });
