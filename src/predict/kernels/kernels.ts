/**
 * Forests as emitted WebAssembly: what a call does, which kernel a forest gets, and what lies in memory.
 *
 * The idea. The nodes of a forest test the same few things again and again, so a row leaves its values behind at
 * once. A column (`columns`) is a feature as the forests test it, and all its distinct thresholds cut it into bins; a
 * predicate (`predicates`) is a column with one of these cuts, or a category set. What follows the bins handles small
 * integers, and has no branch that depends on a value. One call for n rows runs these functions in order, after
 * `feature-kernel` has made the features of the flights' inputs:
 *
 *   1. bins        `bin-kernel`         features -> bins: a binary search per column, eight at once
 *   2. bitvectors  `bitvector-kernel`   for each forest whose trees have up to 32 leaves: QuickScorer's bitvectors,
 *                                       looked up by bin, ANDed over the columns; the lowest bit is the exit leaf
 *   3. results     `predicate-results`  for all other forests together: the result of every predicate, written out
 *                                       ("decisions"), or an address per column to look it up at ("slots")
 *   4. walks       `walk-kernel`        each of them: eight walks at once, from node to child by `traversal`;
 *                                       nodes lie as `node-order` says, to touch few cache lines
 *
 * Memory, from low to high, each array aligned to a cache line (`memory-layout`):
 *
 *   features  float64 (maxRows, nFeatures)     the caller's
 *   scores    float64 (maxRows, nScores)       raw scores out: base + scale * sum of leaf values, tree by tree
 *   bins      int32   (maxRows, nColumns)
 *   edges of the columns; then for bitvectors their tables and leaf values; for walks the rows' decisions or slots,
 *   the steps and set tables that these come from, and the nodes, leaf values and roots of the walked forests;
 *   then the tables of the features' lookups, and inputs  float64 (maxRows, nInputs)
 *
 * The sums run in the order of the trees, so the scores have the bits of `reference`.
 */
import type { Forest } from '../../core/forest.ts';
import type { Func } from '../../wasm/module.ts';
import type { BinnedForest, BinnedForests, Column } from '../columns.ts';
import { emitBinning } from './bin-kernel.ts';
import { emitBitvectorScore, MAX_BITVECTOR_LEAVES } from './bitvector-kernel.ts';
import type { MemoryLayout } from './memory-layout.ts';
import type { NodeOrder } from './node-order.ts';
import { emitDecisions, emitSlots, planDecisions, planSlots } from './predicate-results.ts';
import {
  LANES,
  MANY_BITS,
  ONE_BITS,
  orderForDecisions,
  takeDecisionTraversal,
  takeSlotTraversal,
  type Traversal,
} from './traversal.ts';
import { emitWalkScores } from './walk-kernel.ts';

/** Rows are scored in multiples of this, or singly. */
export const ROW_MULTIPLE = LANES;

/** Bitvectors; walks over decisions; walks over slots, where there are too many decisions. */
export type ForestKernel = 'bitvector' | 'walk' | 'slot-walk';

/** Columns of a bitvector kernel, which keeps an address for each. */
const MAX_BITVECTOR_COLUMNS = 128;
/** A table larger than this costs more in cache misses than the walk that it saves. */
const MAX_TABLE_BYTES = 16 * 1024 * 1024;

interface KernelPlaces {
  readonly featuresAt: number;
  readonly nFeatures: number;
  readonly binsAt: number;
  readonly maxRows: number;
  /** Address of the first row's score of each forest, and bytes to the next row's. */
  readonly outAt: readonly number[];
  readonly outStride: number;
}

interface ForestKernels {
  /** Of each forest; undefined where none can hold it. */
  readonly kernels: readonly (ForestKernel | undefined)[];
  /** In the order of the call, `(nRows)`: for a single row, and for multiples of `ROW_MULTIPLE`; the search first. */
  readonly one: readonly Func[];
  readonly many: readonly Func[];
}

/** @param force uses this kernel where it fits */
export const emitForestKernels = (
  { forests, columns }: BinnedForests,
  layout: MemoryLayout,
  places: KernelPlaces,
  force?: ForestKernel,
): ForestKernels => {
  const { outAt, outStride } = places;
  const search = emitBinning(columns, layout, places);
  const one: Func[] = [search];
  const many: Func[] = [search];
  const kernels = forests.map((binned, f): ForestKernel | undefined => {
    if ((force && force !== 'bitvector') || !fitsBitvectors(binned.forest, columns))
      return undefined;
    const out = { binsAt: places.binsAt, outAt: outAt[f]!, outStride };
    const score = emitBitvectorScore(binned, columns, layout, out);
    one.push(score);
    many.push(score);
    return 'bitvector';
  });
  const walked = forests.flatMap((binned, f) =>
    kernels[f] === undefined ? [{ binned, outAt: outAt[f]!, outStride }] : [],
  );
  if (walked.length === 0) return { kernels, one, many };
  const walks =
    (force === 'slot-walk' ? undefined : takeDecisionWalks(walked, columns, layout, places)) ??
    takeSlotWalks(walked, columns, layout, places);
  if (!walks) return { kernels, one, many };
  const scores = walks.traversals.map((traversal, w) =>
    emitWalkScores(traversal, walked[w]!, layout),
  );
  return {
    kernels: kernels.map((kernel) => kernel ?? walks.kernel),
    one: [...one, walks.prepareOne, ...scores.map((score) => score.one)],
    many: [...many, walks.prepareMany, ...scores.map((score) => score.many)],
  };
};

const fitsBitvectors = (forest: Forest, columns: readonly Column[]): boolean => {
  const nBins = columns.reduce((sum, column) => sum + column.nBins, 0);
  return (
    columns.length <= MAX_BITVECTOR_COLUMNS &&
    nBins * forest.nTrees * 4 <= MAX_TABLE_BYTES &&
    maxLeaves(forest) <= MAX_BITVECTOR_LEAVES
  );
};

/** Leaves of the largest tree, or a number past `MAX_BITVECTOR_LEAVES`. */
const maxLeaves = ({ feature, left, right, roots, nTrees }: Forest): number => {
  if (feature.length > (2 * MAX_BITVECTOR_LEAVES - 1) * nTrees) return MAX_BITVECTOR_LEAVES + 1;
  const leaves = new Int32Array(feature.length);
  for (let node = feature.length - 1; node >= 0; node--)
    leaves[node] = feature[node] === -1 ? 1 : leaves[left[node]!]! + leaves[right[node]!]!;
  return roots.reduce((max, root) => Math.max(max, leaves[root]!), 0);
};

interface WalkedForest {
  readonly binned: BinnedForest;
  readonly outAt: number;
  readonly outStride: number;
}

/** What all walks of a model share, and how each goes. */
interface Walks {
  readonly kernel: ForestKernel;
  /** Functions `(nRows)` from bins to decisions or slots. */
  readonly prepareOne: Func;
  readonly prepareMany: Func;
  readonly traversals: readonly Traversal[];
}

/** @returns undefined when the forests do not fit */
type TakeWalks = (
  walked: readonly WalkedForest[],
  columns: readonly Column[],
  layout: MemoryLayout,
  places: KernelPlaces,
) => Walks | undefined;

const takeDecisionWalks: TakeWalks = (walked, columns, layout, { binsAt, maxRows }) => {
  const orders: NodeOrder[] = [];
  for (const { binned } of walked) {
    const order = orderForDecisions(binned.forest);
    if (!order) return undefined;
    orders.push(order);
  }
  const nLeaves = orders.reduce((max, order) => Math.max(max, order.maxLeaves), 0);
  const plan = planDecisions(
    walked.map(({ binned }) => binned),
    columns,
    nLeaves,
  );
  if (!plan) return undefined;
  const groupBytes = plan.nDecisions;
  const oneAt = layout.take(groupBytes);
  const groupsAt = layout.take((maxRows / LANES) * groupBytes);
  const traversals = plan.forests.map((forest, w) =>
    takeDecisionTraversal(forest, orders[w]!, layout, { oneAt, groupsAt, groupBytes }),
  );
  const prepareOne = emitDecisions(plan, layout, { binsAt, decisionsAt: oneAt }, ONE_BITS);
  const prepareMany = emitDecisions(plan, layout, { binsAt, decisionsAt: groupsAt }, MANY_BITS);
  return { kernel: 'walk', prepareOne, prepareMany, traversals };
};

const takeSlotWalks: TakeWalks = (walked, columns, layout, { binsAt, maxRows }) => {
  const plan = planSlots(
    walked.map(({ binned }) => binned),
    columns,
  );
  if (!plan) return undefined;
  const rowBytes = plan.slots.length * 4;
  const groupsAt = layout.take(maxRows * rowBytes);
  const prepare = emitSlots(plan, layout, { binsAt, slotsAt: groupsAt });
  const traversals = plan.forests.map((forest) =>
    takeSlotTraversal(forest, layout, { groupsAt, rowBytes }),
  );
  return { kernel: 'slot-walk', prepareOne: prepare, prepareMany: prepare, traversals };
};
