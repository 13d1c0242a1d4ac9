/**
 * The kernel for trees of any size: eight walks at once, without a branch that depends on a value.
 * One of the two emitted score kernels; the other is `mask-kernel`.
 *
 * A node is 8 bytes: the address of its left child (the right one follows it), and
 * `offset << 12 | slot`. A slot holds, per row, an address; the byte at that address plus the node's
 * offset is 1 where the row goes right, so that `next = left + 8 * byte` serves every kind of split:
 *
 *   numeric      the slot points into a step 0 0 0 0 1 1 1 1, at the row's bin; offset = -edge
 *                (a missing value sits at either end of the step: a slot of its own where it goes left)
 *   categorical  the slot points at the row of the value's code in a table codes x nodes; offset = node
 *   leaf         a byte that is 0, and itself as its left child: it stays where it is
 */
import type { Forest } from '../core/forest.ts';
import { bump, type Code, f64, type Func, get, i32, repeatWhile, set, tee } from './assembler.ts';
import type { Layout } from './layout.ts';
import { LANES, type Placed, placeNodes } from './walk-layout.ts';
import { SLOT_BITS, type WalkForest } from './walk-plan.ts';

const STEPS_PER_CHECK = 1;
/** Unrolled steps before the first check; deep trees need no longer code. */
const MOST_SURE_STEPS = 16;

interface Places {
  readonly slotsAt: number;
  /** Bytes between the slots of one row and the next. */
  readonly slotStride: number;
  readonly outAt: number;
  readonly outStride: number;
}

/** One step of all lanes; `slotOf(lane)` loads from a slot's offset on the stack. */
const emitStep = (
  first: number,
  scratch: number,
  changed: number | undefined,
  slotOf: (lane: number) => Code,
): Code =>
  Array.from({ length: LANES }, (_, lane) => [
    [get(first + lane), i32.load(4), tee(scratch)],
    [i32.const(2 ** SLOT_BITS - 1), i32.and, slotOf(lane)],
    [get(scratch), i32.const(SLOT_BITS), i32.shrS, i32.add, i32.load8()],
    [i32.const(3), i32.shl, get(first + lane), i32.load(), i32.add],
    changed === undefined
      ? []
      : [
          tee(scratch),
          get(first + lane),
          i32.xor,
          get(changed),
          i32.or,
          set(changed),
          get(scratch),
        ],
    set(first + lane),
  ]);

/** Steps that hardly any group of lanes could spare, then steps until no lane moves. */
const emitWalk = (
  first: number,
  scratch: number,
  changed: number,
  nSure: number,
  slotOf: (lane: number) => Code,
): Code => [
  Array.from({ length: nSure }, () => emitStep(first, scratch, undefined, slotOf)),
  repeatWhile([
    Array.from({ length: STEPS_PER_CHECK }, () => emitStep(first, scratch, undefined, slotOf)),
    [i32.const(0), set(changed)],
    emitStep(first, scratch, changed, slotOf),
    get(changed),
  ]),
];

/** Mean length of a training row's path, over all trees: the longest of eight is hardly shorter. */
const sureSteps = (forest: Forest): number => {
  let [steps, rows] = [0, 0];
  for (const root of forest.roots) rows += forest.cover[root]!;
  for (let node = 0; node < forest.feature.length; node++)
    if (forest.feature[node]! >= 0) steps += forest.cover[node]!;
  return rows > 0 ? Math.min(MOST_SURE_STEPS, Math.floor(steps / rows)) : 0;
};

/** Functions `(nRows)` from slots to raw scores: `one` for a single row, `many` for multiples of 8 rows. */
export const emitWalkScores = (
  walked: WalkForest,
  layout: Layout,
  places: Places,
): { one: Func; many: Func } => {
  const placed = placeNodes(walked, layout);
  return {
    one: emitOne(walked.forest, placed, places),
    many: emitMany(walked.forest, placed, places),
  };
};

const emitFinish = (forest: Forest, sum: Code): Code => [
  [f64.const(forest.base), f64.const(forest.scale), sum],
  [f64.mul, f64.add],
];

const emitOne = (forest: Forest, placed: Placed, places: Places): Func => {
  const [SCRATCH, CHANGED, ROOT, SUM, FIRST] = [1, 2, 3, 4, 5];
  const end = placed.rootsAt + forest.nTrees * 4;
  return {
    params: ['i32'],
    locals: ['i32', 'i32', 'i32', 'f64', ...new Array<'i32'>(LANES).fill('i32')],
    body: [
      [i32.const(placed.rootsAt), set(ROOT), f64.const(0), set(SUM)],
      repeatWhile([
        Array.from({ length: LANES }, (_, lane) => [
          [get(ROOT), i32.load(lane * 4), set(FIRST + lane)],
        ]),
        emitWalk(FIRST, SCRATCH, CHANGED, sureSteps(forest), () => i32.load(places.slotsAt)),
        get(SUM),
        Array.from({ length: LANES }, (_, lane) => [
          [get(FIRST + lane), f64.load(placed.toValue), f64.add],
        ]),
        set(SUM),
        bump(ROOT, LANES * 4),
        [get(ROOT), i32.const(end), i32.ltU],
      ]),
      [i32.const(places.outAt), emitFinish(forest, get(SUM)), f64.store()],
    ],
  };
};

const emitMany = (forest: Forest, placed: Placed, places: Places): Func => {
  const [ROWS, SCRATCH, CHANGED, ROOT, SLOTS, OUT, LEFT, NODE, FIRST] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const end = placed.rootsAt + forest.nTrees * 4;
  const { slotStride, outStride, outAt, slotsAt } = places;
  const eachGroup = (body: Code): Code => [
    [i32.const(slotsAt), set(SLOTS), i32.const(outAt), set(OUT), get(ROWS), set(LEFT)],
    repeatWhile([
      body,
      bump(SLOTS, slotStride * LANES),
      bump(OUT, outStride * LANES),
      [get(LEFT), i32.const(LANES), i32.sub, tee(LEFT)],
    ]),
  ];
  const lanes = (of: (lane: number) => Code): Code =>
    Array.from({ length: LANES }, (_, i) => of(i));
  return {
    params: ['i32'],
    locals: new Array<'i32'>(7 + LANES).fill('i32'),
    body: [
      eachGroup(lanes((lane) => [get(OUT), f64.const(0), f64.store(lane * outStride)])),
      [i32.const(placed.rootsAt), set(ROOT)],
      repeatWhile([
        [get(ROOT), i32.load(), set(NODE)],
        eachGroup([
          lanes((lane) => [get(NODE), set(FIRST + lane)]),
          emitWalk(FIRST, SCRATCH, CHANGED, sureSteps(forest), (lane) => [
            [get(SLOTS), i32.add, i32.load(lane * slotStride)],
          ]),
          lanes((lane) => [
            [get(OUT), get(OUT), f64.load(lane * outStride)],
            [get(FIRST + lane), f64.load(placed.toValue), f64.add, f64.store(lane * outStride)],
          ]),
        ]),
        bump(ROOT, 4),
        [get(ROOT), i32.const(end), i32.ltU],
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
