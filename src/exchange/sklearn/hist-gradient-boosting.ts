/**
 * scikit-learn's HistGradientBoostingClassifier -> a forest score.
 * @source sklearn/ensemble/_hist_gradient_boosting/_predictor.pyx, gradient_boosting.py
 */

import { buildForest, type ForeignNode, type ForeignTree } from '../build-forest.ts';
import type { ForeignColumn } from '../foreign-model.ts';
import { arrayField, arrayNumbers, arrayTexts } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  needAttribute,
  needItems,
  needObject,
  type PyObject,
  type PyValue,
  unsupported,
} from '../pickle/python-values.ts';
import { columnCount, type EstimatorReader, readTwoClasses, SCORE_DECIDES } from './estimator.ts';
import { type VisitedObjects, visitTree } from './visited-objects.ts';

const WORDS = 8;

/** A categorical column: its values, and the number by which the trees know each. */
interface Categories {
  readonly values: readonly string[];
  readonly codes: readonly number[];
}

export const readHistGradientBoosting: EstimatorReader = (model, visited) => {
  const classes = readTwoClasses(model);
  const count = columnCount(model);
  const isCategorical = maskOf(attributeOf(model, 'is_categorical_'), count);
  const preprocessor = attributeOf(model, '_preprocessor');
  const isReordered = isKind(preprocessor, 'object');
  const order = columnOrder(isCategorical, isReordered);
  const categories = isReordered
    ? encodedCategories(preprocessor, isCategorical)
    : binnedCategories(model, isCategorical);
  const groups = needItems(needAttribute(model, '_predictors'), 'its trees');
  const trees = groups.flatMap((group) => {
    const members = needItems(group, 'a round of trees');
    if (members.length !== 1) throw unsupported('a model of several trees a round');
    return members.map((tree) =>
      readPredictor(needObject(tree, 'a tree'), order, categories, visited),
    );
  });
  const baseline = attributeOf(model, '_baseline_prediction');
  const base = typeof baseline === 'number' ? baseline : arrayNumbers(baseline, 'its baseline')[0];
  if (base === undefined) throw broken('its baseline is empty');
  return {
    columns: Array.from({ length: count }, (_, c): ForeignColumn => {
      const own = categories.get(c);
      return own ? { values: own.values } : {};
    }),
    score: {
      kind: 'forest',
      forest: buildForest(trees, count, {
        comparison: '<=',
        precision: 'float64',
        zeroIsMissing: false,
        base,
        scale: 1,
      }),
    },
    link: 'logistic',
    decision: SCORE_DECIDES,
    classes,
    acceptsAnyNumber: true,
    // Those of 0.21 know no missing values.
    acceptsMissing: attributeOf(model, 'bin_mapper_') === undefined || hasMissing(groups),
  };
};

/** Whether the trees say where missing values go. */
const hasMissing = ([group]: readonly PyValue[]): boolean => {
  const [tree] = group === undefined ? [] : needItems(group, 'a round of trees');
  const nodes = isKind(tree, 'object') ? attributeOf(tree, 'nodes') : undefined;
  return isKind(nodes, 'array') && arrayField(nodes, 'missing_go_to_left') !== undefined;
};

const maskOf = (value: PyValue | undefined, count: number): readonly boolean[] => {
  if (!isKind(value, 'array')) return new Array<boolean>(count).fill(false);
  return Array.from(arrayNumbers(value, 'its categorical columns'), (bit) => bit !== 0);
};

/** Column of each feature of the trees: since 1.4 the categorical ones are put first. */
const columnOrder = (isCategorical: readonly boolean[], isReordered: boolean): number[] => {
  const all = [...isCategorical.keys()];
  if (!isReordered) return all;
  return [...all.filter((c) => isCategorical[c]), ...all.filter((c) => !isCategorical[c])];
};

/** Since 1.4: an OrdinalEncoder inside the model turns values into 0, 1, 2, ... */
const encodedCategories = (
  preprocessor: PyObject,
  isCategorical: readonly boolean[],
): ReadonlyMap<number, Categories> => {
  const encoder = needItems(needAttribute(preprocessor, 'transformers_'), 'its encoders')
    .map((entry) => needItems(entry, 'an encoder')[1])
    .find(
      (step): step is PyObject => isKind(step, 'object') && step.name.endsWith('OrdinalEncoder'),
    );
  if (!encoder) return new Map();
  const lists = needItems(needAttribute(encoder, 'categories_'), 'its categories');
  const columns = [...isCategorical.keys()].filter((c) => isCategorical[c]);
  return new Map(
    columns.map((c, i) => {
      const values = withoutMissing(arrayTexts(lists[i], 'its categories'));
      return [c, { values, codes: [...values.keys()] }];
    }),
  );
};

const withoutMissing = (values: readonly string[]): readonly string[] =>
  values.filter((value) => value !== 'nan' && value !== 'NaN');

/** Before 1.4: the column holds small whole numbers, which the trees use as they are. */
const binnedCategories = (
  model: PyObject,
  isCategorical: readonly boolean[],
): ReadonlyMap<number, Categories> => {
  if (!isCategorical.includes(true)) return new Map();
  const mapper = needObject(attributeOf(model, '_bin_mapper'), 'its bins');
  const bins = needItems(needAttribute(mapper, 'bin_thresholds_'), 'its bins');
  return new Map(
    [...isCategorical.keys()]
      .filter((c) => isCategorical[c])
      .map((c) => {
        const codes = [...arrayNumbers(bins[c], 'its categories')];
        return [c, { values: codes.map(String), codes }];
      }),
  );
};

const readPredictor = (
  predictor: PyObject,
  order: readonly number[],
  categories: ReadonlyMap<number, Categories>,
  visited: VisitedObjects,
): ForeignTree => {
  const array = needAttribute(predictor, 'nodes');
  if (!isKind(array, 'array')) throw broken('the nodes of a tree are no array');
  visitTree(visited, array);
  const field = (...names: string[]): Float64Array => {
    const numbers = names.map((name) => arrayField(array, name)).find((found) => found);
    if (!numbers) throw broken(`the nodes of a tree have no ${names[0]}`);
    return numbers;
  };
  const [value, count, isLeaf] = [field('value'), field('count'), field('is_leaf')];
  const [feature, threshold] = [field('feature_idx'), field('num_threshold', 'threshold')];
  const [left, right] = [field('left'), field('right')];
  // Missing values since 0.22, categories since 0.24.
  const none = new Float64Array(value.length);
  const missingLeft = arrayField(array, 'missing_go_to_left') ?? none;
  const isCategorical = arrayField(array, 'is_categorical') ?? none;
  const setIndex = arrayField(array, 'bitset_idx') ?? none;
  const bits = attributeOf(predictor, 'raw_left_cat_bitsets');
  const sets = bits === undefined ? none : arrayNumbers(bits, 'category sets');
  return {
    root: 0,
    nodes: Array.from(value, (leafValue, i): ForeignNode => {
      const leaf = isLeaf[i] === 1;
      const column = leaf ? -1 : (order[feature[i]!] ?? order.length);
      const own = !leaf && isCategorical[i] === 1 ? categories.get(column) : undefined;
      if (!leaf && isCategorical[i] === 1 && !own)
        throw broken(`column ${column} splits by categories but has none`);
      return {
        feature: column,
        threshold: threshold[i]!,
        left: left[i]!,
        right: right[i]!,
        missingLeft: missingLeft[i] === 1,
        value: leafValue,
        cover: count[i]!,
        ...(own && { categories: translate(sets, setIndex[i]! * WORDS, own.codes) }),
      };
    }),
  };
};

/** A set over the trees' own numbers becomes one over positions in the list of values. */
const translate = (sets: Float64Array, at: number, codes: readonly number[]): Uint32Array => {
  if (at + WORDS > sets.length) throw broken('a category set does not exist');
  const words = new Uint32Array(Math.ceil(codes.length / 32));
  codes.forEach((code, i) => {
    if (!(code >= 0 && code < WORDS * 32)) return;
    const isLeft = (sets[at + (code >>> 5)]! >>> (code & 31)) & 1;
    if (isLeft) words[i >>> 5]! |= 1 << (i & 31);
  });
  return words;
};
