/**
 * The kernel for trees of up to 32 leaves: a table look-up per feature instead of a walk (QuickScorer's bitvectors).
 *
 * Leaves of a tree are numbered from left to right, and a bitvector of 32 bits is a set of them. A false predicate
 * sends the row right, past the leaves below the node's left child: their bits are cleared. For every column and bin
 * a table row holds, tree by tree, the AND of the bitvectors of all predicates that are false for a value in that
 * bin. The AND of a flight's table rows keeps, as its lowest bit, the exit leaf; four trees are done at once.
 *
 *   column 0, bin 17:  [tree 0][tree 1][tree 2][tree 3] | [tree 4] ...      AND
 *   column 1, bin  3:  [tree 0][tree 1][tree 2][tree 3] | [tree 4] ...      AND ...   -> ctz -> leaf values
 * @source Lucchese et al., QuickScorer, SIGIR 2015 (the bitvectors); the table over bins is ours
 */
import type { Forest } from '../../core/forest.ts';
import {
  advance,
  type Code,
  f64,
  i32,
  i32x4,
  type Local,
  repeatWhile,
  v128,
} from '../../wasm/instructions.ts';
import { defineFunc, type Func } from '../../wasm/module.ts';
import type { BinnedForest, Column } from '../columns.ts';
import type { MemoryLayout } from './memory-layout.ts';

export const MAX_BITVECTOR_LEAVES = 32;
const LANES = 4;
/** Groups of four trees that are done at once: their bitvectors fill half of the vector registers. */
const STRIP_GROUPS = 8;

/** A function `(nRows)` from bins to raw scores at `outAt + row * outStride`. */
export const emitBitvectorScore = (
  binned: BinnedForest,
  columns: readonly Column[],
  layout: MemoryLayout,
  places: { readonly binsAt: number; readonly outAt: number; readonly outStride: number },
): Func => {
  const { forest, columnOf } = binned;
  const used = columns.map((_, c) => c).filter((c) => columnOf.includes(c));
  const nGroups = Math.ceil(forest.nTrees / LANES);
  const rowBytes = nGroups * 16;
  const leaves = numberLeaves(forest);
  const valuesAt = layout.take(nGroups * LANES * MAX_BITVECTOR_LEAVES * 8, (memory, at) =>
    new Float64Array(memory, at, leaves.values.length).set(leaves.values),
  );
  const nodes = sortNodes(binned, columns);
  const tableAt = used.map((c) =>
    layout.take(columns[c]!.nBins * rowBytes, (memory, at) =>
      fillTable({
        forest,
        leaves,
        column: columns[c]!,
        nodes: nodes[c]!,
        table: new Int32Array(memory, at),
        stride: rowBytes / 4,
      }),
    ),
  );
  const nStrips = Math.floor(nGroups / STRIP_GROUPS);
  const nLast = nGroups % STRIP_GROUPS;
  return defineFunc({
    params: ['i32'],
    body: ([rows], local) => {
      const [bins, out, values, strip] = [local('i32'), local('i32'), local('i32'), local('i32')];
      const [sum, end, row] = [local('f64'), local('i32'), local('i32')];
      const exits = Array.from({ length: Math.min(nGroups, STRIP_GROUPS) }, () => local('v128'));
      const tableRows = used.map(() => local('i32'));
      const emit = (nOf: number): Code =>
        emitStrip(tableRows, { values, sum, strip, row, exits: exits.slice(0, nOf) });
      return [
        bins.set(i32.const(places.binsAt)),
        out.set(i32.const(places.outAt)),
        end.set(i32.const(nStrips * STRIP_GROUPS * 16)),
        repeatWhile([
          used.map((c, i) => {
            const offset = i32.mul(i32.load(bins.get, c * 4), i32.const(rowBytes));
            return tableRows[i]!.set(i32.add(offset, i32.const(tableAt[i]!)));
          }),
          values.set(i32.const(valuesAt)),
          sum.set(f64.const(0)),
          strip.set(i32.const(0)),
          nStrips === 0 ? [] : repeatWhile([emit(STRIP_GROUPS), i32.ltU(strip.get, end.get)]),
          nLast === 0 ? [] : emit(nLast),
          f64.store(
            out.get,
            f64.add(f64.const(forest.base), f64.mul(f64.const(forest.scale), sum.get)),
          ),
          advance(out, places.outStride),
          advance(bins, columns.length * 4),
          rows.tee(i32.sub(rows.get, i32.const(1))),
        ]),
      ];
    },
  });
};

/**
 * Some groups of four trees: AND their bitvectors over all columns, add the values of their exit leaves in order. The
 * groups of a strip stay in registers while column after column goes over them: so an address is made once per column
 * and strip, of which there are too many to be kept in registers too.
 */
const emitStrip = (
  tableRows: readonly Local[],
  {
    values,
    sum,
    strip,
    row,
    exits,
  }: {
    readonly values: Local;
    readonly sum: Local;
    readonly strip: Local;
    readonly row: Local;
    readonly exits: readonly Local[];
  },
): Code => [
  tableRows.map((tableRow, i) => [
    row.set(i32.add(tableRow.get, strip.get)),
    exits.map((group, g) => {
      const next = v128.load(row.get, 16 * g);
      return group.set(i === 0 ? next : v128.and(group.get, next));
    }),
  ]),
  exits.map((group, g) =>
    Array.from({ length: LANES }, (_, lane) => {
      const leaf = i32.ctz(i32x4.extractLane(lane, group.get));
      const offset = i32.add(i32.shl(leaf, i32.const(3)), values.get);
      const value = f64.load(offset, (g * LANES + lane) * MAX_BITVECTOR_LEAVES * 8);
      return sum.set(f64.add(sum.get, value));
    }),
  ),
  advance(values, exits.length * LANES * MAX_BITVECTOR_LEAVES * 8),
  advance(strip, 16 * exits.length),
];

interface Leaves {
  /** int32, shape (nNodes): bitvector of the leaves below each node. */
  readonly below: Int32Array;
  /** int32, shape (nNodes): tree of each node. */
  readonly treeOf: Int32Array;
  /** float64, shape (nTrees, 32): value of each leaf, from left to right. */
  readonly values: Float64Array;
}

const numberLeaves = (forest: Forest): Leaves => {
  const below = new Int32Array(forest.feature.length);
  const treeOf = new Int32Array(forest.feature.length);
  const values = new Float64Array(forest.nTrees * MAX_BITVECTOR_LEAVES);
  for (let tree = 0; tree < forest.nTrees; tree++) {
    let nLeaves = 0;
    const visit = (node: number): number => {
      treeOf[node] = tree;
      if (forest.feature[node] === -1) {
        values[tree * MAX_BITVECTOR_LEAVES + nLeaves] = forest.value[node]!;
        below[node] = 1 << nLeaves++;
      } else below[node] = visit(forest.left[node]!) | visit(forest.right[node]!);
      return below[node]!;
    };
    visit(forest.roots[tree]!);
  }
  return { below, treeOf, values };
};

/** Nodes of each column, by the place of their predicates. */
const sortNodes = (
  { predicates, columnOf, placeOf }: BinnedForest,
  columns: readonly Column[],
): readonly (readonly number[][])[] => {
  const sorted = columns.map(({ kind, edges, nSets }) =>
    Array.from({ length: kind === 'numeric' ? edges.length : nSets }, (): number[] => []),
  );
  predicates.ofNode.forEach((predicate, node) => {
    if (predicate >= 0) sorted[columnOf[predicate]!]![placeOf[predicate]!]!.push(node);
  });
  return sorted;
};

/** The table of one column. */
interface ColumnTable {
  readonly forest: Forest;
  readonly leaves: Leaves;
  readonly column: Column;
  /** Nodes that test the column, by the place of their predicates. */
  readonly nodes: readonly (readonly number[])[];
  /** int32, shape (nBins, stride): to be filled. */
  readonly table: Int32Array;
  readonly stride: number;
}

/** @cost O(nBins x nTrees + nodes), for categories O(nBins x nodes) */
const fillTable = ({ forest, leaves, column, nodes, table, stride }: ColumnTable): void => {
  const clearLeft = (bin: number, node: number): void => {
    const at = bin * stride + leaves.treeOf[node]!;
    table[at] = table[at]! & ~leaves.below[forest.left[node]!]!;
  };
  const missing = column.nBins - 1;
  table.fill(-1, 0, stride);
  table.fill(-1, missing * stride, (missing + 1) * stride);
  for (const alike of nodes)
    for (const node of alike) if (forest.missingLeft[node] === 0) clearLeft(missing, node);
  if (column.kind === 'numeric') {
    for (let bin = 1; bin < missing; bin++) {
      table.copyWithin(bin * stride, (bin - 1) * stride, bin * stride);
      for (const node of nodes[bin - 1]!) clearLeft(bin, node);
    }
    return;
  }
  fillCodes({ forest, leaves, column, nodes, table, stride });
};

/**
 * Fills the rows of codes. Bin by bin, so that the row at hand stays in the cache, and with every look-up beforehand:
 * a forest of many categories comes here a million times at each start.
 */
const fillCodes = ({ forest, leaves, column, nodes, table, stride }: ColumnTable): void => {
  const { left, categories, categoryStart, categoryWords } = forest;
  const { below, treeOf } = leaves;
  const { nBins } = column;
  const own = nodes.flat();
  const trees = Int32Array.from(own, (node) => treeOf[node]!);
  const kept = Int32Array.from(own, (node) => ~below[left[node]!]!);
  const starts = Int32Array.from(own, (node) => categoryStart[node]!);
  const nWords = Int32Array.from(own, (node) => categoryWords[node]!);
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
