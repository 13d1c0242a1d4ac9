/**
 * The kernel for trees of up to 32 leaves: a table look-up per feature instead of a walk.
 * One of the two emitted score kernels; the other is `walk-kernel`.
 *
 * Leaves of a tree are numbered from left to right. For every column and bin a table row holds, tree by
 * tree, the 32-bit set of leaves that a value in that bin still allows: a node that sends it right
 * takes away the leaves below its left child. The AND of a flight's rows leaves, as its lowest bit,
 * the leaf where the walk would end; four trees are done at once.
 *
 *   column 0, bin 17:  [tree 0][tree 1][tree 2][tree 3] | [tree 4] ...      AND
 *   column 1, bin  3:  [tree 0][tree 1][tree 2][tree 3] | [tree 4] ...      AND ...   -> ctz -> leaf values
 * @source Lucchese et al., QuickScorer, SIGIR 2015 (the leaf sets); the table over bins is ours
 */
import type { Forest } from '../../core/forest.ts';
import {
  bump,
  type Code,
  type Func,
  f64,
  get,
  i32,
  repeatWhile,
  set,
  tee,
  v128,
} from '../../wasm/assembler.ts';
import type { Asking, Column } from '../columns.ts';
import type { Layout } from './memory-layout.ts';

export const MASK_LEAVES = 32;
const LANES = 4;
const [ROWS, BINS, OUT, AT, VALUES, SUM, MASK] = [0, 1, 2, 3, 4, 5, 6];
const FIRST_ROW = 7;

/** A function `(nRows)` from bins to raw scores at `outAt + row * outStride`. */
export const emitMaskScore = (
  asking: Asking,
  columns: readonly Column[],
  layout: Layout,
  places: { readonly binsAt: number; readonly outAt: number; readonly outStride: number },
): Func => {
  const { forest, columnOf } = asking;
  const asked = columns.map((_, c) => c).filter((c) => columnOf.includes(c));
  const nGroups = Math.ceil(forest.nTrees / LANES);
  const rowBytes = nGroups * 16;
  const leaves = numberLeaves(forest);
  const valuesAt = layout.take(nGroups * LANES * MASK_LEAVES * 8, (memory, at) =>
    new Float64Array(memory, at, leaves.values.length).set(leaves.values),
  );
  const nodes = sortNodes(asking, columns);
  const tableAt = asked.map((c) =>
    layout.take(columns[c]!.nBins * rowBytes, (memory, at) =>
      fillTable(forest, columns[c]!, nodes[c]!, leaves, new Int32Array(memory, at), rowBytes / 4),
    ),
  );
  return {
    params: ['i32'],
    locals: ['i32', 'i32', 'i32', 'i32', 'f64', 'v128', ...asked.map(() => 'i32' as const)],
    body: [
      [i32.const(places.binsAt), set(BINS), i32.const(places.outAt), set(OUT)],
      repeatWhile([
        asked.map((c, i) => [
          [get(BINS), i32.load(c * 4), i32.const(rowBytes), i32.mul],
          [i32.const(tableAt[i]!), i32.add, set(FIRST_ROW + i)],
        ]),
        [i32.const(valuesAt), set(VALUES), f64.const(0), set(SUM), i32.const(rowBytes), set(AT)],
        repeatWhile(emitGroup(asked.length)),
        [get(OUT), f64.const(forest.base), f64.const(forest.scale), get(SUM)],
        [f64.mul, f64.add, f64.store()],
        bump(OUT, places.outStride),
        bump(BINS, columns.length * 4),
        [get(ROWS), i32.const(1), i32.sub, tee(ROWS)],
      ]),
    ],
  };
};

/** Four trees: AND their sets over all columns, add their four leaves in order. */
const emitGroup = (nRows: number): Code => [
  Array.from({ length: nRows }, (_, i) => [
    [get(FIRST_ROW + i), v128.load()],
    i === 0 ? [] : v128.and,
    bump(FIRST_ROW + i, 16),
  ]),
  [set(MASK), get(SUM)],
  Array.from({ length: LANES }, (_, lane) => [
    [get(MASK), v128.laneOf32(lane), i32.ctz, i32.const(3), i32.shl],
    [get(VALUES), i32.add, f64.load(lane * MASK_LEAVES * 8), f64.add],
  ]),
  [set(SUM), bump(VALUES, LANES * MASK_LEAVES * 8)],
  [get(AT), i32.const(16), i32.sub, tee(AT)],
];

interface Leaves {
  /** int32, shape (nNodes): set of the leaves below each node. */
  readonly below: Int32Array;
  /** int32, shape (nNodes): tree of each node. */
  readonly treeOf: Int32Array;
  /** float64, shape (nTrees, 32): value of each leaf, from left to right. */
  readonly values: Float64Array;
}

const numberLeaves = (forest: Forest): Leaves => {
  const below = new Int32Array(forest.feature.length);
  const treeOf = new Int32Array(forest.feature.length);
  const values = new Float64Array(forest.nTrees * MASK_LEAVES);
  for (let tree = 0; tree < forest.nTrees; tree++) {
    let nLeaves = 0;
    const visit = (node: number): number => {
      treeOf[node] = tree;
      if (forest.feature[node] === -1) {
        values[tree * MASK_LEAVES + nLeaves] = forest.value[node]!;
        below[node] = 1 << nLeaves++;
      } else below[node] = visit(forest.left[node]!) | visit(forest.right[node]!);
      return below[node]!;
    };
    visit(forest.roots[tree]!);
  }
  return { below, treeOf, values };
};

/** Nodes of each column, by the place of their questions. */
const sortNodes = (
  { questions, columnOf, placeOf }: Asking,
  columns: readonly Column[],
): readonly (readonly number[][])[] => {
  const sorted = columns.map(({ kind, edges, nSets }) =>
    Array.from({ length: kind === 'numeric' ? edges.length : nSets }, (): number[] => []),
  );
  questions.of.forEach((question, node) => {
    if (question >= 0) sorted[columnOf[question]!]![placeOf[question]!]!.push(node);
  });
  return sorted;
};

/**
 * Fills `table` (int32, shape (nBins, stride)).
 * @param nodes that ask the column, by the place of their questions
 * @cost O(nBins x nTrees + nodes), for categories O(nBins x nodes)
 */
const fillTable = (
  forest: Forest,
  column: Column,
  nodes: readonly (readonly number[])[],
  leaves: Leaves,
  table: Int32Array,
  stride: number,
): void => {
  const cut = (bin: number, node: number): void => {
    const at = bin * stride + leaves.treeOf[node]!;
    table[at] = table[at]! & ~leaves.below[forest.left[node]!]!;
  };
  const missing = column.nBins - 1;
  table.fill(-1, 0, stride);
  table.fill(-1, missing * stride, (missing + 1) * stride);
  for (const asking of nodes)
    for (const node of asking) if (forest.missingLeft[node] === 0) cut(missing, node);
  if (column.kind === 'numeric') {
    for (let bin = 1; bin < missing; bin++) {
      table.copyWithin(bin * stride, (bin - 1) * stride, bin * stride);
      for (const node of nodes[bin - 1]!) cut(bin, node);
    }
    return;
  }
  fillCodes(forest, column, nodes.flat(), leaves, table, stride);
};

/**
 * Fills the rows of codes. Bin by bin, so that the row at hand stays in the cache, and with every look-up beforehand:
 * a forest of many categories comes here a million times at each start.
 */
const fillCodes = (
  { left, categories, categoryStart, categoryWords }: Forest,
  { nBins }: Column,
  nodes: readonly number[],
  { below, treeOf }: Leaves,
  table: Int32Array,
  stride: number,
): void => {
  const trees = Int32Array.from(nodes, (node) => treeOf[node]!);
  const kept = Int32Array.from(nodes, (node) => ~below[left[node]!]!);
  const starts = Int32Array.from(nodes, (node) => categoryStart[node]!);
  const nWords = Int32Array.from(nodes, (node) => categoryWords[node]!);
  table.fill(-1, 0, (nBins - 1) * stride);
  for (let bin = 0; bin < nBins - 1; bin++) {
    const w = bin >>> 5;
    for (let i = 0; i < trees.length; i++) {
      const word = w < nWords[i]! ? categories[starts[i]! + w]! | 0 : 0;
      const at = bin * stride + trees[i]!;
      if (((word >>> (bin & 31)) & 1) === 0) table[at] = table[at]! & kept[i]!;
    }
  }
};
