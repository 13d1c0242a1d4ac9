/**
 * Slots: what a walk looks up to decide at a node, the same for every kind of split (see `walk-kernel`).
 * Stands between the columns and the walks: it names the slots, and fills them per row from bins.
 */
import type { Forest } from '../core/forest.ts';
import {
  bump,
  type Code,
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

/** A slot's address within a row's slots fits into so many bits of a node. */
export const SLOT_BITS = 12;

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

export interface WalkForest {
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
