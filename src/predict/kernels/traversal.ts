/**
 * Gaits: the two ways in which a walk goes from a node to its child without a branch (see `walk-kernel`).
 */
import type { Forest } from '../../core/forest.ts';
import { type Code, f64, get, i32, tee } from '../../wasm/assembler.ts';
import type { Asking } from '../columns.ts';
import type { DecidedForest } from './decisions.ts';
import type { Layout } from './memory-layout.ts';
import { SLOT_BITS, type SlottedForest } from './slots.ts';
import { LANES, type Order, orderNodes, takeTrees } from './walk-layout.ts';

export interface Gait {
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
  /** Leaves the address of the next node, from that in the local `node`, for the only row. */
  readonly nextOfOne: (node: number, scratch: number) => Code;
  /** The same for row `lane` of the group whose address is in the local `group`. */
  readonly nextOfMany: (node: number, scratch: number, group: number, lane: number) => Code;
  /** Leaves 1 where the node whose address is in the local `node` is no leaf, else 0. */
  readonly isInner: (node: number) => Code;
  /** Leaves the value of the leaf whose address is in the local `node`; `values` leaves that of its tree's first leaf. */
  readonly valueAt: (node: number, values: Code) => Code;
}

const SHORT_BYTES = 4;
const LONG_BYTES = 8;
/** The bit of the only row in a decision's byte, which is also the size of a node: the right child lies that far on. */
export const ONE_BITS = [SHORT_BYTES];
/** The bits of a group's rows. */
export const MANY_BITS = Array.from({ length: LANES }, (_, lane) => 1 << lane);

/** Places of a forest's nodes for a walk over decisions; undefined when a tree is too large for the distances. */
export const orderShort = (forest: Forest): Order | undefined => {
  const order = orderNodes(forest, SHORT_BYTES);
  return order.widestTree * SHORT_BYTES > 0xffff ? undefined : order;
};

/**
 * Over decisions: a node is 4 bytes, `distance of the left child << 16 | decision`, and
 * `next = node + distance + (4 where the row goes right)`. A leaf's distance is 0 and its decision, which no row ever
 * answers with right, its number in its tree: so the values of a tree lie close together.
 */
export const takeShortGait = (
  { asking, decisionOf }: DecidedForest,
  order: Order,
  layout: Layout,
  places: { readonly oneAt: number; readonly groupsAt: number; readonly groupBytes: number },
): Gait => {
  const { forest } = asking;
  const { nPlaces, nLeaves } = order;
  const nodesAt = layout.take(nPlaces * SHORT_BYTES);
  const valuesAt = layout.take(nLeaves * 8, (memory, at) =>
    fillShort(asking, decisionOf, order, {
      words: new Int32Array(memory, nodesAt, nPlaces),
      values: new Float64Array(memory, at, nLeaves),
    }),
  );
  const word = (node: number, scratch: number): Code => [get(node), i32.load(), tee(scratch)];
  const decision: Code = [i32.const(0xffff), i32.and];
  const add = (node: number, scratch: number): Code => [
    [get(scratch), i32.const(16), i32.shrU, i32.add],
    [get(node), i32.add],
  ];
  return {
    forest,
    meanSteps: order.meanSteps,
    nodesAt,
    treesAt: takeTrees(forest, order, { nodesAt, nodeBytes: SHORT_BYTES, valuesAt }, layout),
    groupsAt: places.groupsAt,
    groupBytes: places.groupBytes,
    nextOfOne: (node, scratch) => [
      word(node, scratch),
      [decision, i32.load8(places.oneAt)],
      add(node, scratch),
    ],
    nextOfMany: (node, scratch, group, lane) => [
      word(node, scratch),
      [decision, get(group), i32.add, i32.load8()],
      lane < 2 ? [i32.const(2 - lane), i32.shl] : [i32.const(lane - 2), i32.shrU],
      [i32.const(SHORT_BYTES), i32.and],
      add(node, scratch),
    ],
    isInner: (node) => [i32.const(0xffff), get(node), i32.load(), i32.ltU],
    valueAt: (node, values) => [
      [values, get(node), i32.load(), i32.const(3), i32.shl, i32.add],
      f64.load(),
    ],
  };
};

const fillShort = (
  { forest, questions }: Asking,
  decisionOf: Int32Array,
  { placeOf, leafOf, rankOf }: Order,
  { words, values }: { readonly words: Int32Array; readonly values: Float64Array },
): void => {
  const { left, value } = forest;
  const { of } = questions;
  for (let node = 0; node < of.length; node++) {
    const question = of[node]!;
    const place = placeOf[node]!;
    if (question < 0) {
      words[place] = leafOf[node]!;
      values[rankOf[node]!] = value[node]!;
      continue;
    }
    const distance = (placeOf[left[node]!]! - place) * SHORT_BYTES;
    words[place] = (distance << 16) | decisionOf[question]!;
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
export const takeLongGait = (
  { asking, slotOf, offsetOf }: SlottedForest,
  layout: Layout,
  places: { readonly groupsAt: number; readonly rowBytes: number },
): Gait => {
  const { forest, questions } = asking;
  const order = orderNodes(forest, LONG_BYTES);
  const { placeOf, nPlaces } = order;
  const nodesAt = layout.take(nPlaces * LONG_BYTES);
  const valuesAt = layout.take(nPlaces * 8, (memory, at) => {
    const words = new Int32Array(memory, nodesAt, nPlaces * 2);
    const values = new Float64Array(memory, at, nPlaces);
    for (let node = 0; node < placeOf.length; node++) {
      const place = placeOf[node]!;
      const question = questions.of[node]!;
      const isLeaf = question < 0;
      if (isLeaf) values[place] = forest.value[node]!;
      words[place * 2] = nodesAt + LONG_BYTES * (isLeaf ? place : placeOf[forest.left[node]!]!);
      words[place * 2 + 1] = isLeaf
        ? 0
        : (offsetOf[question]! << SLOT_BITS) | (slotOf[question]! * 4);
    }
    words.set([nodesAt, 0]);
    values[0] = 0;
  });
  const toValue = valuesAt - nodesAt;
  const next = (node: number, scratch: number, slot: Code): Code => [
    [get(node), i32.load(4), tee(scratch)],
    [i32.const(2 ** SLOT_BITS - 1), i32.and, slot],
    [get(scratch), i32.const(SLOT_BITS), i32.shrS, i32.add, i32.load8()],
    [i32.const(3), i32.shl, get(node), i32.load(), i32.add],
  ];
  return {
    forest,
    meanSteps: order.meanSteps,
    nodesAt,
    treesAt: takeTrees(forest, order, { nodesAt, nodeBytes: LONG_BYTES, valuesAt }, layout),
    groupsAt: places.groupsAt,
    groupBytes: places.rowBytes * LANES,
    nextOfOne: (node, scratch) => next(node, scratch, i32.load(places.groupsAt)),
    nextOfMany: (node, scratch, group, lane) =>
      next(node, scratch, [get(group), i32.add, i32.load(lane * places.rowBytes)]),
    // Children lie behind their parents.
    isInner: (node) => [get(node), get(node), i32.load(), i32.ltU],
    valueAt: (node) => [get(node), f64.load(toValue)],
  };
};
