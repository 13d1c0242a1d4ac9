/**
 * Grows one tree leaf by leaf, always the leaf whose split lowers the loss most.
 * Fifth step of the algorithm; joins histogram, splitting and partition. The plain version: one thread, no emitted code.
 */
import type { Bins } from '../binning/binning.ts';
import { addRows, subtract } from './histogram.ts';
import { childBounds, leafValue, type Scales } from './leaf-value.ts';
import { partition } from './partition.ts';
import { buildSplit, type Split, type SplitSettings } from './split.ts';
import { findSplit } from './split-search.ts';
import { buildNodes, type Tree, trim, WORDS_PER_SET } from './tree.ts';

export interface GrowSettings extends SplitSettings {
  readonly nLeaves: number;
  readonly maxDepth: number;
  readonly learningRate: number;
}

/** Rows to learn from, as bins. */
export interface BinnedRows {
  readonly nRows: number;
  readonly bins: readonly Bins[];
  readonly offsets: Int32Array;
  /** uint8, shape (nFeatures, nRows): the bins, feature by feature. */
  readonly data: Uint8Array;
}

interface Leaf {
  readonly node: number;
  readonly depth: number;
  readonly begin: number;
  readonly end: number;
  readonly g: number;
  readonly h: number;
  readonly low: number;
  readonly high: number;
  readonly histogram: Int32Array;
  readonly split: Split;
}

/** A tree and the rows of each of its leaves. */
export interface GrownTree {
  readonly tree: Tree;
  /** Leaves as [node, begin, end) of the row order. */
  readonly ranges: readonly {
    readonly node: number;
    readonly begin: number;
    readonly end: number;
  }[];
}

export interface Grower {
  /**
   * @param gradients int32, packed (see `histogram`)
   * @param rows int32: the rows to learn from; reordered so that each leaf's stand together
   * @param allowed uint8, shape (nFeatures): features of this tree, null for all
   */
  readonly grow: (
    gradients: Int32Array,
    scales: Scales,
    rows: Int32Array,
    nUsed: number,
    allowed: Uint8Array | null,
  ) => GrownTree;
}

export const buildGrower = (data: BinnedRows, settings: GrowSettings): Grower => {
  const nFeatures = data.bins.length;
  const nCells = 2 * data.offsets[nFeatures]!;
  const pool: Int32Array[] = [];
  const scratch = new Int32Array(data.nRows);
  const takeHistogram = (): Int32Array => pool.pop()?.fill(0) ?? new Int32Array(nCells);
  return {
    grow: (gradients, scales, rows, nUsed, allowed) => {
      const nodes = buildNodes(2 * settings.nLeaves - 1);
      const judge = (leaf: Leaf): void => {
        const nRows = leaf.end - leaf.begin;
        leaf.split.feature = -1;
        if (leaf.depth >= settings.maxDepth || nRows < 2 * settings.minRowsPerLeaf) return;
        findSplit(
          leaf.histogram,
          0,
          data.bins,
          data.offsets,
          { g: leaf.g, h: leaf.h, nRows, low: leaf.low, high: leaf.high },
          scales,
          settings,
          allowed,
          leaf.split,
        );
      };
      const fill = (histogram: Int32Array, begin: number, end: number): void =>
        addRows(histogram, data.data, data.nRows, data.offsets, gradients, rows, begin, end);
      const root = takeHistogram();
      fill(root, 0, nUsed);
      const { g, h } = sumsOf(root, data.bins[0]!.nBins);
      const bounds = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
      const open: Leaf[] = [
        {
          node: 0,
          depth: 0,
          begin: 0,
          end: nUsed,
          g,
          h,
          ...bounds,
          histogram: root,
          split: buildSplit(),
        },
      ];
      judge(open[0]!);
      let nNodes = 1;
      while (open.length < settings.nLeaves) {
        const best = bestOf(open);
        if (best < 0) break;
        const parent = open[best]!;
        const { split } = parent;
        const middle = partition(
          rows,
          scratch,
          parent.begin,
          parent.end,
          data.data,
          data.nRows,
          split,
        );
        const smallerIsLeft = middle - parent.begin <= parent.end - middle;
        const smaller = takeHistogram();
        if (smallerIsLeft) fill(smaller, parent.begin, middle);
        else fill(smaller, middle, parent.end);
        subtract(parent.histogram, smaller);
        const [left, right] = [nNodes, nNodes + 1];
        nNodes += 2;
        writeNode(nodes, parent, left, right);
        const sums = childBounds(
          {
            g: parent.g,
            h: parent.h,
            leftG: split.leftG,
            leftH: split.leftH,
            low: parent.low,
            high: parent.high,
          },
          split.isSet ? 0 : settings.monotone[split.feature]!,
          scales,
          settings.l2,
        );
        const depth = parent.depth + 1;
        open[best] = {
          node: left,
          depth,
          begin: parent.begin,
          end: middle,
          g: split.leftG,
          h: split.leftH,
          ...sums.left,
          histogram: smallerIsLeft ? smaller : parent.histogram,
          split: buildSplit(),
        };
        open.push({
          node: right,
          depth,
          begin: middle,
          end: parent.end,
          g: parent.g - split.leftG,
          h: parent.h - split.leftH,
          ...sums.right,
          histogram: smallerIsLeft ? parent.histogram : smaller,
          split: buildSplit(),
        });
        judge(open[best]!);
        judge(open.at(-1)!);
      }
      for (const leaf of open) {
        nodes.value[leaf.node] =
          settings.learningRate *
          leafValue(leaf.g * scales.g, leaf.h * scales.h, settings.l2, leaf.low, leaf.high);
        nodes.cover[leaf.node] = leaf.end - leaf.begin;
        pool.push(leaf.histogram);
      }
      return {
        tree: trim(nodes, nNodes),
        ranges: open.map(({ node, begin, end }) => ({ node, begin, end })),
      };
    },
  };
};

/** Sums of a leaf, from any one feature's bins. */
const sumsOf = (histogram: Int32Array, nBins: number): { g: number; h: number } => {
  let g = 0;
  let h = 0;
  for (let bin = 0; bin < nBins; bin++) {
    h += histogram[2 * bin]! >>> 0;
    g += histogram[2 * bin + 1]!;
  }
  return { g, h };
};

/** Place of the leaf to split next, -1 when none is worth it; ties go to the rows that stand first. */
const bestOf = (open: readonly Leaf[]): number => {
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

const writeNode = (nodes: Tree, parent: Leaf, left: number, right: number): void => {
  const { node, split } = parent;
  nodes.feature[node] = split.feature;
  nodes.bin[node] = split.bin;
  nodes.isSet[node] = split.isSet ? 1 : 0;
  nodes.missingLeft[node] = split.missingLeft ? 1 : 0;
  if (split.isSet) nodes.sets.set(split.set, node * WORDS_PER_SET);
  nodes.left[node] = left;
  nodes.right[node] = right;
  nodes.cover[node] = parent.end - parent.begin;
  nodes.gain[node] = split.gain;
};
