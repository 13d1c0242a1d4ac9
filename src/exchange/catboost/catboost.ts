/**
 * CatBoost's JSON -> ForeignModel: oblivious trees, whose levels each ask one question of all their nodes, and others,
 * over numbers. Values are compared as float32: `value > border` goes right.
 * @source catboost/libs/model/model_export/json_model_helpers.cpp
 */
import { AppError } from '../../core/errors.ts';
import { buildForest, COLUMNS_LIMIT, type ForeignNode, type ForeignTree } from '../build-forest.ts';
import type { ForeignColumn, ForeignModel } from '../foreign-model.ts';

type Json = Readonly<Record<string, unknown>>;

/** Deeper oblivious trees than CatBoost grows. */
const DEPTH_LIMIT = 16;
const NESTING_LIMIT = 1000;

/** Whether a text is a model that CatBoost wrote as JSON. */
export const isCatBoostJson = (head: string): boolean =>
  /^\{\s*"(features_info|ctr_data|oblivious_trees)"/.test(head);

/** @throws AppError model-broken, model-unsupported (categories, more than two classes) */
export const parseCatBoost = (text: string): ForeignModel => {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw broken(`it is not JSON: ${(error as Error).message}`);
  }
  const model = recordOf(document, 'the document');
  const info = recordOf(model['features_info'], 'features_info');
  for (const kind of ['categorical_features', 'text_features', 'embedding_features', 'ctrs'])
    if (Array.isArray(info[kind]) && info[kind].length > 0)
      throw unsupported(
        `has ${kind.replace('_', ' ')}, of which the file keeps hashes only; one that was trained on numbers (one-hot columns, for instance) is read`,
      );
  const features = listOf(info['float_features'], 'float_features').map((feature) =>
    recordOf(feature, 'a feature'),
  );
  const columns = columnsOf(features);
  const { classes, link } = answersOf(model);
  const scale = listOf(model['scale_and_bias'], 'scale_and_bias');
  const biases = Array.isArray(scale[1]) ? scale[1] : [scale[1] ?? 0];
  if (biases.length > 1) throw unsupported('has more than one answer');
  const context = {
    /** Place in the matrix by the number of a feature. */
    places: features.map((feature) => numberOf(feature['flat_feature_index'], 'a feature')),
    missingRight: features.map((feature) => feature['nan_value_treatment'] === 'AsTrue'),
  };
  const trees = Array.isArray(model['oblivious_trees'])
    ? model['oblivious_trees'].map((tree) => obliviousTree(recordOf(tree, 'a tree'), context))
    : listOf(model['trees'], 'trees').map((tree) => plainTree(tree, context));
  const forest = buildForest(trees, columns.length, {
    comparison: '<=',
    precision: 'float32',
    zeroIsMissing: false,
    base: numberOf(biases[0], 'its bias'),
    scale: numberOf(scale[0], 'its scale'),
  });
  return {
    madeBy: `CatBoost ${versionOf(model)}`.trim(),
    columns,
    score: { kind: 'forest', forest },
    link,
    classes,
    acceptsMissing: true,
    notes: [`all ${trees.length} trees of the file count, as in CatBoost`],
  };
};

interface TreeContext {
  readonly places: readonly number[];
  readonly missingRight: readonly boolean[];
}

const columnsOf = (features: readonly Json[]): readonly ForeignColumn[] => {
  if (features.length === 0 || features.length > COLUMNS_LIMIT)
    throw broken(`it has ${features.length} columns`);
  const columns: ForeignColumn[] = features.map(() => ({}));
  for (const { flat_feature_index: place, feature_id: name } of features) {
    const at = numberOf(place, 'a feature');
    if (!columns[at]) throw broken(`a feature is column ${at} of ${features.length}`);
    // A number is the name that CatBoost gives to a column without one.
    if (typeof name === 'string' && name !== '' && name !== `${at}`) columns[at] = { name };
  }
  return columns;
};

/** The two labels. Only the losses of two classes answer with the sigmoid of a sum. */
const answersOf = (model: Json): Pick<ForeignModel, 'classes' | 'link'> => {
  const info = recordOf(model['model_info'], 'model_info');
  const parameters = isRecord(info['params']) ? info['params'] : {};
  const loss = isRecord(parameters['loss_function']) ? parameters['loss_function']['type'] : '';
  if (loss !== 'Logloss' && loss !== 'CrossEntropy')
    throw unsupported(`has the loss ${String(loss).slice(0, 40)}; Logloss is expected`);
  const given = isRecord(info['class_params']) ? info['class_params']['class_names'] : undefined;
  const classes = Array.isArray(given) ? given.map(String) : ['0', '1'];
  if (classes.length !== 2) throw unsupported(`has ${classes.length} classes; two are expected`);
  return { classes, link: 'logistic' };
};

const versionOf = (model: Json): string => {
  const info = isRecord(model['model_info']) ? model['model_info'] : {};
  return /tags\/v([\d.]+)/.exec(String(info['catboost_version_info'] ?? ''))?.[1] ?? '';
};

/** One question of a feature that is a number. */
const splitOf = (
  value: unknown,
  { places, missingRight }: TreeContext,
): Pick<ForeignNode, 'feature' | 'threshold' | 'missingLeft'> => {
  const split = recordOf(value, 'a split');
  if (split['split_type'] !== 'FloatFeature')
    throw unsupported(
      `splits by ${String(split['split_type']).slice(0, 40)}; numbers are expected`,
    );
  const feature = numberOf(split['float_feature_index'], 'a feature');
  const place = places[feature];
  if (place === undefined) throw broken(`a split asks feature ${feature} of ${places.length}`);
  return {
    feature: place,
    threshold: Math.fround(numberOf(split['border'], 'a border')),
    missingLeft: !missingRight[feature],
  };
};

const leaf = (value: unknown, weight: unknown): ForeignNode => ({
  feature: -1,
  threshold: 0,
  left: -1,
  right: -1,
  missingLeft: false,
  value: numberOf(value, 'a leaf'),
  cover: typeof weight === 'number' ? weight : 1,
});

/** Bit i of a leaf's number says whether the answer to question i was yes; here question 0 is asked last. */
const obliviousTree = (tree: Json, context: TreeContext): ForeignTree => {
  const splits = listOf(tree['splits'] ?? [], 'splits').map((split) => splitOf(split, context));
  const values = listOf(tree['leaf_values'], 'leaf_values');
  const weights = Array.isArray(tree['leaf_weights']) ? tree['leaf_weights'] : [];
  const depth = splits.length;
  if (depth > DEPTH_LIMIT || values.length !== 2 ** depth)
    throw broken(`a tree has ${values.length} leaves for ${depth} splits`);
  const nInner = 2 ** depth - 1;
  const nodes: ForeignNode[] = [];
  for (let node = 0; node < nInner; node++) {
    const level = Math.floor(Math.log2(node + 1));
    nodes.push({
      ...splits[depth - 1 - level]!,
      left: 2 * node + 1,
      right: 2 * node + 2,
      value: 0,
      cover: 0,
    });
  }
  // The first question of the walk is the last bit: leaves stand in the order of their numbers.
  for (const [i, value] of values.entries()) nodes.push(leaf(value, weights[i]));
  return { root: 0, nodes };
};

/** A tree of another growth policy: records in records. */
const plainTree = (tree: unknown, context: TreeContext): ForeignTree => {
  const nodes: ForeignNode[] = [];
  const place = (value: unknown, depth: number): number => {
    if (depth > NESTING_LIMIT) throw broken('a tree is nested too deeply');
    const node = recordOf(value, 'a node');
    if (node['split'] === undefined) return nodes.push(leaf(node['value'], node['weight'])) - 1;
    const at = nodes.push(leaf(0, 0)) - 1;
    const left = place(node['left'], depth + 1);
    const right = place(node['right'], depth + 1);
    nodes[at] = { ...splitOf(node['split'], context), left, right, value: 0, cover: 0 };
    return at;
  };
  return { root: place(tree, 0), nodes };
};

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const recordOf = (value: unknown, what: string): Json => {
  if (!isRecord(value)) throw broken(`${what} is no object`);
  return value;
};

const listOf = (value: unknown, what: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw broken(`${what} is no list`);
  return value;
};

const numberOf = (value: unknown, what: string): number => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw broken(`${what} is no number`);
  return value;
};

const broken = (detail: string): AppError =>
  new AppError('model-broken', `the CatBoost model cannot be read: ${detail}`);

const unsupported = (detail: string): AppError =>
  new AppError('model-unsupported', `the CatBoost model ${detail}`);
