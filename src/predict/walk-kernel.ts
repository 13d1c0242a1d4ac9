/**
 * The kernel for trees of any size: eight walks at once, without a branch that depends on a value.
 * One of the two emitted score kernels; the other is `mask-kernel`.
 *
 * All that a row could be asked is answered before the walk, so that a step is two loads and an addition;
 * how exactly is the gait's (see `gait`). A walk that has arrived stays at its leaf until the other seven have.
 */
import type { Forest } from '../core/forest.ts';
import {
  bump,
  type Code,
  f64,
  type Func,
  get,
  i32,
  repeat,
  repeatWhile,
  set,
  tee,
} from './assembler.ts';
import type { Gait } from './gait.ts';
import { LANES, TREE_BYTES } from './walk-layout.ts';

const STEPS_PER_CHECK = 1;
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
export const emitWalkScores = (gait: Gait, places: Places): { one: Func; many: Func } => {
  // The longest of eight paths is hardly shorter than the mean.
  const nSure = Math.min(MOST_SURE_STEPS, Math.floor(gait.meanSteps));
  return { one: emitOne(gait, nSure, places), many: emitMany(gait, nSure, places) };
};

/** Reads the roots of the next group of trees, so that they are in the cache when their walks begin; the sum is kept lest it be left out. */
const emitReadAhead = (tree: number, ahead: number): Code => [
  get(ahead),
  lanes((lane) => [get(tree), i32.load((LANES + lane) * TREE_BYTES), i32.load(), i32.xor]),
  set(ahead),
];

const emitOne = (gait: Gait, nSure: number, places: Places): Func => {
  const [SCRATCH, CHANGED, TREE, AHEAD, SUM, FIRST] = [1, 2, 3, 4, 5, 6];
  const { forest, treesAt } = gait;
  const values = (lane: number): Code => [get(TREE), i32.load(lane * TREE_BYTES + 4)];
  return {
    params: ['i32'],
    locals: ['i32', 'i32', 'i32', 'i32', 'f64', ...new Array<'i32'>(LANES).fill('i32')],
    body: [
      [i32.const(treesAt), set(TREE), f64.const(0), set(SUM)],
      repeatWhile([
        lanes((lane) => [get(TREE), i32.load(lane * TREE_BYTES), set(FIRST + lane)]),
        emitReadAhead(TREE, AHEAD),
        emitWalk(FIRST, SCRATCH, CHANGED, nSure, (lane) => gait.nextOfOne(FIRST + lane, SCRATCH)),
        [get(SUM), lanes((lane) => [gait.valueAt(FIRST + lane, values(lane)), f64.add]), set(SUM)],
        bump(TREE, LANES * TREE_BYTES),
        [get(TREE), i32.const(treesAt + forest.nTrees * TREE_BYTES), i32.ltU],
      ]),
      [i32.const(places.outAt), get(AHEAD), i32.store()],
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
