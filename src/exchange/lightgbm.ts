/**
 * LightGBM's text format -> ForeignModel. One of the readers of foreign formats.
 * @source LightGBM src/boosting/gbdt_model_text.cpp, src/io/tree.cpp, include/LightGBM/tree.h
 */
import { AppError } from '../core/errors.ts';
import type { ForeignColumn, ForeignModel, Link } from './foreign.ts';
import {
  COLUMNS_LIMIT,
  type ForeignNode,
  type ForeignTree,
  growForest,
  VALUES_LIMIT,
} from './grow.ts';

const CATEGORICAL = 1;
const DEFAULT_LEFT = 2;
const MISSING = ['none', 'zero', 'nan'] as const;
type Missing = (typeof MISSING)[number];

type Fields = ReadonlyMap<string, string>;

/**
 * @param most trees that count, where the training stopped early
 * @throws AppError model-broken, model-unsupported
 */
export const parseLightGbm = (text: string, most?: number): ForeignModel => {
  const [head, ...rest] = text.split(/^Tree=\d+\s*$/m);
  const header = fieldsOf(head!);
  if (!head!.startsWith('tree')) throw broken('it does not start with "tree"');
  const end =
    rest.length > 0
      ? rest[rest.length - 1]!.indexOf('end of trees')
      : head!.indexOf('end of trees');
  if (end < 0) throw broken('"end of trees" is missing: the file is cut short');
  const trees = rest.slice(0, most).map((part) => fieldsOf(part.split('end of trees')[0]!));
  if (
    Number(header.get('num_class') ?? 1) !== 1 ||
    Number(header.get('num_tree_per_iteration') ?? 1) !== 1
  )
    throw unsupported(`has ${header.get('num_class')} classes; two are expected`);
  const { link, steepness } = linkOf(header.get('objective') ?? '');
  const nFeatures = wholeOf(header, 'max_feature_idx') + 1;
  if (nFeatures > COLUMNS_LIMIT) throw broken(`it has ${nFeatures} columns`);
  const isAverage = header.has('average_output');
  const isZeroMissing = trees.some((tree) =>
    numbersOf(tree, 'decision_type').some((type) => missingOf(type) === 'zero'),
  );
  const grown = trees.map((tree, t) => treeOf(tree, t, isZeroMissing));
  const forest = growForest(grown, nFeatures, {
    comparison: '<=',
    precision: 'float64',
    zeroIsMissing: isZeroMissing,
    base: 0,
    scale: (isAverage ? 1 / Math.max(1, trees.length) : 1) * steepness,
  });
  return {
    madeBy: 'LightGBM',
    columns: columnsOf(text, header, nFeatures, categoricalFeatures(grown)),
    score: { kind: 'forest', forest },
    link,
    classes: ['0', '1'],
    acceptsMissing: true,
  };
};

/** `key=value` lines; a key that stands alone has the value ''. */
const fieldsOf = (part: string): Fields => {
  const fields = new Map<string, string>();
  for (const line of part.split(/\r?\n/)) {
    const at = line.indexOf('=');
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1));
    else if (line !== '') fields.set(line, '');
  }
  return fields;
};

/** `binary sigmoid:1`: the sigmoid's steepness multiplies the score. */
const linkOf = (objective: string): { link: Link; steepness: number } => {
  const [kind, ...parameters] = objective.split(' ');
  const sigmoid = parameters.find((parameter) => parameter.startsWith('sigmoid:'));
  switch (kind) {
    case 'binary':
      return { link: 'logistic', steepness: sigmoid ? Number(sigmoid.slice(8)) : 1 };
    case 'cross_entropy':
    case 'xentropy':
      return { link: 'logistic', steepness: 1 };
    default:
      throw unsupported(
        `has the objective '${objective}'; 'binary' or 'cross_entropy' is expected`,
      );
  }
};

const treeOf = (fields: Fields, tree: number, isZeroMissing: boolean): ForeignTree => {
  const nLeaves = wholeOf(fields, 'num_leaves');
  if (Number(fields.get('is_linear') ?? 0) !== 0)
    throw unsupported('has linear models in its leaves');
  const values = listOf(fields, 'leaf_value', nLeaves);
  const counts = fields.get('leaf_count')
    ? listOf(fields, 'leaf_count', nLeaves)
    : new Array<number>(nLeaves).fill(1);
  const nInner = nLeaves - 1;
  const columns = ['split_feature', 'threshold', 'decision_type', 'left_child', 'right_child'].map(
    (name) => (nInner === 0 ? [] : listOf(fields, name, nInner)),
  );
  const [feature, threshold, type, left, right] = columns as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  const boundaries = numbersOf(fields, 'cat_boundaries');
  const words = Uint32Array.from(numbersOf(fields, 'cat_threshold'));
  const nodes: ForeignNode[] = [];
  /** Inner node i stays i, leaf i (written ~i) follows the inner nodes. */
  const indexOf = (child: number): number => (child >= 0 ? child : nInner + ~child);
  for (let i = 0; i < nInner; i++) {
    const isCategorical = (type[i]! & CATEGORICAL) !== 0;
    const set = threshold[i]!;
    nodes.push({
      feature: feature[i]!,
      threshold: isCategorical ? 0 : thresholdOf(threshold[i]!),
      left: indexOf(left[i]!),
      right: indexOf(right[i]!),
      missingLeft:
        !isCategorical && missingGoesLeft(type[i]!, threshold[i]!, isZeroMissing, tree, i),
      value: 0,
      cover: 0,
      ...(isCategorical && { categories: words.subarray(boundaries[set], boundaries[set + 1]) }),
    });
    if (isCategorical && isZeroMissing)
      throw unsupported('treats zero as missing and splits by categories');
    if (
      isCategorical &&
      !(boundaries[set]! <= boundaries[set + 1]! && boundaries[set + 1]! <= words.length)
    )
      throw broken(`tree ${tree}, node ${i}: category set ${set} does not exist`);
  }
  for (let leaf = 0; leaf < nLeaves; leaf++) {
    nodes.push({
      feature: -1,
      threshold: 0,
      left: -1,
      right: -1,
      missingLeft: false,
      value: values[leaf]!,
      cover: counts[leaf]!,
    });
  }
  return { root: 0, nodes };
};

/** What LightGBM takes for zero, and the neighbour of its negative towards minus infinity. */
const ZERO = Math.fround(1e-35);
const BELOW_ZERO = -1.0000000180025096e-35;

/** LightGBM reads a value of -ZERO as 0, so it is not left of a threshold of -ZERO. */
const thresholdOf = (threshold: number): number => (threshold === -ZERO ? BELOW_ZERO : threshold);

const missingOf = (type: number): Missing => MISSING[(type >> 2) & 3] ?? 'none';

/** Where NaN goes: as learned; where a node has no rule for missing values, LightGBM reads NaN as 0. */
const missingGoesLeft = (
  type: number,
  threshold: number,
  isZeroMissing: boolean,
  tree: number,
  node: number,
): boolean => {
  const defaultLeft = (type & DEFAULT_LEFT) !== 0;
  const zeroLeft = 0 <= threshold;
  switch (missingOf(type)) {
    case 'zero':
      return defaultLeft;
    case 'none':
      return zeroLeft;
    case 'nan':
      if (isZeroMissing && defaultLeft !== zeroLeft)
        throw unsupported(
          `treats zero as missing in some splits only (tree ${tree}, node ${node})`,
        );
      return defaultLeft;
  }
};

const categoricalFeatures = (trees: readonly ForeignTree[]): ReadonlyMap<number, number> => {
  const nCodes = new Map<number, number>();
  for (const { nodes } of trees) {
    for (const { feature, categories } of nodes) {
      if (categories)
        nCodes.set(feature, Math.max(nCodes.get(feature) ?? 0, categories.length * 32));
    }
  }
  return nCodes;
};

/** Names, and the values of categories: pandas' own, else those that `feature_infos` lists. */
const columnsOf = (
  text: string,
  header: Fields,
  nFeatures: number,
  categorical: ReadonlyMap<number, number>,
): ForeignColumn[] => {
  const names = (header.get('feature_names') ?? '').split(' ');
  const infos = (header.get('feature_infos') ?? '').split(' ');
  const pandas = pandasCategories(text);
  let nthCategory = 0;
  let nValues = 0;
  return Array.from({ length: nFeatures }, (_, f): ForeignColumn => {
    const name = names[f];
    const named = name === undefined || /^Column_\d+$/.test(name) ? {} : { name };
    const isCategory = categorical.has(f) || /^-?\d+(:-?\d+)*$/.test(infos[f] ?? '');
    if (!isCategory) return named;
    const own = pandas[nthCategory++];
    const most = (infos[f] ?? '')
      .split(':')
      .reduce((m, code) => Math.max(m, Number(code) || 0), (categorical.get(f) ?? 0) - 1);
    if (own) return { ...named, values: own };
    nValues += most;
    if (nValues > VALUES_LIMIT) throw unsupported(`has a category code of ${most}`);
    const codes = Array.from({ length: most + 1 }, (_, code) => `${code}`);
    return { ...named, values: codes, isCoded: true };
  });
};

/** The last line, `pandas_categorical:[["a","b"],...]`: a list of values per categorical column. */
const pandasCategories = (text: string): readonly (readonly string[])[] => {
  const match = /^pandas_categorical:(.*)$/m.exec(text);
  if (!match) return [];
  try {
    const lists: unknown = JSON.parse(match[1]!);
    return Array.isArray(lists)
      ? lists.map((list) => (Array.isArray(list) ? list.map(String) : []))
      : [];
  } catch (cause) {
    throw new AppError('model-broken', 'the LightGBM model has a broken pandas_categorical line', {
      cause,
    });
  }
};

const numbersOf = (fields: Fields, name: string): number[] => {
  const text = fields.get(name);
  return text === undefined || text === '' ? [] : text.trim().split(/\s+/).map(Number);
};

const listOf = (fields: Fields, name: string, length: number): number[] => {
  const numbers = numbersOf(fields, name);
  if (numbers.length !== length || numbers.some(Number.isNaN))
    throw broken(`${name} should be ${length} numbers`);
  return numbers;
};

const wholeOf = (fields: Fields, name: string): number => {
  const number = Number(fields.get(name) ?? Number.NaN);
  if (!Number.isInteger(number) || number < 0 || number > 10_000_000)
    throw broken(`${name} is missing or not a whole number`);
  return number;
};

const broken = (detail: string): AppError =>
  new AppError('model-broken', `the LightGBM model can not be read: ${detail}`);

const unsupported = (detail: string): AppError =>
  new AppError('model-unsupported', `the LightGBM model ${detail}`);
