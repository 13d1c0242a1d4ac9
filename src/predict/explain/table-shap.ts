/**
 * TreeSHAP of many rows by tables: the same bits as `shap` gives row by row.
 *
 * What a leaf adds depends on which of the features on its path a row fails, a set of few bits. Of small trees it is found
 * once for every set, then looked up, for all rows and tree after tree, by an emitted kernel (`table-shap-kernel`). What a
 * row fails follows from its class of each feature: all values between two thresholds of the tree are one class.
 * @source Yang 2022 (Fast TreeSHAP), version 2
 */
import type { Forest } from '../../core/forest.ts';
import { decide } from '../reference.ts';
import { buildContributions, type LeafPaths } from './leaf-paths.ts';
import {
  buildTableKernel,
  classBytesOf,
  type TableShape,
  tableRowBytesOf,
} from './table-shap-kernel.ts';

/** Features on a path, features of a tree and its leaves: with more, the tables no longer fit into the caches. */
const MAX_ITEMS = 10;
const MAX_FEATURES = 16;
const MAX_LEAVES = 64;
/** A class has a number of 16 bits; 0 is that of a feature which the tree does not ask. */
const MAX_CLASSES = 65_535;

/** A tree's leaves are those from `begin` to before `end`. */
interface TreeLeaves {
  readonly begin: number;
  readonly end: number;
  /** Those that its paths ask. */
  readonly features: readonly number[];
}

/** Of each feature, float64, shape (nRows): what it adds to the raw scores of rows whose features are `columns`. */
export type RowAttribution = (columns: readonly Float64Array[]) => readonly Float64Array[];

/**
 * The attribution of rows by tables; null where a tree is too large for them.
 * @returns null where the rows have too many values for it
 */
export const buildTableAttribution = (
  forest: Forest,
  paths: LeafPaths,
): ((columns: readonly Float64Array[]) => ReturnType<RowAttribution> | null) | null => {
  const trees = treesOf(forest, paths);
  const nFeatures = Math.max(1, ...trees.map(({ features }) => features.length));
  const nLeaves = Math.max(...trees.map(({ begin, end }) => end - begin));
  if (paths.maxItems > MAX_ITEMS || nFeatures > MAX_FEATURES || nLeaves > MAX_LEAVES) return null;
  const size = { nPairs: Math.ceil(nFeatures / 2), nVectors: Math.ceil(nLeaves / 8) };
  const rankers = Array.from({ length: forest.nFeatures }, (_, f) => buildRanker(forest, f));
  /** The kernel of the rows before, which serves others of the same shape. */
  let last: ReturnType<typeof buildTables> | undefined;
  return (columns) => {
    const ranks = columns.map((column, f) => rankers[f]!(column));
    const nClasses = 1 + ranks.reduce((sum, { values }) => sum + values.length, 0);
    if (nClasses > MAX_CLASSES) return null;
    const nRows = columns[0]!.length;
    if (last === undefined || last.shape.nRows !== nRows || last.nClasses < nClasses)
      last = buildTables(paths, trees, {
        ...{ ...size, nRows, nColumns: columns.length },
        // Other rows may have more categories.
        nClasses: Math.min(MAX_CLASSES, 2 * nClasses),
      });
    const { shape, memory, kernel, fillTables } = last;
    const fillClasses = buildClassFill(memory, shape, { forest, paths, ranks });
    const stride = shape.effectBytes / 8;
    const effects = new Float64Array(memory.buffer, shape.effectsAt, nRows * stride).fill(0);
    for (const tree of trees) {
      if (tree.features.length === 0) continue;
      fillTables(tree);
      fillClasses(tree);
      kernel.addTree(tree.end - tree.begin);
    }
    return columns.map((_, f) =>
      Float64Array.from({ length: nRows }, (_, row) => effects[row * stride + f]!),
    );
  };
};

/** Memory for the tables of any tree and for the rows, and what works on it. */
const buildTables = (
  paths: LeafPaths,
  trees: readonly TreeLeaves[],
  size: Parameters<typeof shapeOf>[2],
) => {
  const { shape, nPages } = shapeOf(paths, trees, size);
  const memory = new WebAssembly.Memory({ initial: nPages });
  return {
    ...{ shape, memory, nClasses: size.nClasses },
    kernel: buildTableKernel(memory, shape),
    fillTables: buildTableFill(memory, shape, paths),
  };
};

/** Leaves are numbered tree by tree. */
const treesOf = (forest: Forest, { items, feature }: LeafPaths): readonly TreeLeaves[] => {
  let begin = 0;
  return Array.from(forest.roots, (root): TreeLeaves => {
    let end = begin;
    const waiting = [root];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (forest.feature[node] === -1) end++;
      else waiting.push(forest.left[node]!, forest.right[node]!);
    }
    const asked = feature.subarray(items[begin]!, items[end]!);
    const tree = { begin, end, features: [...new Set(asked)] };
    begin = end;
    return tree;
  });
};

const PAGE_BYTES = 65_536;

const shapeOf = (
  { items }: LeafPaths,
  trees: readonly TreeLeaves[],
  size: Pick<TableShape, 'nRows' | 'nPairs' | 'nVectors'> & {
    readonly nColumns: number;
    readonly nClasses: number;
  },
): { readonly shape: TableShape; readonly nPages: number } => {
  const { nRows, nPairs, nColumns, nClasses } = size;
  const rowsOf = ({ begin, end }: TreeLeaves): number => {
    let rows = 0;
    for (let leaf = begin; leaf < end; leaf++) rows += 1 << (items[leaf + 1]! - items[leaf]!);
    return rows;
  };
  let next = 0;
  const take = (nBytes: number): number => {
    const at = next;
    next += Math.ceil(nBytes / 64) * 64;
    return at;
  };
  const effectBytes = 8 * (nColumns + 1);
  const shape = {
    ...size,
    effectBytes,
    effectsAt: take(nRows * effectBytes),
    placesAt: take(8 * nPairs),
    classesAt: take(nRows * 4 * nPairs),
    masksAt: take(nClasses * classBytesOf(size)),
    wordsAt: take(classBytesOf(size)),
    tablesAt: take(4 * MAX_LEAVES),
  };
  take(Math.max(...trees.map(rowsOf)) * tableRowBytesOf(size));
  return { shape, nPages: Math.ceil(next / PAGE_BYTES) };
};

/** Fills the tables of a tree's leaves, and which features they are of. */
const buildTableFill = (
  { buffer }: WebAssembly.Memory,
  { placesAt, tablesAt, nPairs, effectBytes }: TableShape,
  paths: LeafPaths,
): ((tree: TreeLeaves) => void) => {
  const { items, feature, maxItems } = paths;
  const contribute = buildContributions(paths);
  const places = new Int32Array(buffer, placesAt, 2 * nPairs);
  const starts = new Int32Array(buffer, tablesAt, MAX_LEAVES);
  const tablesFrom = tablesAt + 4 * MAX_LEAVES;
  const tables = new Float64Array(buffer, tablesFrom);
  const width = 2 * nPairs;
  const fails = new Uint8Array(maxItems);
  const own = new Float64Array(maxItems);
  /** Of each item of a leaf, its place among the tree's features. */
  const placeOf = new Int32Array(maxItems);
  return ({ begin, end, features }) => {
    places.fill(effectBytes - 8);
    features.forEach((f, place) => {
      places[place] = 8 * f;
    });
    let at = 0;
    for (let leaf = begin; leaf < end; leaf++) {
      const first = items[leaf]!;
      const nItems = items[leaf + 1]! - first;
      starts[leaf - begin] = tablesFrom + 8 * at;
      tables.fill(0, at, at + (width << nItems));
      for (let i = 0; i < nItems; i++) placeOf[i] = features.indexOf(feature[first + i]!);
      for (let set = 0; set < 1 << nItems; set++, at += width) {
        for (let i = 0; i < nItems; i++) fails[i] = (set >> i) & 1;
        contribute(leaf, fails, own);
        for (let i = 0; i < nItems; i++) tables[at + placeOf[i]!] = own[i]!;
      }
    }
  };
};

/** A column as places in a list of values that stand for all its values. */
interface RankedColumn {
  /** Shape (nRows). */
  readonly ranks: Uint16Array | Uint32Array;
  readonly values: Float64Array;
}

const buildRanker = (forest: Forest, f: number): ((column: Float64Array) => RankedColumn) => {
  const { precision, comparison, zeroIsMissing } = forest;
  const nodes = [...forest.feature.keys()].filter((node) => forest.feature[node] === f);
  const isPlain = precision === 'float64' && comparison === '<=' && !zeroIsMissing;
  if (!isPlain || nodes.some((node) => forest.categoryStart[node] !== -1)) return rankDistinct;
  const thresholds = Float64Array.from(
    new Set(nodes.map((node) => forest.threshold[node]!)),
  ).sort();
  return (column) => rankBetween(column, thresholds);
};

const rankDistinct = (column: Float64Array): RankedColumn => {
  const places = new Map<number, number>();
  const ranks = new Uint32Array(column.length);
  for (let row = 0; row < column.length; row++) {
    const value = column[row]!;
    const place = places.get(value) ?? places.size;
    if (place === places.size) places.set(value, place);
    ranks[row] = place;
  }
  return { ranks, values: Float64Array.from(places.keys()) };
};

/** Each threshold stands for all up to it that are above the one before. */
const rankBetween = (column: Float64Array, thresholds: Float64Array): RankedColumn => {
  const ranks = new Uint32Array(column.length);
  const n = thresholds.length;
  for (let row = 0; row < column.length; row++) {
    const value = column[row]!;
    let [low, high] = [0, n];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= thresholds[middle]!) high = middle;
      else low = middle + 1;
    }
    ranks[row] = Number.isNaN(value) ? n + 1 : low;
  }
  const values = Float64Array.from([...thresholds, Number.POSITIVE_INFINITY, Number.NaN]);
  return { ranks, values };
};

/** One feature on the path of one leaf. */
interface PathItem {
  readonly leaf: number;
  readonly bit: number;
  /** First split of the item, and past its last. */
  readonly begin: number;
  readonly end: number;
}

/** Fills in the classes of a tree, and every row's. */
const buildClassFill = (
  { buffer }: WebAssembly.Memory,
  { classesAt, masksAt, nPairs, nVectors, nRows }: TableShape,
  {
    forest,
    paths,
    ranks,
  }: {
    readonly forest: Forest;
    readonly paths: LeafPaths;
    readonly ranks: readonly RankedColumn[];
  },
): ((tree: TreeLeaves) => void) => {
  const { items, feature, splits, split } = paths;
  const width = 2 * nPairs;
  const nWords = 8 * nVectors;
  const classes = new Uint16Array(buffer, classesAt, nRows * width);
  const masks = new Uint16Array(buffer, masksAt);
  const goesLeft = new Uint8Array(forest.feature.length);
  const classOf = new Uint16Array(Math.max(...ranks.map(({ values }) => values.length)));
  const itemsOf = ({ begin, end }: TreeLeaves, f: number): readonly PathItem[] => {
    const found: PathItem[] = [];
    for (let leaf = begin; leaf < end; leaf++)
      for (let i = items[leaf]!; i < items[leaf + 1]!; i++)
        if (feature[i] === f)
          found.push({
            leaf: leaf - begin,
            bit: i - items[leaf]!,
            begin: splits[i]!,
            end: splits[i + 1]!,
          });
    return found;
  };
  const fillMask = (own: number, of: readonly PathItem[]): void => {
    masks.fill(0, own * nWords, (own + 1) * nWords);
    for (const { leaf, bit, begin, end } of of) {
      let fails = 0;
      for (let s = begin; s < end; s++) fails |= goesLeft[split[s]! >> 1]! ^ (split[s]! & 1);
      masks[own * nWords + leaf]! |= fails << bit;
    }
  };
  return (tree) => {
    let last = 0;
    classes.fill(0);
    masks.fill(0, 0, nWords);
    tree.features.forEach((f, place) => {
      const of = itemsOf(tree, f);
      const nodes = [...new Set(of.flatMap(({ begin, end }) => [...split.subarray(begin, end)]))];
      const asked = [...new Set(nodes.map((one) => one >> 1))];
      const { ranks: rankOf, values } = ranks[f]!;
      for (let rank = 0; rank < values.length; rank++) {
        let isNew = rank === 0;
        for (const node of asked) {
          const side = decide(forest, node, values[rank]!) ? 1 : 0;
          if (goesLeft[node] !== side) isNew = true;
          goesLeft[node] = side;
        }
        if (isNew) fillMask(++last, of);
        classOf[rank] = last;
      }
      for (let row = 0; row < nRows; row++) classes[row * width + place] = classOf[rankOf[row]!]!;
    });
  };
};
