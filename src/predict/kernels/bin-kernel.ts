/**
 * The emitted search: from features to bins, without a branch that depends on a value.
 *
 *
 * Edges are padded to 2^k - 1 with NaN, past which nothing lies, so k unrolled halvings find any bin.
 */
import {
  bump,
  type Code,
  type Func,
  f64,
  get,
  i32,
  repeatWhile,
  select,
  set,
  tee,
} from '../../wasm/assembler.ts';
import type { Column } from '../columns.ts';
import type { Layout } from './memory-layout.ts';

const ZERO = Math.fround(1e-35);
/** Searches that go on at once: each waits for its loads, so together they cost little more than one. */
const LANES = 8;
const [ROWS, FEATURES, BINS, AT] = [0, 1, 2, 3];
const VALUE = AT + LANES;

/**
 * A function `(nRows)` from features at `featuresAt` (float64, nRows x nFeatures)
 * to bins at `binsAt` (int32, nRows x columns).
 */
export const emitBinning = (
  columns: readonly Column[],
  nFeatures: number,
  layout: Layout,
  featuresAt: number,
  binsAt: number,
): Func => ({
  params: ['i32'],
  locals: [
    'i32',
    'i32',
    ...new Array<'i32'>(LANES).fill('i32'),
    ...new Array<'f64'>(LANES).fill('f64'),
  ],
  body: [
    [i32.const(featuresAt), set(FEATURES), i32.const(binsAt), set(BINS)],
    repeatWhile([
      groupsOf(columns).map((group) => emitGroup(group, layout)),
      bump(FEATURES, nFeatures * 8),
      bump(BINS, columns.length * 4),
      [get(ROWS), i32.const(1), i32.sub, tee(ROWS)],
    ]),
  ],
});

interface Lane {
  readonly column: Column;
  /** Position among the columns. */
  readonly c: number;
}

/** Columns in groups of equal work, so that no lane waits for a longer one. */
const groupsOf = (columns: readonly Column[]): readonly (readonly Lane[])[] => {
  const lanes = columns
    .map((column, c): Lane => ({ column, c }))
    .sort((x, y) => y.column.edges.length - x.column.edges.length || x.c - y.c);
  return Array.from({ length: Math.ceil(lanes.length / LANES) }, (_, g) =>
    lanes.slice(g * LANES, (g + 1) * LANES),
  );
};

const halvingsOf = ({ edges }: Column): number => 32 - Math.clz32(edges.length);

const emitGroup = (group: readonly Lane[], layout: Layout): Code => {
  const edgesAt = group.map(({ column }) => takeEdges(column, layout));
  const most = Math.max(...group.map(({ column }) => halvingsOf(column)));
  const each = (emit: (lane: Lane, l: number) => Code): Code => group.map(emit);
  return [
    each(({ column }, l) => [
      [get(FEATURES), f64.load(column.feature * 8)],
      column.precision === 'float32' ? f64.round : [],
      [set(VALUE + l), i32.const(0), set(AT + l)],
    ]),
    Array.from({ length: most }, (_, i) => most - 1 - i).map((k) =>
      each(({ column }, l) =>
        k >= halvingsOf(column) || column.kind === 'categorical'
          ? []
          : [
              [get(AT + l)],
              [get(AT + l), f64.load(edgesAt[l]! + (2 ** k - 1) * 8), get(VALUE + l)],
              column.comparison === '<=' ? f64.lt : f64.le,
              [i32.const(3 + k), i32.shl, i32.add, set(AT + l)],
            ],
      ),
    ),
    each(({ column, c }, l) => [
      get(BINS),
      emitMissing(
        column,
        column.kind === 'categorical' ? emitCode(column, l) : [get(AT + l), i32.const(3), i32.shrU],
        l,
      ),
      i32.store(c * 4),
    ]),
  ];
};

const takeEdges = (column: Column, layout: Layout): number => {
  const nPadded = 2 ** halvingsOf(column);
  return layout.take(nPadded * 8, (memory, at) => {
    const padded = new Float64Array(memory, at, nPadded).fill(Number.NaN);
    padded.set(column.edges);
  });
};

const emitMissing = (column: Column, bin: Code, l: number): Code => [
  i32.const(column.nBins - 1),
  bin,
  [get(VALUE + l), get(VALUE + l), f64.ne],
  column.zeroIsMissing ? [get(VALUE + l), f64.abs, f64.const(ZERO), f64.le, i32.or] : [],
  select,
];

/** Codes that are negative, or past those that a split names, share the bin `nCodes`. */
const emitCode = (column: Column, l: number): Code => [
  [get(VALUE + l), i32.truncSatS, tee(AT + l), i32.const(column.nCodes)],
  [get(AT + l), i32.const(column.nCodes), i32.ltU],
  select,
];
