/**
 * The emitted search: from features to bins, without a branch that depends on a value.
 * Stands before the score kernels; its slow twin is `columns.binOf`.
 *
 * Edges are padded to 2^k - 1 with NaN, past which nothing lies, so k unrolled halvings find any bin.
 */
import {
  type Code,
  type Func,
  bump,
  f64,
  get,
  i32,
  repeatWhile,
  select,
  set,
  tee,
} from './assembler.ts';
import type { Column } from './columns.ts';
import type { Layout } from './layout.ts';

const ZERO = Math.fround(1e-35);
const [ROWS, FEATURES, BINS, VALUE, AT] = [0, 1, 2, 3, 4];

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
  locals: ['i32', 'i32', 'f64', 'i32'],
  body: [
    [i32.const(featuresAt), set(FEATURES), i32.const(binsAt), set(BINS)],
    repeatWhile([
      columns.map((column, c) => [
        [get(BINS)],
        [get(FEATURES), f64.load(column.feature * 8)],
        column.precision === 'float32' ? f64.round : [],
        set(VALUE),
        emitMissing(
          column,
          column.kind === 'numeric' ? emitSearch(column, layout) : emitCode(column),
        ),
        i32.store(c * 4),
      ]),
      bump(FEATURES, nFeatures * 8),
      bump(BINS, columns.length * 4),
      [get(ROWS), i32.const(1), i32.sub, tee(ROWS)],
    ]),
  ],
});

const emitMissing = (column: Column, bin: Code): Code => [
  i32.const(column.nBins - 1),
  bin,
  [get(VALUE), get(VALUE), f64.ne],
  column.zeroIsMissing ? [get(VALUE), f64.abs, f64.const(ZERO), f64.le, i32.or] : [],
  select,
];

const emitSearch = (column: Column, layout: Layout): Code => {
  const nEdges = column.edges.length;
  const nHalvings = 32 - Math.clz32(nEdges);
  const edgesAt = layout.take(2 ** nHalvings * 8, (memory, at) => {
    const padded = new Float64Array(memory, at, 2 ** nHalvings).fill(Number.NaN);
    padded.set(column.edges);
  });
  const steps: Code[] = [[i32.const(0), set(AT)]];
  for (let k = nHalvings - 1; k >= 0; k--) {
    steps.push([
      [get(AT)],
      [get(AT), f64.load(edgesAt + (2 ** k - 1) * 8), get(VALUE)],
      column.comparison === '<=' ? f64.lt : f64.le,
      [i32.const(3 + k), i32.shl, i32.add, set(AT)],
    ]);
  }
  return [steps, get(AT), i32.const(3), i32.shrU];
};

/** Codes that are negative, or past those that a split names, share the bin `nCodes`. */
const emitCode = (column: Column): Code => [
  [get(VALUE), i32.truncSatS, tee(AT), i32.const(column.nCodes)],
  [get(AT), i32.const(column.nCodes), i32.ltU],
  select,
];
