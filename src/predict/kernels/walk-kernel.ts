/**
 * The kernel for trees of any size: eight walks at once, without a branch that depends on a value.
 * One of the two emitted score kernels; the other is `mask-kernel`.
 *
 * All that a row could be asked is answered before the walk, so that a step is two loads and an addition;
 * how exactly is the gait's (see `gait`). A walk that has arrived stays at its leaf: of one row until the round ends,
 * of many rows until the other seven have arrived too.
 */
import type { Forest } from '../../core/forest.ts';
import {
  bump,
  type Code,
  type Func,
  f64,
  get,
  i32,
  repeat,
  repeatWhile,
  set,
  tee,
} from '../../wasm/assembler.ts';
import type { Gait } from './traversal.ts';
import type { Layout } from './memory-layout.ts';
import { LANES, TREE_BYTES } from './walk-layout.ts';

const STEPS_PER_CHECK = 1;
const STEPS_PER_ROUND = 3;
/** Unrolled steps before the first check; deep trees need no longer code. */
const MOST_SURE_STEPS = 16;

interface Places {
  readonly outAt: number;
  readonly outStride: number;
}

const lanes = (of: (lane: number) => Code): Code => Array.from({ length: LANES }, (_, i) => of(i));

/** Steps that hardly any group of lanes could spare, then steps until no lane moves; `next` as a gait's. */
const emitWalk = (
  first: number,
  scratch: number,
  changed: number,
  nSure: number,
  next: (lane: number) => Code,
): Code => {
  const step = lanes((lane) => [next(lane), set(first + lane)]);
  const checkedStep = lanes((lane) => [
    [next(lane), tee(scratch), get(first + lane), i32.xor, get(changed), i32.or, set(changed)],
    [get(scratch), set(first + lane)],
  ]);
  return [
    repeat(step, nSure),
    repeatWhile([
      repeat(step, STEPS_PER_CHECK),
      [i32.const(0), set(changed)],
      checkedStep,
      get(changed),
    ]),
  ];
};

const emitFinish = ({ base, scale }: Forest, sum: Code): Code => [
  [f64.const(base), f64.const(scale), sum],
  [f64.mul, f64.add],
];

/** Functions `(nRows)` to raw scores: `one` for a single row, `many` for multiples of 8 rows. */
export const emitWalkScores = (
  gait: Gait,
  places: Places,
  layout: Layout,
): { one: Func; many: Func } => {
  // The longest of eight paths is hardly shorter than the mean.
  const nSure = Math.min(MOST_SURE_STEPS, Math.floor(gait.meanSteps));
  return { one: emitOne(gait, nSure, places, layout), many: emitMany(gait, nSure, places) };
};

/**
 * Rounds of a few steps: all trees go the first round, and those that have not arrived go on in the next. Paths of
 * leaf-wise trees differ much in length, so that eight of them would wait for the longest; and as a round has no
 * branch that depends on a walk, the processor fetches the nodes of one group while it still waits for another's.
 * The values are added once all have arrived, in the order of the trees.
 */
const emitOne = (gait: Gait, nSure: number, places: Places, layout: Layout): Func => {
  const [SCRATCH, SUM, TREE, AT, WALKING, FROM, END, FIRST] = [1, 2, 3, 4, 5, 6, 7, 8];
  const { forest, treesAt } = gait;
  const nHeld = Math.ceil(forest.nTrees / LANES) * LANES;
  /** Where each tree's walk has come to, and one at the leaf worth 0, which fills up a group. */
  const heldAt = layout.take((nHeld + 1) * 4, (memory, at) => {
    new Int32Array(memory, at, nHeld + 1)[nHeld] = gait.nodesAt;
  });
  const spareAt = heldAt + nHeld * 4;
  /** Addresses of those that have not arrived; the list of the next round is written over that of this one. */
  const walkingAt = layout.take((nHeld + LANES) * 4);
  const step = lanes((lane) => [gait.nextOfOne(FIRST + lane, SCRATCH), set(FIRST + lane)]);
  /** Holds a lane's node at the address in `SCRATCH`, and lists that address if the walk goes on. */
  const hold = (lane: number): Code => [
    [get(SCRATCH), get(FIRST + lane), i32.store()],
    [get(WALKING), get(SCRATCH), i32.store()],
    [get(WALKING), gait.isInner(FIRST + lane), i32.const(2), i32.shl, i32.add, set(WALKING)],
  ];
  return {
    params: ['i32'],
    locals: ['i32', 'f64', ...new Array<'i32'>(FIRST - 3 + LANES).fill('i32')],
    body: [
      [i32.const(treesAt), set(TREE), i32.const(heldAt), set(AT)],
      [i32.const(walkingAt), set(WALKING)],
      repeatWhile([
        lanes((lane) => [get(TREE), i32.load(lane * TREE_BYTES), set(FIRST + lane)]),
        repeat(step, nSure),
        lanes((lane) => [get(AT), i32.const(lane * 4), i32.add, set(SCRATCH), hold(lane)]),
        bump(TREE, LANES * TREE_BYTES),
        bump(AT, LANES * 4),
        [get(AT), i32.const(spareAt), i32.ltU],
      ]),
      repeatWhile([
        lanes((lane) => [get(WALKING), i32.const(spareAt), i32.store(lane * 4)]),
        [get(WALKING), set(END), i32.const(walkingAt), tee(FROM), set(WALKING)],
        repeatWhile([
          lanes((lane) => [get(FROM), i32.load(lane * 4), i32.load(), set(FIRST + lane)]),
          repeat(step, STEPS_PER_ROUND),
          lanes((lane) => [get(FROM), i32.load(lane * 4), set(SCRATCH), hold(lane)]),
          bump(FROM, LANES * 4),
          [get(FROM), get(END), i32.ltU],
        ]),
        [i32.const(walkingAt), get(WALKING), i32.ltU],
      ]),
      [i32.const(treesAt), set(TREE), i32.const(heldAt), set(AT), f64.const(0), set(SUM)],
      repeatWhile([
        lanes((lane) => [get(AT), i32.load(lane * 4), set(FIRST + lane)]),
        get(SUM),
        lanes((lane) => [
          gait.valueAt(FIRST + lane, [get(TREE), i32.load(lane * TREE_BYTES + 4)]),
          f64.add,
        ]),
        set(SUM),
        bump(TREE, LANES * TREE_BYTES),
        bump(AT, LANES * 4),
        [get(AT), i32.const(spareAt), i32.ltU],
      ]),
      [i32.const(places.outAt), emitFinish(forest, get(SUM)), f64.store()],
    ],
  };
};

const emitMany = (gait: Gait, nSure: number, { outAt, outStride }: Places): Func => {
  const [ROWS, SCRATCH, CHANGED, TREE, GROUP, OUT, LEFT, NODE, FIRST] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const { forest, treesAt, groupsAt, groupBytes } = gait;
  const values: Code = [get(TREE), i32.load(4)];
  const eachGroup = (body: Code): Code => [
    [i32.const(groupsAt), set(GROUP), i32.const(outAt), set(OUT), get(ROWS), set(LEFT)],
    repeatWhile([
      body,
      bump(GROUP, groupBytes),
      bump(OUT, outStride * LANES),
      [get(LEFT), i32.const(LANES), i32.sub, tee(LEFT)],
    ]),
  ];
  const next = (lane: number): Code => gait.nextOfMany(FIRST + lane, SCRATCH, GROUP, lane);
  return {
    params: ['i32'],
    locals: new Array<'i32'>(7 + LANES).fill('i32'),
    body: [
      eachGroup(lanes((lane) => [get(OUT), f64.const(0), f64.store(lane * outStride)])),
      [i32.const(treesAt), set(TREE)],
      repeatWhile([
        [get(TREE), i32.load(), set(NODE)],
        eachGroup([
          lanes((lane) => [get(NODE), set(FIRST + lane)]),
          emitWalk(FIRST, SCRATCH, CHANGED, nSure, next),
          lanes((lane) => [
            [get(OUT), get(OUT), f64.load(lane * outStride)],
            [gait.valueAt(FIRST + lane, values), f64.add, f64.store(lane * outStride)],
          ]),
        ]),
        bump(TREE, TREE_BYTES),
        [get(TREE), i32.const(treesAt + forest.nTrees * TREE_BYTES), i32.ltU],
      ]),
      eachGroup(
        lanes((lane) => [
          get(OUT),
          emitFinish(forest, [get(OUT), f64.load(lane * outStride)]),
          f64.store(lane * outStride),
        ]),
      ),
    ],
  };
};
