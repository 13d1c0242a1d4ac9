/**
 * What both of CatBoost's files hold -> ForeignModel: oblivious trees, whose levels each ask one question of all their
 * nodes, and others, over numbers and categories. Numbers are compared as float32: `value > border` goes right; so does a
 * category that is the one which is asked for.
 */

import type { Feature } from '../../core/features.ts';
import { buildForest, COLUMNS_LIMIT, type ForeignNode, type ForeignTree } from '../build-forest.ts';
import type { ForeignColumn, ForeignModel } from '../foreign-model.ts';
import { broken, unsupported } from './errors.ts';

/** Deeper oblivious trees than CatBoost grows. */
const DEPTH_LIMIT = 16;

/** A question of a node: of a number by its place among the numbers, or of a category by its own. */
export type CatBoostSplit =
  | { readonly of: 'number'; readonly feature: number; readonly border: number }
  | { readonly of: 'category'; readonly feature: number; readonly hash: number };

interface ObliviousTree {
  /** The first one is the lowest bit of a leaf's number. */
  readonly splits: readonly CatBoostSplit[];
  readonly values: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}

interface PlainTree {
  /** The root first; a leaf has no split. */
  readonly nodes: readonly PlainNode[];
}

export interface PlainNode {
  readonly split?: CatBoostSplit;
  readonly left: number;
  readonly right: number;
  readonly value: number;
  readonly weight: number;
}

interface NumberColumn {
  /** Place in the matrix that the library was given. */
  readonly place: number;
  readonly name: string;
  readonly missingRight: boolean;
}

interface CategoryColumn {
  readonly place: number;
  readonly name: string;
  /** Of the categories that the trees ask for. */
  readonly hashes: readonly number[];
}

export interface CatBoostFile {
  readonly version: string;
  readonly loss: string;
  readonly classes: readonly string[] | undefined;
  readonly numbers: readonly NumberColumn[];
  readonly categories: readonly CategoryColumn[];
  readonly trees: readonly (ObliviousTree | PlainTree)[];
  readonly scale: number;
  readonly bias: number;
}

/** @throws AppError model-broken, model-unsupported (another loss, more than two classes) */
export const foreignOfCatBoost = (file: CatBoostFile): ForeignModel => {
  const columns = columnsOf(file);
  const asked = [...columns.keys()].filter((c) => !columns[c]!.isUnused);
  const featureOf = new Map(asked.map((column, f) => [column, f]));
  const trees = file.trees.map((tree) =>
    'nodes' in tree
      ? plainTree(tree, { file, featureOf })
      : obliviousTree(tree, { file, featureOf }),
  );
  const forest = buildForest(trees, asked.length, {
    comparison: '<=',
    precision: 'float32',
    zeroIsMissing: false,
    base: file.bias,
    scale: file.scale,
  });
  return {
    madeBy: `CatBoost ${file.version}`.trim(),
    columns,
    ...(asked.length < columns.length && {
      features: asked.map(
        (column): Feature => ({
          name: '',
          step: columns[column]!.values ? 'code' : 'number',
          input: `${column}`,
        }),
      ),
    }),
    score: { kind: 'forest', forest },
    link: linkOf(file.loss),
    classes: classesOf(file.classes),
    acceptsMissing: true,
    acceptsAnyNumber: true,
    notes: [`all ${trees.length} trees of the file count, as in CatBoost`],
  };
};

const columnsOf = ({ numbers, categories }: CatBoostFile): readonly ForeignColumn[] => {
  const count = numbers.length + categories.length;
  if (count === 0 || count > COLUMNS_LIMIT) throw broken(`it has ${count} columns`);
  const columns: (ForeignColumn | undefined)[] = new Array(count).fill(undefined);
  // CatBoost calls columns without a name by their numbers; one that somebody called so stands beside others.
  const isUnnamed = [...numbers, ...categories].every(({ place, name }) => name === `${place}`);
  const put = (place: number, name: string, column: ForeignColumn): void => {
    if (!(Number.isInteger(place) && place >= 0 && place < count) || columns[place])
      throw broken(`a feature is column ${place} of ${count}`);
    columns[place] = name === '' || isUnnamed ? column : { ...column, name };
  };
  for (const { place, name } of numbers) put(place, name, {});
  for (const { place, name, hashes } of categories)
    put(
      place,
      name,
      hashes.length === 0
        ? { isUnused: true }
        : { values: hashes.map(String), isCoded: true, isHashed: true, isRequired: true },
    );
  return columns as readonly ForeignColumn[];
};

/** Only the losses of two classes answer with the sigmoid of a sum. */
const linkOf = (loss: string): ForeignModel['link'] => {
  if (loss !== 'Logloss' && loss !== 'CrossEntropy')
    throw unsupported(`has the loss ${loss.slice(0, 40)}; Logloss is expected`);
  return 'logistic';
};

const classesOf = (given: readonly string[] | undefined): readonly string[] => {
  const classes = given ?? ['0', '1'];
  if (classes.length !== 2) throw unsupported(`has ${classes.length} classes; two are expected`);
  return classes;
};

interface TreeContext {
  readonly file: CatBoostFile;
  readonly featureOf: ReadonlyMap<number, number>;
}

const nodeOf = (
  split: CatBoostSplit,
  left: number,
  right: number,
  { file, featureOf }: TreeContext,
): ForeignNode => {
  const column = (split.of === 'number' ? file.numbers : file.categories)[split.feature];
  if (!column) throw broken(`a split asks feature ${split.feature}, which is not there`);
  const feature = featureOf.get(column.place) ?? -2;
  if (split.of === 'number') {
    const { missingRight } = file.numbers[split.feature]!;
    const threshold = Math.fround(split.border);
    if (!Number.isFinite(threshold)) throw broken(`a border is ${split.border}`);
    return { feature, threshold, left, right, missingLeft: !missingRight, value: 0, cover: 0 };
  }
  const code = file.categories[split.feature]!.hashes.indexOf(split.hash);
  if (code < 0) throw broken('a split asks for a category that its column does not have');
  const categories = new Uint32Array((code >>> 5) + 1);
  categories[code >>> 5] = 1 << (code & 31);
  // Codes of a set go left: here the sides change places.
  return {
    feature,
    threshold: 0,
    left: right,
    right: left,
    missingLeft: false,
    value: 0,
    cover: 0,
    categories,
  };
};

const leaf = (value: number | undefined, weight: number | undefined): ForeignNode => {
  if (value === undefined || !Number.isFinite(value)) throw broken('a leaf is no number');
  return {
    feature: -1,
    threshold: 0,
    left: -1,
    right: -1,
    missingLeft: false,
    value,
    cover: weight ?? 1,
  };
};

/** Bit i of a leaf's number says whether the answer to question i was yes; here question 0 is asked last. */
const obliviousTree = (tree: ObliviousTree, context: TreeContext): ForeignTree => {
  const { splits, values, weights } = tree;
  const depth = splits.length;
  if (depth > DEPTH_LIMIT || values.length !== 2 ** depth)
    throw broken(`a tree has ${values.length} leaves for ${depth} splits`);
  const nodes: ForeignNode[] = [];
  for (let node = 0; node < 2 ** depth - 1; node++) {
    const level = Math.floor(Math.log2(node + 1));
    nodes.push(nodeOf(splits[depth - 1 - level]!, 2 * node + 1, 2 * node + 2, context));
  }
  // The first question of the walk is the last bit: leaves stand in the order of their numbers.
  for (let i = 0; i < values.length; i++) nodes.push(leaf(values[i], weights[i]));
  return { root: 0, nodes };
};

const plainTree = ({ nodes }: PlainTree, context: TreeContext): ForeignTree => ({
  root: 0,
  nodes: nodes.map(({ split, left, right, value, weight }) =>
    split ? nodeOf(split, left, right, context) : leaf(value, weight),
  ),
});
