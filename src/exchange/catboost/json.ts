/**
 * CatBoost's JSON -> what it holds.
 * @source catboost/libs/model/model_export/json_model_helpers.cpp
 */
import type { ForeignModel } from '../foreign-model.ts';
import {
  type CatBoostFile,
  type CatBoostSplit,
  foreignOfCatBoost,
  type PlainNode,
} from './catboost.ts';
import { broken, unsupported } from './errors.ts';
import { jsonFault } from '../../core/json-fault.ts';
import { parametersOf, refuseStatistics, versionIn } from './model-info.ts';

type Json = Readonly<Record<string, unknown>>;

const NESTING_LIMIT = 1000;

/** Whether a text is a model that CatBoost wrote as JSON. */
export const isCatBoostJson = (head: string): boolean =>
  /^\{\s*"(features_info|ctr_data|oblivious_trees)"/.test(head);

/** @throws AppError model-broken, model-unsupported (statistics of categories, more than two classes) */
export const parseCatBoostJson = (text: string): ForeignModel => {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw broken(`it is not JSON: ${jsonFault(error)}`);
  }
  const model = recordOf(document, 'the document');
  const info = recordOf(model['features_info'], 'features_info');
  refuseStatistics({
    ctrs: listIn(info, 'ctrs').length,
    texts: listIn(info, 'text_features').length,
    embeddings: listIn(info, 'embedding_features').length,
  });
  const scale = listOf(model['scale_and_bias'], 'scale_and_bias');
  const biases = Array.isArray(scale[1]) ? scale[1] : [scale[1] ?? 0];
  if (biases.length > 1) throw unsupported('has more than one answer');
  const features = (kind: string): readonly Json[] =>
    listIn(info, kind).map((feature) => recordOf(feature, 'a feature'));
  const categorical = features('categorical_features');
  const context = {
    /** Place among the categories by the number of a feature. */
    categories: new Map(categorical.map((feature, c) => [feature['feature_index'], c])),
  };
  return foreignOfCatBoost({
    ...aboutModel(recordOf(model['model_info'], 'model_info')),
    numbers: features('float_features').map((feature) => ({
      place: numberOf(feature['flat_feature_index'], 'a feature'),
      name: textOf(feature['feature_id']),
      missingRight: feature['nan_value_treatment'] === 'AsTrue',
    })),
    categories: categorical.map((feature) => ({
      place: numberOf(feature['flat_feature_index'], 'a feature'),
      name: textOf(feature['feature_id']),
      hashes: listIn(feature, 'values').map((hash) => numberOf(hash, 'a category')),
    })),
    trees: Array.isArray(model['oblivious_trees'])
      ? model['oblivious_trees'].map((tree) => obliviousTree(recordOf(tree, 'a tree'), context))
      : listOf(model['trees'], 'trees').map((tree) => ({ nodes: plainNodes(tree, context) })),
    scale: numberOf(scale[0], 'its scale'),
    bias: numberOf(biases[0], 'its bias'),
  });
};

const aboutModel = (info: Json): Pick<CatBoostFile, 'version' | 'loss' | 'classes'> => ({
  version: versionIn(info['catboost_version_info']),
  ...parametersOf(info['params'], info['class_params']),
});

interface Context {
  readonly categories: ReadonlyMap<unknown, number>;
}

const splitOf = (value: unknown, { categories }: Context): CatBoostSplit => {
  const split = recordOf(value, 'a split');
  switch (split['split_type']) {
    case 'FloatFeature':
      return {
        of: 'number',
        feature: numberOf(split['float_feature_index'], 'a feature'),
        border: numberOf(split['border'], 'a border'),
      };
    case 'OneHotFeature':
      return {
        of: 'category',
        feature: categories.get(split['cat_feature_index']) ?? -1,
        hash: numberOf(split['value'], 'a category'),
      };
    default:
      throw unsupported(
        `splits by ${String(split['split_type']).slice(0, 40)}; numbers and one-hot categories are expected`,
      );
  }
};

const obliviousTree = (tree: Json, context: Context): CatBoostFile['trees'][number] => ({
  splits: listIn(tree, 'splits').map((split) => splitOf(split, context)),
  values: listOf(tree['leaf_values'], 'leaf_values').map((value) => numberOf(value, 'a leaf')),
  weights: listIn(tree, 'leaf_weights').map((weight) => numberOf(weight, 'a weight')),
});

/** A tree of another growth policy: records in records. */
const plainNodes = (tree: unknown, context: Context): readonly PlainNode[] => {
  const nodes: PlainNode[] = [];
  const place = (value: unknown, depth: number): number => {
    if (depth > NESTING_LIMIT) throw broken('a tree is nested too deeply');
    const node = recordOf(value, 'a node');
    const at = nodes.length;
    if (node['split'] === undefined) {
      const { value: answer, weight } = node;
      const leaf = { left: -1, right: -1, value: numberOf(answer, 'a leaf') };
      return nodes.push({ ...leaf, weight: typeof weight === 'number' ? weight : 1 }) - 1;
    }
    nodes.push({ left: -1, right: -1, value: 0, weight: 0 });
    const left = place(node['left'], depth + 1);
    const right = place(node['right'], depth + 1);
    nodes[at] = { split: splitOf(node['split'], context), left, right, value: 0, weight: 0 };
    return at;
  };
  place(tree, 0);
  return nodes;
};

const recordOf = (value: unknown, what: string): Json => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw broken(`${what} is no object`);
  return value as Json;
};

const listOf = (value: unknown, what: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw broken(`${what} is no list`);
  return value;
};

/** A list that may be left out. */
const listIn = (record: Json, name: string): readonly unknown[] => listOf(record[name] ?? [], name);

const numberOf = (value: unknown, what: string): number => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw broken(`${what} is no number`);
  return value;
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
