/**
 * Slots: what a walk looks up to decide at a node where there are too many decisions to answer them all (`decisions`).
 *
 *
 * A slot holds, per row, an address; the byte at that address plus a node's offset is 1 where the row goes right:
 *
 *   numeric      the slot points into a step 0 0 0 0 1 1 1 1, at the row's bin; offset = -edge
 *                (a missing value sits at either end of the step: a slot of its own where it goes left)
 *   categorical  the slot points at the row of the value's code in a table codes x sets; offset = set
 *   leaf         a byte that is 0
 */
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
} from '../../wasm/assembler.ts';
import type { Asking, Column } from '../columns.ts';
import type { Layout } from './memory-layout.ts';
import { takeSetTables } from './set-tables.ts';

/** A slot's address within a row's slots fits into so many bits of a node. */
export const SLOT_BITS = 12;

type Missing = 'left' | 'right' | 'table';
interface Slot {
  readonly column: number;
  readonly missing: Missing;
}

/** The slots that all walked forests of a model share. */
export interface SlotPlan {
  readonly columns: readonly Column[];
  readonly slots: readonly Slot[];
  readonly forests: readonly SlottedForest[];
}

export interface SlottedForest {
  readonly asking: Asking;
  /** int32, shape (nQuestions): slot of each question; slot 0 is that of leaves. */
  readonly slotOf: Int32Array;
  /** int32, shape (nQuestions). */
  readonly offsetOf: Int32Array;
}

/** @returns undefined when there are more slots or category sets than a node can name */
export const planSlots = (
  asking: readonly Asking[],
  columns: readonly Column[],
): SlotPlan | undefined => {
  const slots: Slot[] = [{ column: -1, missing: 'table' }];
  const known = new Map<string, number>();
  const slotAt = (column: number, missing: Missing): number => {
    const key = `${column} ${missing}`;
    const slot = known.get(key) ?? slots.push({ column, missing }) - 1;
    known.set(key, slot);
    return slot;
  };
  let widest = 0;
  const forests = asking.map((asked): SlottedForest => {
    const { forest, questions, columnOf, placeOf } = asked;
    const isTable = (question: number) => columns[columnOf[question]!]!.kind === 'categorical';
    const slotOf = questions.askedBy.map((node, question) => {
      const side = forest.missingLeft[node] === 1 ? 'left' : 'right';
      return slotAt(columnOf[question]!, isTable(question) ? 'table' : side);
    });
    const offsetOf = placeOf.map((place, question) => {
      widest = Math.max(widest, place);
      return isTable(question) ? place : -place;
    });
    return { asking: asked, slotOf, offsetOf };
  });
  if (slots.length * 4 > 2 ** SLOT_BITS || widest >= 2 ** (31 - SLOT_BITS)) return undefined;
  return { columns, slots, forests };
};

/** A function `(nRows)` from bins to slots at `slotsAt` (int32, nRows x slots). */
export const emitSlots = (
  plan: SlotPlan,
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
  const asking = plan.forests.map((forest) => forest.asking);
  const tables = takeSetTables(asking, columns, layout, 1, 1);
  const emitSlot = ({ column: c, missing }: Slot, s: number): Code => {
    if (s === 0) return i32.const(stepAt);
    const bin = [get(BINS), i32.load(c * 4)];
    const table = tables.get(c);
    if (table) return [bin, i32.const(table.stride), i32.mul, i32.const(table.at), i32.add];
    const past = [i32.const(stepAt), bin, i32.add];
    if (missing === 'right') return past;
    return [i32.const(stepAt - 1), past, [bin, i32.const(columns[c]!.nBins - 1), i32.eq], select];
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
