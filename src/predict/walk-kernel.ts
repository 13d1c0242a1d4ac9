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
import {
  bump,
  type Code,
  f64,
  type Func,
  get,
  i32,
  repeatWhile,
  select,
  set,
  tee,
} from './assembler.ts';
import { binOfEdge, type Column, goesRight } from './columns.ts';
import type { Layout } from './layout.ts';

/** Walks that go on at once. */
export const LANES = 8;
const SLOT_BITS = 12;
const STEPS_PER_CHECK = 1;
/** Unrolled steps before the first check; deep trees need no longer code. */
const MOST_SURE_STEPS = 16;

type Missing = 'left' | 'right' | 'table';
interface Slot {
  readonly column: number;
  readonly missing: Missing;
  /** Categorical: nodes that ask the column, in all forests of the plan. */
  nNodes: number;
}

/** The slots that all walked forests of a model share. */
export interface WalkPlan {
  readonly columns: readonly Column[];
  readonly slots: readonly Slot[];
  readonly forests: readonly WalkForest[];
}

interface WalkForest {
  readonly forest: Forest;
  /** int32, shape (nNodes): slot of each inner node, 0 (the leaves' slot) at leaves. */
  readonly slotOf: Int32Array;
  /** int32, shape (nNodes): offset of each inner node. */
  readonly offsetOf: Int32Array;
}

/** @returns undefined when there are more slots or categorical nodes than a node can name */
export const planWalk = (
  forests: readonly Forest[],
  columns: readonly Column[],
  columnOf: readonly Int32Array[],
): WalkPlan | undefined => {
  const slots: Slot[] = [{ column: -1, missing: 'table', nNodes: 0 }];
  const known = new Map<string, number>();
  const slotAt = (column: number, missing: Missing): number => {
    const key = `${column} ${missing}`;
    const slot = known.get(key) ?? slots.push({ column, missing, nNodes: 0 }) - 1;
    known.set(key, slot);
    return slot;
  };
  let widest = 0;
  const walked = forests.map((forest, f): WalkForest => {
    const nNodes = forest.feature.length;
    const [slotOf, offsetOf] = [new Int32Array(nNodes), new Int32Array(nNodes)];
    const bySide: Record<Missing, Int32Array> = {
      left: new Int32Array(forest.nFeatures),
      right: new Int32Array(forest.nFeatures),
      table: new Int32Array(forest.nFeatures),
    };
    for (let node = 0; node < nNodes; node++) {
      const feature = forest.feature[node]!;
      if (feature < 0) continue;
      const c = columnOf[f]![feature]!;
      const column = columns[c]!;
      const side =
        column.kind === 'categorical' ? 'table' : forest.missingLeft[node] === 1 ? 'left' : 'right';
      const slot = bySide[side][feature] || slotAt(c, side);
      bySide[side][feature] = slot;
      slotOf[node] = slot;
      offsetOf[node] =
        side === 'table' ? slots[slot]!.nNodes++ : -binOfEdge(column, forest.threshold[node]!);
      widest = Math.max(widest, Math.abs(offsetOf[node]!));
    }
    return { forest, slotOf, offsetOf };
  });
  if (slots.length * 4 > 2 ** SLOT_BITS || widest >= 2 ** (31 - SLOT_BITS)) return undefined;
  return { columns, slots, forests: walked };
};

/** A function `(nRows)` from bins to slots at `slotsAt` (int32, nRows x slots). */
export const emitSlots = (
  plan: WalkPlan,
  layout: Layout,
  binsAt: number,
  slotsAt: number,
): Func => {
  const [ROWS, BINS, SLOTS] = [0, 1, 2];
  const { columns, slots } = plan;
  const nSteps = Math.max(...columns.map((column) => column.nBins)) + 1;
  const stepAt =
    nSteps +
    layout.take(2 * nSteps + 2, (memory, at) =>
      new Uint8Array(memory, at + nSteps + 1, nSteps + 1).fill(1),
    );
  const emitSlot = ({ column: c, missing, nNodes }: Slot, s: number): Code => {
    if (s === 0) return i32.const(stepAt);
    const column = columns[c]!;
    const bin = [get(BINS), i32.load(c * 4)];
    if (missing === 'table') {
      const tableAt = layout.take(column.nBins * nNodes, (memory, at) =>
        fillTable(plan, s, new Uint8Array(memory, at, column.nBins * nNodes)),
      );
      return [bin, i32.const(nNodes), i32.mul, i32.const(tableAt), i32.add];
    }
    const past = [i32.const(stepAt), bin, i32.add];
    if (missing === 'right') return past;
    return [i32.const(stepAt - 1), past, [bin, i32.const(column.nBins - 1), i32.eq], select];
  };
  return {
    params: ['i32'],
    locals: ['i32', 'i32'],
    body: [
      [i32.const(binsAt), set(BINS), i32.const(slotsAt), set(SLOTS)],
      repeatWhile([
        slots.map((slot, s) => [get(SLOTS), emitSlot(slot, s), i32.store(s * 4)]),
        bump(BINS, columns.length * 4),
        bump(SLOTS, slots.length * 4),
        [get(ROWS), i32.const(1), i32.sub, tee(ROWS)],
      ]),
    ],
  };
};

/** uint8, shape (nBins, nodes of the slot): 1 where a bin goes right. */
const fillTable = (plan: WalkPlan, slot: number, table: Uint8Array): void => {
  const { column: c, nNodes } = plan.slots[slot]!;
  const column = plan.columns[c]!;
  for (const { forest, slotOf, offsetOf } of plan.forests) {
    for (let node = 0; node < slotOf.length; node++) {
      if (slotOf[node] !== slot) continue;
      for (let bin = 0; bin < column.nBins; bin++)
        if (goesRight(forest, node, column, bin)) table[bin * nNodes + offsetOf[node]!] = 1;
    }
  }
};

/** The nodes of a forest in memory, each pair of siblings together. */
interface Placed {
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

const placeNodes = ({ forest, slotOf, offsetOf }: WalkForest, layout: Layout): Placed => {
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
