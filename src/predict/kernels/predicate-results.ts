/**
 * What a walk reads at a node to decide which way a row goes, prepared per row before the walk.
 *
 * Decisions: the result of every distinct predicate, written out for the row. A decision is a column, an edge and a
 * side for missing values, or one category set; the first are those of leaves, one per leaf of a tree, always "left".
 * Decisions of one column lie together, so that their results are a piece of a step 1 1 1 1 0 0 0 0 that starts at the
 * row's bin, or the row of the bin in a table bins x sets.
 *
 * Slots: where there are too many decisions to write them all, a slot holds, per row, an address; the byte at that
 * address plus a node's offset is 1 where the row goes right:
 *
 *   numeric      the slot points into a step 0 0 0 0 1 1 1 1, at the row's bin; offset = -edge
 *                (a missing value lies at either end of the step: a slot of its own where it goes left)
 *   categorical  the slot points at the row of the value's code in a table codes x sets; offset = set
 *   leaf         a byte that is 0
 */
import {
  advance,
  type Code,
  i32,
  i8x16,
  type Local,
  repeatWhile,
  select,
  v128,
} from '../../wasm/instructions.ts';
import { defineFunc, type Func } from '../../wasm/module.ts';
import type { BinnedForest, Column } from '../columns.ts';
import type { MemoryLayout } from './memory-layout.ts';

/** Past this, writing all decisions of a row costs more than looking each up by its slot. */
const MAX_DECISIONS = 16_384;

const BLOCK_BYTES = 16;

/** The decisions of one column, and for numbers of one side. */
interface Region {
  readonly column: number;
  readonly missingLeft: boolean;
  /** Its first decision, and how many. */
  readonly first: number;
  readonly n: number;
}

interface DecisionPlan {
  readonly columns: readonly Column[];
  readonly regions: readonly Region[];
  /** Of a row, padded to whole blocks. */
  readonly nDecisions: number;
  readonly forests: readonly DecidedForest[];
}

export interface DecidedForest {
  readonly binned: BinnedForest;
  /** int32, shape (nPredicates): decision of each predicate. */
  readonly decisionOf: Int32Array;
}

/**
 * @param nLeaves decisions of leaves: as many as a tree has
 * @returns undefined when there are too many of them
 */
export const planDecisions = (
  forests: readonly BinnedForest[],
  columns: readonly Column[],
  nLeaves: number,
): DecisionPlan | undefined => {
  const regions: Region[] = [];
  const known = new Map<number, Region>();
  let nDecisions = onBlock(nLeaves);
  const regionAt = (column: number, missingLeft: boolean): Region => {
    const key = column * 2 + (missingLeft ? 1 : 0);
    const { kind, edges, nSets } = columns[column]!;
    const n = kind === 'numeric' ? edges.length : nSets;
    const region = known.get(key) ?? { column, missingLeft, first: nDecisions, n };
    if (known.has(key)) return region;
    known.set(key, region);
    regions.push(region);
    nDecisions += onBlock(n);
    return region;
  };
  const decided = forests.map((binned): DecidedForest => {
    const { forest, predicates, columnOf, placeOf } = binned;
    const decisionOf = predicates.firstNode.map((node, predicate) => {
      const column = columnOf[predicate]!;
      const isLeft = columns[column]!.kind === 'numeric' && forest.missingLeft[node] === 1;
      return regionAt(column, isLeft).first + placeOf[predicate]!;
    });
    return { binned, decisionOf };
  });
  if (nDecisions > MAX_DECISIONS) return undefined;
  return { columns, regions, nDecisions, forests: decided };
};

const onBlock = (n: number): number => Math.ceil(n / BLOCK_BYTES) * BLOCK_BYTES;

/** What the emitted loop reads of a region: int32 each. */
const RECORD = { bin: 0, zeroBin: 4, source: 8, stride: 12, to: 16, nBlocks: 20 } as const;
const RECORD_BYTES = 24;
/** A bin that no row has. */
const NO_BIN = -1;

/**
 * A function `(nRows)` from bins to decisions: a group is as many rows as there are `bits`; the byte of a decision
 * holds the bit of each row of the group that goes right. Groups lie `nDecisions` bytes apart.
 */
export const emitDecisions = (
  plan: DecisionPlan,
  layout: MemoryLayout,
  places: { readonly binsAt: number; readonly decisionsAt: number },
  bits: readonly number[],
): Func => {
  const { columns, regions, nDecisions } = plan;
  const rowBytes = columns.length * 4;
  const recordsAt = takeRecords(plan, layout);
  return defineFunc({
    params: ['i32'],
    body: ([rows], local) => {
      const [bins, decisions, record] = [local('i32'), local('i32'), local('i32')];
      const [to, left, bin] = [local('i32'), local('i32'), local('i32')];
      const sources = bits.map(() => local('i32'));
      const rowBits = bits.map(() => local('v128'));
      const field = (name: keyof typeof RECORD): Code => i32.load(record.get, RECORD[name]);
      const placeInSource = (row: number): Code => {
        const own = bin.tee(i32.load(i32.add(bins.get, field('bin')), row * rowBytes));
        return select(i32.eq(bin.get, field('zeroBin')), i32.const(0), own);
      };
      const resultsOf = (source: Local, row: number): Code =>
        v128.and(v128.load(source.get), rowBits[row]!.get);
      return [
        bins.set(i32.const(places.binsAt)),
        decisions.set(i32.const(places.decisionsAt)),
        bits.map((bit, row) => rowBits[row]!.set(i8x16.splat(i32.const(bit)))),
        repeatWhile([
          record.set(i32.const(recordsAt)),
          repeatWhile([
            to.set(i32.add(decisions.get, field('to'))),
            left.set(field('nBlocks')),
            sources.map((source, row) =>
              source.set(i32.add(field('source'), i32.mul(field('stride'), placeInSource(row)))),
            ),
            repeatWhile([
              v128.store(
                to.get,
                sources.reduce<Code>((before, source, row) => {
                  const own = resultsOf(source, row);
                  return [row === 0 ? own : v128.or(before, own), advance(source, BLOCK_BYTES)];
                }, []),
              ),
              advance(to, BLOCK_BYTES),
              left.tee(i32.sub(left.get, i32.const(1))),
            ]),
            advance(record, RECORD_BYTES),
            i32.ltU(record.get, i32.const(recordsAt + regions.length * RECORD_BYTES)),
          ]),
          advance(bins, rowBytes * bits.length),
          advance(decisions, nDecisions),
          rows.tee(i32.sub(rows.get, i32.const(bits.length))),
        ]),
      ];
    },
  });
};

/** Reserves the regions' records, and what they point to: one step for all numbers, a table per category. */
const takeRecords = ({ columns, regions, forests }: DecisionPlan, layout: MemoryLayout): number => {
  const nSteps = regions.reduce((max, region) => Math.max(max, region.n), 0) + BLOCK_BYTES + 2;
  const stepAt =
    nSteps + layout.take(2 * nSteps, (memory, at) => new Uint8Array(memory, at, nSteps).fill(255));
  const tables = takeSetTables(forests, columns, layout, { right: 255, rowAlignment: BLOCK_BYTES });
  const records = regions.flatMap(({ column: c, missingLeft, first, n }) => {
    const table = tables.get(c);
    const zeroBin = table === undefined && missingLeft ? columns[c]!.nBins - 1 : NO_BIN;
    const { at: source, stride } = table ?? { at: stepAt, stride: -1 };
    return [c * 4, zeroBin, source, stride, first, onBlock(n) / BLOCK_BYTES];
  });
  return layout.take(records.length * 4, (memory, at) =>
    new Int32Array(memory, at, records.length).set(records),
  );
};

/** A slot's address within a row's slots fits into so many bits of a node. */
export const SLOT_BITS = 12;

type Missing = 'left' | 'right' | 'table';
interface Slot {
  readonly column: number;
  readonly missing: Missing;
}

/** The slots that all walked forests of a model share. */
interface SlotPlan {
  readonly columns: readonly Column[];
  readonly slots: readonly Slot[];
  readonly forests: readonly SlottedForest[];
}

export interface SlottedForest {
  readonly binned: BinnedForest;
  /** int32, shape (nPredicates): slot of each predicate; slot 0 is that of leaves. */
  readonly slotOf: Int32Array;
  /** int32, shape (nPredicates). */
  readonly offsetOf: Int32Array;
}

/** @returns undefined when there are more slots or category sets than a node can name */
export const planSlots = (
  forests: readonly BinnedForest[],
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
  let maxPlace = 0;
  const slotted = forests.map((binned): SlottedForest => {
    const { forest, predicates, columnOf, placeOf } = binned;
    const isTable = (predicate: number) => columns[columnOf[predicate]!]!.kind === 'categorical';
    const slotOf = predicates.firstNode.map((node, predicate) => {
      const side = forest.missingLeft[node] === 1 ? 'left' : 'right';
      return slotAt(columnOf[predicate]!, isTable(predicate) ? 'table' : side);
    });
    const offsetOf = placeOf.map((place, predicate) => {
      maxPlace = Math.max(maxPlace, place);
      return isTable(predicate) ? place : -place;
    });
    return { binned, slotOf, offsetOf };
  });
  if (slots.length * 4 > 2 ** SLOT_BITS || maxPlace >= 2 ** (31 - SLOT_BITS)) return undefined;
  return { columns, slots, forests: slotted };
};

/** A function `(nRows)` from bins to slots at `slotsAt` (int32, nRows x slots). */
export const emitSlots = (
  { columns, slots, forests }: SlotPlan,
  layout: MemoryLayout,
  places: { readonly binsAt: number; readonly slotsAt: number },
): Func => {
  const nSteps = Math.max(...columns.map((column) => column.nBins)) + 1;
  const stepAt =
    nSteps +
    layout.take(2 * nSteps + 2, (memory, at) =>
      new Uint8Array(memory, at + nSteps + 1, nSteps + 1).fill(1),
    );
  const tables = takeSetTables(forests, columns, layout, { right: 1, rowAlignment: 1 });
  const emitSlot = ({ column: c, missing }: Slot, s: number, bins: Local): Code => {
    if (s === 0) return i32.const(stepAt);
    const bin = i32.load(bins.get, c * 4);
    const table = tables.get(c);
    if (table) return i32.add(i32.mul(bin, i32.const(table.stride)), i32.const(table.at));
    const inStep = i32.add(i32.const(stepAt), bin);
    if (missing === 'right') return inStep;
    const isMissing = i32.eq(bin, i32.const(columns[c]!.nBins - 1));
    return select(isMissing, i32.const(stepAt - 1), inStep);
  };
  return defineFunc({
    params: ['i32'],
    body: ([rows], local) => {
      const [bins, rowSlots] = [local('i32'), local('i32')];
      return [
        bins.set(i32.const(places.binsAt)),
        rowSlots.set(i32.const(places.slotsAt)),
        repeatWhile([
          slots.map((slot, s) => i32.store(rowSlots.get, emitSlot(slot, s, bins), s * 4)),
          advance(bins, columns.length * 4),
          advance(rowSlots, slots.length * 4),
          rows.tee(i32.sub(rows.get, i32.const(1))),
        ]),
      ];
    },
  });
};

/**
 * Whether each bin of a categorical column goes right, set by set: uint8, shape (nBins, stride),
 * of which the first `nSets` columns are the column's sets.
 */
interface SetTable {
  readonly at: number;
  readonly stride: number;
}

/**
 * Reserves the tables of all categorical columns, by the column's place.
 * @param cell what is written where a bin goes right (0 elsewhere), and of what a row's bytes are a multiple
 */
const takeSetTables = (
  forests: readonly { readonly binned: BinnedForest }[],
  columns: readonly Column[],
  layout: MemoryLayout,
  { right, rowAlignment }: { readonly right: number; readonly rowAlignment: number },
): ReadonlyMap<number, SetTable> => {
  const tables = new Map<number, SetTable>();
  columns.forEach(({ kind, nBins, nSets }, c) => {
    if (kind === 'numeric') return;
    const stride = Math.ceil(nSets / rowAlignment) * rowAlignment;
    const at = layout.take(nBins * stride, (memory, from) =>
      new Uint8Array(memory, from, nBins * stride).fill(right),
    );
    tables.set(c, { at, stride });
  });
  if (tables.size > 0) {
    layout.take(0, (memory) => {
      for (const { binned } of forests) clearSets(binned, columns, tables, new Uint8Array(memory));
    });
  }
  return tables;
};

/** Writes 0 where a code is in the set, which goes left. */
const clearSets = (
  { forest, predicates, columnOf, placeOf }: BinnedForest,
  columns: readonly Column[],
  tables: ReadonlyMap<number, SetTable>,
  bytes: Uint8Array,
): void => {
  const { categoryStart, categoryWords, categories, missingLeft } = forest;
  predicates.firstNode.forEach((node, predicate) => {
    const c = columnOf[predicate]!;
    const table = tables.get(c);
    if (!table) return;
    const { at, stride } = table;
    const set = at + placeOf[predicate]!;
    const start = categoryStart[node]!;
    for (let word = 0; word < categoryWords[node]!; word++) {
      for (let rest = categories[start + word]!; rest !== 0; rest &= rest - 1)
        bytes[set + (word * 32 + 31 - Math.clz32(rest & -rest)) * stride] = 0;
    }
    if (missingLeft[node] === 1) bytes[set + (columns[c]!.nBins - 1) * stride] = 0;
  });
};
