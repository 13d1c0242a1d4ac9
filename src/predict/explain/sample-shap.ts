/**
 * TreeSHAP of many rows at once: the same bits as `shap` gives row by row. Small trees are looked up in tables of all sets
 * (`table-shap`); here are those with longer paths or more leaves.
 *
 * What a leaf adds depends on which of the features on its path a row fails, a set of few bits. Trees are taken one after
 * the other, each for all rows: what a leaf adds for a set is computed once and then looked up, and the sets of a node
 * follow from those of its parent by one more bit.
 * @source Yang 2022 (Fast TreeSHAP), version 2
 */
import type { Forest } from '../../core/forest.ts';
import type { Score } from '../../core/model.ts';
import { decide } from '../reference.ts';
import type { Attribution } from './attribution.ts';
import { measurePaths } from './deep-forest-shap.ts';
import { buildContributions, collectPaths, type LeafPaths } from './leaf-paths.ts';
import { buildAttribution, KEPT_SPLITS } from './shap.ts';
import { buildTableAttribution, type RowAttribution } from './table-shap.ts';

/**
 * What each feature adds to the raw score of each row.
 * @param matrix float64, shape (n, nFeatures)
 * @param means expected value of each feature, for a linear score (a forest knows its own)
 * @returns of each feature, float64, shape (n)
 * @throws AppError model-unsupported when an explanation would take too long, or not be exact
 */
export const attributeRows = (
  score: Score,
  matrix: Float64Array,
  means: Float64Array,
): readonly Float64Array[] => buildRowsAttribution(score, means)(matrix);

/** The same as a function of the matrix, for whoever has one block of rows after the other. */
export const buildRowsAttribution = (
  score: Score,
  means: Float64Array,
): ((matrix: Float64Array) => readonly Float64Array[]) => {
  const nFeatures = means.length;
  const ofMany = score.kind === 'forest' ? buildForestRows(score.forest) : undefined;
  let attribution: Attribution | undefined;
  return (matrix) => {
    const nRows = matrix.length / nFeatures;
    if (ofMany && nRows >= MIN_ROWS) return ofMany(columnsOf(matrix, nFeatures));
    attribution ??= buildAttribution(score, means);
    const effects = new Float64Array(matrix.length);
    for (let at = 0; at < matrix.length; at += nFeatures)
      attribution.addInto(
        matrix.subarray(at, at + nFeatures),
        effects.subarray(at, at + nFeatures),
      );
    return columnsOf(effects, nFeatures);
  };
};

/** Fewer rows are not worth the tables of all trees. */
const MIN_ROWS = 64;

/** Undefined for trees too large to be taken for all rows together. */
const buildForestRows = (forest: Forest): RowAttribution | undefined => {
  if (measurePaths(forest) > KEPT_SPLITS) return undefined;
  const paths = collectPaths(forest);
  if (paths.maxItems > MAX_BITS) return undefined;
  const byTables = buildTableAttribution(forest, paths);
  return (columns) => byTables?.(columns) ?? attributeByTree(forest, paths, columns);
};

/** Features of a path whose set is kept as bits of a whole number. */
const MAX_BITS = 30;
/** A leaf of more features than this has too many sets of them to remember. */
const MAX_REMEMBERED = 10;
/** So many rows are taken down a tree together. */
const BLOCK_ROWS = 512;

/** The rows of a block, and where their effects go. */
interface Block {
  /** Of each feature, float64, shape (all rows). */
  readonly effects: readonly Float64Array[];
  readonly begin: number;
  readonly n: number;
}

/** @param columns of each feature, float64, shape (nRows) */
const attributeByTree = (
  forest: Forest,
  paths: LeafPaths,
  columns: readonly Float64Array[],
): readonly Float64Array[] => {
  const nRows = columns[0]!.length;
  const effects = columns.map(() => new Float64Array(nRows));
  const leafSum = buildLeafSum(paths);
  let leaf = 0;
  for (const root of forest.roots) {
    const steps = stepsOf(forest, root);
    const depths = 1 + steps.reduce((deepest, { depth }) => Math.max(deepest, depth), 0);
    /** By depth on the path: which of its items the rows of a block fail, and where they go at its split. */
    const failed = Array.from({ length: depths }, () => new Int32Array(BLOCK_ROWS));
    const goesLeft = Array.from({ length: depths }, () => new Uint8Array(BLOCK_ROWS));
    const nLeaves = (steps.length + 1) / 2;
    leafSum.prepare(leaf, leaf + nLeaves);
    for (let begin = 0; begin < nRows; begin += BLOCK_ROWS) {
      const block = { effects, begin, n: Math.min(BLOCK_ROWS, nRows - begin) };
      let next = leaf;
      for (const step of steps) {
        const { node, depth } = step;
        const own = failed[depth]!;
        if (depth > 0) failInto(own, failed[depth - 1]!, goesLeft[depth - 1]!, step);
        const asked = forest.feature[node]!;
        if (asked === -1) leafSum.addInto(next++, own, block);
        else
          decideInto(
            goesLeft[depth]!,
            forest,
            node,
            columns[asked]!.subarray(begin, begin + block.n),
          );
      }
    }
    leaf += nLeaves;
  }
  return effects;
};

const failInto = (
  own: Int32Array,
  above: Int32Array,
  goesLeft: Uint8Array,
  { bit, isLeft }: Step,
): void => {
  for (let i = 0; i < own.length; i++) own[i] = above[i]! | ((goesLeft[i]! ^ isLeft) << bit);
};

const decideInto = (
  goesLeft: Uint8Array,
  forest: Forest,
  node: number,
  values: Float64Array,
): void => {
  const { precision, comparison, zeroIsMissing } = forest;
  const isPlain = precision === 'float64' && comparison === '<=' && !zeroIsMissing;
  if (isPlain && forest.categoryStart[node] === -1) {
    const threshold = forest.threshold[node]!;
    const ofMissing = forest.missingLeft[node]!;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      goesLeft[i] = value <= threshold ? 1 : Number.isNaN(value) ? ofMissing : 0;
    }
    return;
  }
  for (let i = 0; i < values.length; i++) goesLeft[i] = decide(forest, node, values[i]!) ? 1 : 0;
};

/** float64, shape (nRows) each. */
const columnsOf = (matrix: Float64Array, nFeatures: number): readonly Float64Array[] =>
  Array.from({ length: nFeatures }, (_, f) =>
    Float64Array.from(
      { length: matrix.length / nFeatures },
      (_, row) => matrix[row * nFeatures + f]!,
    ),
  );

/** A node of a tree, after its parent and all that is left of it. */
interface Step {
  readonly node: number;
  /** Splits above it. */
  readonly depth: number;
  /** Which item of the path the split right above asks. */
  readonly bit: number;
  /** 1 where the node is its left child. */
  readonly isLeft: number;
}

const stepsOf = (forest: Forest, root: number): readonly Step[] => {
  const steps: Step[] = [];
  /** Features that the path asks, in the order in which it first does: the order of a leaf's items. */
  const waiting = [{ node: root, depth: 0, bit: 0, isLeft: 0, asked: [] as readonly number[] }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { asked, ...step } = next;
    steps.push(step);
    const feature = forest.feature[step.node]!;
    if (feature === -1) continue;
    const known = asked.indexOf(feature);
    const below = {
      depth: step.depth + 1,
      bit: known < 0 ? asked.length : known,
      asked: known < 0 ? [...asked, feature] : asked,
    };
    waiting.push({ ...below, node: forest.right[step.node]!, isLeft: 0 });
    waiting.push({ ...below, node: forest.left[step.node]!, isLeft: 1 });
  }
  return steps;
};

/** What leaves add to the effects of rows. */
interface LeafSum {
  /** Forgets all leaves but some, of which it remembers sets from here on. */
  readonly prepare: (firstLeaf: number, endLeaf: number) => void;
  /** @param failed int32: of each row of the block, the items of the leaf's path that it fails, as bits */
  readonly addInto: (leaf: number, failed: Int32Array, block: Block) => void;
}

const buildLeafSum = (paths: LeafPaths): LeafSum => {
  const { items, feature, maxItems } = paths;
  const contribute = buildContributions(paths);
  const fails = new Uint8Array(maxItems);
  const own = new Float64Array(maxItems);
  const contributeFor = (leaf: number, nItems: number, failed: number): void => {
    for (let i = 0; i < nItems; i++) fails[i] = (failed >> i) & 1;
    contribute(leaf, fails, own);
  };
  /** Of the leaves prepared, the first of its places, one per set of failed items. */
  let firstLeaf = 0;
  let firstPlaces = new Int32Array(0);
  /** Where in `memory` the contributions of a set lie, plus 1; 0 while they are not known. */
  let places = new Int32Array(0);
  let memory = new Float64Array(1 << 12);
  let nUsed = 0;
  /** Of the rows of a block, where in `memory` their contributions lie. */
  const ofRows = new Int32Array(BLOCK_ROWS);
  const remember = (leaf: number, nItems: number, failed: number): number => {
    contributeFor(leaf, nItems, failed);
    if (nUsed + nItems > memory.length) {
      const wider = new Float64Array(2 * memory.length);
      wider.set(memory);
      memory = wider;
    }
    memory.set(own.subarray(0, nItems), nUsed);
    nUsed += nItems;
    return nUsed - nItems + 1;
  };
  return {
    prepare: (first, end) => {
      firstLeaf = first;
      firstPlaces = new Int32Array(end - first);
      let nPlaces = 0;
      for (let leaf = first; leaf < end; leaf++) {
        firstPlaces[leaf - first] = nPlaces;
        const nItems = items[leaf + 1]! - items[leaf]!;
        if (nItems <= MAX_REMEMBERED) nPlaces += 1 << nItems;
      }
      if (places.length < nPlaces) places = new Int32Array(nPlaces);
      else places.fill(0, 0, nPlaces);
      nUsed = 0;
    },
    addInto: (leaf, failed, { effects, begin, n }) => {
      const first = items[leaf]!;
      const nItems = items[leaf + 1]! - first;
      const firstPlace = firstPlaces[leaf - firstLeaf]!;
      const isRemembered = nItems <= MAX_REMEMBERED;
      const nKept = nUsed;
      for (let i = 0; i < n; i++) {
        const set = firstPlace + failed[i]!;
        let place = isRemembered ? places[set]! : 0;
        if (place === 0) {
          place = remember(leaf, nItems, failed[i]!);
          if (isRemembered) places[set] = place;
        }
        ofRows[i] = place - 1;
      }
      for (let item = 0; item < nItems; item++) {
        const column = effects[feature[first + item]!]!;
        for (let i = 0; i < n; i++)
          column[begin + i] = column[begin + i]! + memory[ofRows[i]! + item]!;
      }
      if (!isRemembered) nUsed = nKept;
    },
  };
};
