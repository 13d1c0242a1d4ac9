/**
 * Step 5: growth of one tree, leaf by leaf, always the leaf whose split lowers the loss most.
 * Joins histogram, split search and partition. The plain version: one thread, no emitted code;
 * `engine/parallel-grower` is its fast twin.
 */
import { addRows, subtract, sumsOf } from './histogram.ts';
import { type Bounds, childBounds, leafValue, type Scales, UNBOUNDED } from './leaf-value.ts';
import { partition } from './partition.ts';
import {
  buildSplit,
  findBestSplit,
  isSplittable,
  type Split,
  type SplitContext,
  type SplitSettings,
} from './split-search.ts';
import type { BinnedRows } from './training-rows.ts';
import { buildNodes, type Tree, trim, WORDS_PER_SET } from './tree.ts';

export interface GrowSettings extends SplitSettings {
  readonly nLeaves: number;
  readonly learningRate: number;
}

/** A leaf and its rows, as [begin, end) of the row order. */
export interface LeafRows {
  readonly node: number;
  readonly begin: number;
  readonly end: number;
}

/** A tree and the rows of each of its leaves. */
export interface GrownTree {
  readonly tree: Tree;
  readonly leaves: readonly LeafRows[];
}

/** What one tree is grown on. */
interface GrowTask {
  /** int32, shape (nRows): packed (see `histogram`). */
  readonly gradients: Int32Array;
  readonly scales: Scales;
  /** int32: the rows to learn from; reordered so that each leaf's are neighbours. */
  readonly rows: Int32Array;
  /** uint8, shape (nFeatures): features of this tree, null for all. */
  readonly allowed: Uint8Array | null;
}

interface Grower {
  readonly grow: (task: GrowTask) => GrownTree;
}

/** A leaf that may still be split, and the best way to do so. */
interface OpenLeaf extends LeafRows {
  readonly depth: number;
  readonly g: number;
  readonly h: number;
  readonly bounds: Bounds;
  readonly histogram: Int32Array;
  readonly split: Split;
}

export const buildGrower = (data: BinnedRows, settings: GrowSettings): Grower => {
  const nCells = 2 * data.offsets.at(-1)!;
  const freeHistograms: Int32Array[] = [];
  const scratch = new Int32Array(data.nRows);
  const takeHistogram = (): Int32Array => freeHistograms.pop()?.fill(0) ?? new Int32Array(nCells);

  const grow = ({ gradients, scales, rows, allowed }: GrowTask): GrownTree => {
    const { bins, offsets } = data;
    const context: SplitContext = { bins, offsets, settings, scales, allowed };

    /** A leaf with its best split; without one where it is too deep or too small. */
    const openLeaf = (leaf: Omit<OpenLeaf, 'split'>): OpenLeaf => {
      const split = buildSplit();
      const nRows = leaf.end - leaf.begin;
      if (isSplittable(settings, nRows, leaf.depth))
        findBestSplit(context, { ...leaf, at: 0, nRows }, split);
      return { ...leaf, split };
    };

    /** Splits a leaf into the two nodes `left` and `left + 1`. */
    const splitLeaf = (parent: OpenLeaf, left: number): readonly [OpenLeaf, OpenLeaf] => {
      const { begin, end, split, g, h, bounds } = parent;
      const { leftG, leftH } = split;
      const middle = partition({ rows, begin, end }, data, split, scratch);
      const smallerIsLeft = middle - begin <= end - middle;
      const smaller = takeHistogram();
      const range = smallerIsLeft ? { begin, end: middle } : { begin: middle, end };
      addRows(smaller, data, gradients, { rows, ...range });
      subtract(parent.histogram, smaller);
      const direction = split.isSet ? 0 : settings.monotone[split.feature]!;
      const sides = childBounds({ g, h, leftG, leftH, bounds }, direction, scales, settings.l2);
      const depth = parent.depth + 1;
      return [
        openLeaf({
          node: left,
          depth,
          begin,
          end: middle,
          g: leftG,
          h: leftH,
          bounds: sides.left,
          histogram: smallerIsLeft ? smaller : parent.histogram,
        }),
        openLeaf({
          node: left + 1,
          depth,
          begin: middle,
          end,
          g: g - leftG,
          h: h - leftH,
          bounds: sides.right,
          histogram: smallerIsLeft ? parent.histogram : smaller,
        }),
      ];
    };

    const nodes = buildNodes(2 * settings.nLeaves - 1);
    const histogram = takeHistogram();
    addRows(histogram, data, gradients, { rows, begin: 0, end: rows.length });
    const sums = sumsOf(histogram, 0, bins[0]!);
    const root = { node: 0, depth: 0, begin: 0, end: rows.length, bounds: UNBOUNDED, histogram };
    const open = [openLeaf({ ...root, ...sums })];
    let nNodes = 1;
    while (open.length < settings.nLeaves) {
      const best = bestOf(open);
      if (best < 0) break;
      const parent = open[best]!;
      writeNode(nodes, parent, nNodes);
      const [left, right] = splitLeaf(parent, nNodes);
      nNodes += 2;
      open[best] = left;
      open.push(right);
    }
    for (const { node, begin, end, g, h, bounds, histogram: used } of open) {
      nodes.value[node] =
        settings.learningRate * leafValue(g * scales.g, h * scales.h, settings.l2, bounds);
      nodes.cover[node] = end - begin;
      freeHistograms.push(used);
    }
    return {
      tree: trim(nodes, nNodes),
      leaves: open.map(({ node, begin, end }) => ({ node, begin, end })),
    };
  };
  return { grow };
};

/** Place of the leaf to split next, -1 when no leaf has a split; ties go to the rows that come first. */
const bestOf = (open: readonly OpenLeaf[]): number => {
  let best = -1;
  for (let i = 0; i < open.length; i++) {
    const { split, begin } = open[i]!;
    if (split.feature < 0) continue;
    const other = open[best];
    if (
      other === undefined ||
      split.gain > other.split.gain ||
      (split.gain === other.split.gain && begin < other.begin)
    )
      best = i;
  }
  return best;
};

/** Writes a leaf as the inner node that it becomes. @param left its left child; the right one follows */
const writeNode = (nodes: Tree, { node, split, begin, end }: OpenLeaf, left: number): void => {
  nodes.feature[node] = split.feature;
  nodes.bin[node] = split.bin;
  nodes.isSet[node] = split.isSet ? 1 : 0;
  nodes.missingLeft[node] = split.missingLeft ? 1 : 0;
  if (split.isSet) nodes.sets.set(split.set, node * WORDS_PER_SET);
  nodes.left[node] = left;
  nodes.right[node] = left + 1;
  nodes.cover[node] = end - begin;
  nodes.gain[node] = split.gain;
};
