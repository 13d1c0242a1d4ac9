/**
 * Decisions: everything that the nodes of the walked forests may ask of a row, answered before the walk.
 *
 *
 * A decision is a column, an edge and a side for missing values, or one category set: nodes that ask the same share
 * it. The first are those of leaves, one per leaf of a tree, always answered with left. Decisions of one column lie
 * together, so that their answers are a piece of a step 1 1 1 1 0 0 0 0 that starts at the row's bin, or the row of
 * the bin in a table bins x decisions.
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
  v128,
} from '../../wasm/assembler.ts';
import type { Asking, Column } from '../columns.ts';
import type { Layout } from './memory-layout.ts';
import { takeSetTables } from './set-tables.ts';

/** Past this, writing all answers of a row costs more than looking each up when it is asked (see `slots`). */
export const MOST_DECISIONS = 16_384;

const BLOCK_BYTES = 16;

/** The decisions of one column, and for numbers of one side. */
interface Region {
  readonly column: number;
  readonly missingLeft: boolean;
  /** Its first decision, and how many. */
  readonly first: number;
  readonly n: number;
}

export interface Decisions {
  readonly columns: readonly Column[];
  readonly regions: readonly Region[];
  /** Of a row, padded to whole blocks. */
  readonly nDecisions: number;
  readonly forests: readonly DecidedForest[];
}

export interface DecidedForest {
  readonly asking: Asking;
  /** int32, shape (nQuestions): decision of each question. */
  readonly decisionOf: Int32Array;
}

/**
 * @param nLeaves decisions of leaves: as many as a tree has
 * @returns undefined when there are too many of them
 */
export const planDecisions = (
  asking: readonly Asking[],
  columns: readonly Column[],
  nLeaves: number,
): Decisions | undefined => {
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
  const forests = asking.map((asked): DecidedForest => {
    const { forest, questions, columnOf, placeOf } = asked;
    const decisionOf = questions.askedBy.map((node, question) => {
      const column = columnOf[question]!;
      const isLeft = columns[column]!.kind === 'numeric' && forest.missingLeft[node] === 1;
      return regionAt(column, isLeft).first + placeOf[question]!;
    });
    return { asking: asked, decisionOf };
  });
  if (nDecisions > MOST_DECISIONS) return undefined;
  return { columns, regions, nDecisions, forests };
};

const onBlock = (n: number): number => Math.ceil(n / BLOCK_BYTES) * BLOCK_BYTES;

/** What the emitted loop reads of a region: int32 each. */
const RECORD = { bin: 0, zeroBin: 4, source: 8, stride: 12, to: 16, nBlocks: 20 } as const;
const RECORD_BYTES = 24;
/** A bin that no row has. */
const NO_BIN = -1;

/**
 * A function `(nRows)` from bins to answers: a group is as many rows as there are `bits`; the byte of a decision
 * holds the bit of each row of the group that goes right. Groups lie `nDecisions` bytes apart.
 */
export const emitDecisions = (
  plan: Decisions,
  layout: Layout,
  places: { readonly binsAt: number; readonly decisionsAt: number },
  bits: readonly number[],
): Func => {
  const { columns, regions, nDecisions } = plan;
  const rowBytes = columns.length * 4;
  const recordsAt = takeRecords(plan, layout);
  const [ROWS, BINS, PLANE, RECORDS, TO, LEFT, SCRATCH, SOURCE] = [0, 1, 2, 3, 4, 5, 6, 7];
  const BIT = SOURCE + bits.length;
  const field = (name: keyof typeof RECORD): Code => [get(RECORDS), i32.load(RECORD[name])];
  const rows = (of: (row: number) => Code): Code => bits.map((_, row) => of(row));
  return {
    params: ['i32'],
    locals: [
      ...new Array<'i32'>(SOURCE - 1 + bits.length).fill('i32'),
      ...bits.map(() => 'v128' as const),
    ],
    body: [
      [i32.const(places.binsAt), set(BINS), i32.const(places.decisionsAt), set(PLANE)],
      rows((row) => [i32.const(bits[row]!), v128.splat8, set(BIT + row)]),
      repeatWhile([
        [i32.const(recordsAt), set(RECORDS)],
        repeatWhile([
          [get(PLANE), field('to'), i32.add, set(TO), field('nBlocks'), set(LEFT)],
          rows((row) => [
            [field('source'), field('stride')],
            [i32.const(0)],
            [get(BINS), field('bin'), i32.add, i32.load(row * rowBytes), tee(SCRATCH)],
            [get(SCRATCH), field('zeroBin'), i32.eq, select],
            [i32.mul, i32.add, set(SOURCE + row)],
          ]),
          repeatWhile([
            get(TO),
            rows((row) => [
              [get(SOURCE + row), v128.load(), get(BIT + row), v128.and],
              row === 0 ? [] : v128.or,
              bump(SOURCE + row, BLOCK_BYTES),
            ]),
            v128.store(),
            bump(TO, BLOCK_BYTES),
            [get(LEFT), i32.const(1), i32.sub, tee(LEFT)],
          ]),
          bump(RECORDS, RECORD_BYTES),
          [get(RECORDS), i32.const(recordsAt + regions.length * RECORD_BYTES), i32.ltU],
        ]),
        bump(BINS, rowBytes * bits.length),
        bump(PLANE, nDecisions),
        [get(ROWS), i32.const(bits.length), i32.sub, tee(ROWS)],
      ]),
    ],
  };
};

/** Reserves the regions' records, and what they point to: one step for all numbers, a table per category. */
const takeRecords = (plan: Decisions, layout: Layout): number => {
  const { columns, regions } = plan;
  const nSteps = regions.reduce((most, region) => Math.max(most, region.n), 0) + BLOCK_BYTES + 2;
  const stepAt =
    nSteps + layout.take(2 * nSteps, (memory, at) => new Uint8Array(memory, at, nSteps).fill(255));
  const asking = plan.forests.map((forest) => forest.asking);
  const tables = takeSetTables(asking, columns, layout, 255, BLOCK_BYTES);
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
