/**
 * The kernel for trees of any size: eight walks at once, without a branch that depends on a value.
 *
 * The results of all predicates are prepared before the walk, so that a step is a few loads and an addition; how
 * exactly is the traversal's (see `traversal`). A walk that has arrived stays at its leaf: of one row until the round
 * ends, of many rows until the other seven have arrived too.
 */
import type { Forest } from '../../core/forest.ts';
import {
  advance,
  type Code,
  f64,
  i32,
  type Local,
  repeatWhile,
  unrolled,
} from '../../wasm/instructions.ts';
import { defineFunc, type Func } from '../../wasm/module.ts';
import type { MemoryLayout } from './memory-layout.ts';
import { LANES, type Traversal, TREE_BYTES } from './traversal.ts';

const STEPS_PER_ROUND = 3;
/** Unrolled steps before the first check; deep trees need no longer code. */
const MAX_UNCHECKED_STEPS = 16;

/** Address of the first row's score, and bytes to the next. */
interface Places {
  readonly outAt: number;
  readonly outStride: number;
}

const lanes = (of: (lane: number) => Code): Code => Array.from({ length: LANES }, (_, i) => of(i));

const finished = ({ base, scale }: Forest, sum: Code): Code =>
  f64.add(f64.const(base), f64.mul(f64.const(scale), sum));

/** Functions `(nRows)` to raw scores: `one` for a single row, `many` for multiples of 8 rows. */
export const emitWalkScores = (
  traversal: Traversal,
  places: Places,
  layout: MemoryLayout,
): { one: Func; many: Func } => ({
  one: emitOne(traversal, places, layout),
  many: emitMany(traversal, places),
});

/** Steps that hardly any walk could spare: the longest of eight paths is hardly shorter than the mean. */
const nUncheckedOf = ({ meanSteps }: Traversal): number =>
  Math.min(MAX_UNCHECKED_STEPS, Math.floor(meanSteps));

/**
 * Rounds of a few steps: all trees go the first round, and those that have not arrived go on in the next. Paths of
 * leaf-wise trees differ much in length, so that eight of them would wait for the longest; and as a round has no
 * branch that depends on a walk, the processor fetches the nodes of one group while it still waits for another's.
 * The values are added once all have arrived, in the order of the trees.
 */
const emitOne = (traversal: Traversal, places: Places, layout: MemoryLayout): Func => {
  const { forest, treesAt } = traversal;
  const nHeld = Math.ceil(forest.nTrees / LANES) * LANES;
  /** Where each tree's walk has come to, and one at the leaf worth 0, which fills up a group. */
  const heldAt = layout.take((nHeld + 1) * 4, (memory, at) => {
    new Int32Array(memory, at, nHeld + 1)[nHeld] = traversal.nodesAt;
  });
  const spareAt = heldAt + nHeld * 4;
  /** Addresses of those that have not arrived; the list of the next round is written over that of this one. */
  const walkingAt = layout.take((nHeld + LANES) * 4);
  return defineFunc({
    params: ['i32'],
    body: (_, local) => {
      const [scratch, sum] = [local('i32'), local('f64')];
      const [tree, held, walking] = [local('i32'), local('i32'), local('i32')];
      const [from, end] = [local('i32'), local('i32')];
      const nodes = Array.from({ length: LANES }, () => local('i32'));
      const node = (lane: number): Local => nodes[lane]!;
      const step = lanes((lane) => node(lane).set(traversal.nextOfOne(node(lane), scratch)));
      /** Holds a lane's node at the address in `scratch`, and lists that address if the walk goes on. */
      const hold = (lane: number): Code => {
        const listed = i32.shl(traversal.isInner(node(lane)), i32.const(2));
        return [
          i32.store(scratch.get, node(lane).get),
          i32.store(walking.get, scratch.get),
          walking.set(i32.add(walking.get, listed)),
        ];
      };
      const firstRound = [
        tree.set(i32.const(treesAt)),
        held.set(i32.const(heldAt)),
        walking.set(i32.const(walkingAt)),
        repeatWhile([
          lanes((lane) => node(lane).set(i32.load(tree.get, lane * TREE_BYTES))),
          unrolled(step, nUncheckedOf(traversal)),
          lanes((lane) => [scratch.set(i32.add(held.get, i32.const(lane * 4))), hold(lane)]),
          advance(tree, LANES * TREE_BYTES),
          advance(held, LANES * 4),
          i32.ltU(held.get, i32.const(spareAt)),
        ]),
      ];
      const nextRounds = repeatWhile([
        lanes((lane) => i32.store(walking.get, i32.const(spareAt), lane * 4)),
        end.set(walking.get),
        walking.set(from.tee(i32.const(walkingAt))),
        repeatWhile([
          lanes((lane) => node(lane).set(i32.load(i32.load(from.get, lane * 4)))),
          unrolled(step, STEPS_PER_ROUND),
          lanes((lane) => [scratch.set(i32.load(from.get, lane * 4)), hold(lane)]),
          advance(from, LANES * 4),
          i32.ltU(from.get, end.get),
        ]),
        i32.ltU(i32.const(walkingAt), walking.get),
      ]);
      const addedValues = nodes.reduce((before, own, lane) => {
        const values = i32.load(tree.get, lane * TREE_BYTES + 4);
        return f64.add(before, traversal.valueAt(own, values));
      }, sum.get);
      const addValues = [
        tree.set(i32.const(treesAt)),
        held.set(i32.const(heldAt)),
        sum.set(f64.const(0)),
        repeatWhile([
          lanes((lane) => node(lane).set(i32.load(held.get, lane * 4))),
          sum.set(addedValues),
          advance(tree, LANES * TREE_BYTES),
          advance(held, LANES * 4),
          i32.ltU(held.get, i32.const(spareAt)),
        ]),
        f64.store(i32.const(places.outAt), finished(forest, sum.get)),
      ];
      return [firstRound, nextRounds, addValues];
    },
  });
};

/** Tree by tree over all groups of eight rows: steps that hardly any row could spare, then steps until no row moves. */
const emitMany = (traversal: Traversal, { outAt, outStride }: Places): Func => {
  const { forest, treesAt, groupsAt, groupBytes } = traversal;
  return defineFunc({
    params: ['i32'],
    body: ([rows], local) => {
      const [scratch, changed, tree] = [local('i32'), local('i32'), local('i32')];
      const [group, out, left, root] = [local('i32'), local('i32'), local('i32'), local('i32')];
      const nodes = Array.from({ length: LANES }, () => local('i32'));
      const node = (lane: number): Local => nodes[lane]!;
      const next = (lane: number): Code => traversal.nextOfMany(node(lane), scratch, group, lane);
      const eachGroup = (body: Code): Code => [
        group.set(i32.const(groupsAt)),
        out.set(i32.const(outAt)),
        left.set(rows.get),
        repeatWhile([
          body,
          advance(group, groupBytes),
          advance(out, outStride * LANES),
          left.tee(i32.sub(left.get, i32.const(LANES))),
        ]),
      ];
      const outOf = (lane: number): Code => f64.load(out.get, lane * outStride);
      const storeOut = (lane: number, value: Code): Code =>
        f64.store(out.get, value, lane * outStride);
      const step = lanes((lane) => node(lane).set(next(lane)));
      const checkedStep = lanes((lane) => {
        const isMoved = i32.xor(scratch.tee(next(lane)), node(lane).get);
        return [changed.set(i32.or(isMoved, changed.get)), node(lane).set(scratch.get)];
      });
      const values = i32.load(tree.get, 4);
      return [
        eachGroup(lanes((lane) => storeOut(lane, f64.const(0)))),
        tree.set(i32.const(treesAt)),
        repeatWhile([
          root.set(i32.load(tree.get)),
          eachGroup([
            lanes((lane) => node(lane).set(root.get)),
            unrolled(step, nUncheckedOf(traversal)),
            repeatWhile([step, changed.set(i32.const(0)), checkedStep, changed.get]),
            lanes((lane) =>
              storeOut(lane, f64.add(outOf(lane), traversal.valueAt(node(lane), values))),
            ),
          ]),
          advance(tree, TREE_BYTES),
          i32.ltU(tree.get, i32.const(treesAt + forest.nTrees * TREE_BYTES)),
        ]),
        eachGroup(lanes((lane) => storeOut(lane, finished(forest, outOf(lane))))),
      ];
    },
  });
};
