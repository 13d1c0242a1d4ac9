/**
 * XGBoost's JSON and UBJSON -> ForeignModel. One of the readers of foreign formats.
 * Values are compared as float32, with `<`; a category in a node's set goes right.
 * @source xgboost doc/model.schema, src/tree/tree_model.cc, src/common/categorical.h
 */
import { AppError } from '../core/errors.ts';
import type { ForeignColumn, ForeignModel } from './foreign.ts';
import {
  buildSets,
  COLUMNS_LIMIT,
  type ForeignNode,
  type ForeignTree,
  growForest,
  type TakeWords,
  VALUES_LIMIT,
} from './grow.ts';
import { parseUbjson } from './ubjson.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * @param stopsEarly whether only the trees up to the best round count, as its scikit-learn wrapper does
 * @throws AppError model-broken, model-unsupported
 */
export const parseXgboost = (bytes: Uint8Array, stopsEarly = false): ForeignModel => {
  const document = parse(bytes);
  const root = isRecord(document['Model']) ? document['Model'] : document;
  const learner = recordOf(root, 'learner');
  const parameters = recordOf(learner, 'learner_model_param');
  const objective = textOf(recordOf(learner, 'objective'), 'name');
  if (objective !== 'binary:logistic' && objective !== 'reg:logistic')
    throw unsupported(`has the objective ${objective}; binary:logistic is expected`);
  if (Number(parameters['num_class'] ?? 0) > 1 || Number(parameters['num_target'] ?? 1) > 1)
    throw unsupported('has more than one answer');
  const nFeatures = Number(parameters['num_feature']);
  if (!Number.isInteger(nFeatures) || nFeatures < 1 || nFeatures > COLUMNS_LIMIT)
    throw broken(`it has ${nFeatures} features`);
  const base = logitOf(parameters['base_score']);
  const booster = recordOf(learner, 'gradient_booster');
  const common = {
    madeBy: `XGBoost ${versionOf(root)}`,
    classes: ['0', '1'],
    link: 'logistic',
  } as const;
  if (booster['name'] === 'gblinear') {
    const weights = numbersOf(recordOf(booster, 'model'), 'weights');
    if (weights.length !== nFeatures + 1) throw broken('its weights do not fit its features');
    return {
      ...common,
      columns: columnsOf(learner, nFeatures, new Map(), new Map()),
      score: {
        kind: 'linear',
        weights: Float64Array.from(weights.slice(0, nFeatures)),
        intercept: base + weights[nFeatures]!,
      },
      acceptsMissing: true,
    };
  }
  const isDart = booster['name'] === 'dart';
  const inner = isDart ? recordOf(booster, 'gbtree') : booster;
  const model = recordOf(inner, 'model');
  const dropped = isDart ? numbersOf(booster, 'weight_drop') : undefined;
  const all = listOf(model, 'trees');
  const kept = stopsEarly ? all.slice(0, bestOf(learner, model) ?? all.length) : all;
  const known = knownCategories(model);
  const nCodes = countCodes(kept, known);
  const take = buildSets();
  const trees = kept.map((tree, t) => treeOf(tree, t, dropped?.[t] ?? 1, take));
  return {
    ...common,
    columns: columnsOf(learner, nFeatures, namesOfCodes(nCodes, known), known),
    score: {
      kind: 'forest',
      forest: growForest(trees, nFeatures, {
        comparison: '<',
        precision: 'float32',
        zeroIsMissing: false,
        base,
        scale: 1,
      }),
    },
    acceptsMissing: true,
  };
};

const parse = (bytes: Uint8Array): Json => {
  // JSON objects go on with a quote or a blank, UBJSON ones with a length or a shape.
  const isText = bytes[0] === 0x7b && [0x22, 0x20, 0x0a, 0x0d, 0x09].includes(bytes[1] ?? 0);
  if (!isText && bytes[0] !== 0x7b)
    throw unsupported("is in XGBoost's old binary format; save it again as JSON or UBJSON");
  let document: unknown;
  try {
    document = isText ? parseJson(Buffer.from(bytes).toString('utf8')) : parseUbjson(bytes);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw broken(`it is not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(document)) throw broken('it is no object');
  return document;
};

/** XGBoost 2.0 writes NaN for the thresholds of category splits, which JSON does not know. */
const parseJson = (text: string): unknown => {
  const isPlain = !/[[,]NaN[,\]]/.test(text);
  return JSON.parse(isPlain ? text : text.replace(/(?<=[[,])NaN(?=[,\]])/g, 'null'));
};

const versionOf = (root: Json): string =>
  Array.isArray(root['version']) ? root['version'].map(Number).join('.') : '';

/** `5E-1`, or `[4.25E-1]` since 3.1: a probability. */
const logitOf = (score: unknown): number => {
  const text = Array.isArray(score) ? String(score[0]) : String(score).replace(/[[\]]/g, '');
  const probability = Math.fround(Number(text));
  if (!(probability > 0 && probability < 1)) throw broken(`its base score is ${text}`);
  return -Math.log(1 / probability - 1);
};

/** Trees up to the best round, where the training stopped early. */
const bestOf = (learner: Json, model: Json): number | undefined => {
  const attributes = learner['attributes'];
  const best = isRecord(attributes) ? attributes['best_iteration'] : undefined;
  if (best === undefined) return undefined;
  const ends = Array.isArray(model['iteration_indptr']) ? model['iteration_indptr'] : [];
  const end = ends[Number(best) + 1];
  if (typeof end === 'number') return end;
  // Before 2.0 a round of several trees is only told by this count.
  const trees = isRecord(attributes) ? attributes['best_ntree_limit'] : undefined;
  return Number(trees ?? Number(best) + 1);
};

/** Names of categories, where XGBoost keeps them (since 3.1): text, or whole numbers. */
const knownCategories = (model: Json): ReadonlyMap<number, readonly string[]> => {
  const cats = model['cats'];
  const known = new Map<number, readonly string[]>();
  const lists = isRecord(cats) && Array.isArray(cats['enc']) ? cats['enc'] : [];
  lists.forEach((list: unknown, f: number) => {
    if (!isRecord(list) || !Array.isArray(list['values'])) return;
    const values = numbersOf(list, 'values');
    if (!Array.isArray(list['offsets'])) {
      if (values.length > 0) known.set(f, values.map(String));
      return;
    }
    const offsets = numbersOf(list, 'offsets');
    const bytes = Buffer.from(values);
    const names = offsets
      .slice(1)
      .map((end, i) => bytes.subarray(offsets[i]!, end).toString('utf8'));
    if (names.length > 0) known.set(f, names);
  });
  return known;
};

/** How many categories each categorical feature has. */
const countCodes = (
  trees: readonly unknown[],
  known: ReadonlyMap<number, readonly string[]>,
): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>();
  for (const [f, names] of known) counts.set(f, names.length);
  for (const tree of trees) {
    if (!isRecord(tree) || !Array.isArray(tree['categories_nodes'])) continue;
    const features = numbersOf(tree, 'split_indices');
    for (const [node, set] of setsOf(tree)) {
      const f = features[node]!;
      for (const code of set) {
        if (!(Number.isInteger(code) && code >= 0 && code < VALUES_LIMIT))
          throw broken(`a category has the code ${code}`);
        counts.set(f, Math.max(counts.get(f) ?? 0, code + 1));
      }
    }
  }
  return counts;
};

const namesOfCodes = (
  counts: ReadonlyMap<number, number>,
  known: ReadonlyMap<number, readonly string[]>,
): ReadonlyMap<number, readonly string[]> => {
  if ([...counts.values()].reduce((sum, count) => sum + count, 0) > 2 * VALUES_LIMIT)
    throw unsupported('has too many categories');
  return new Map(
    [...counts].map(([f, count]) => {
      const names = known.get(f);
      return [
        f,
        names && names.length >= count ? names : Array.from({ length: count }, (_, c) => `${c}`),
      ];
    }),
  );
};

/** Per categorical node: the codes that go right. */
const setsOf = (tree: Json): ReadonlyMap<number, readonly number[]> => {
  const nodes = numbersOf(tree, 'categories_nodes');
  const starts = numbersOf(tree, 'categories_segments');
  const sizes = numbersOf(tree, 'categories_sizes');
  const codes = numbersOf(tree, 'categories');
  if (sizes.reduce((sum, size) => sum + Math.abs(size), 0) > codes.length)
    throw broken('its category sets overlap');
  return new Map(
    nodes.map((node, i) => [node, codes.slice(starts[i]!, starts[i]! + sizes[i]!)] as const),
  );
};

const treeOf = (tree: unknown, t: number, weight: number, take: TakeWords): ForeignTree => {
  if (!isRecord(tree)) throw broken(`tree ${t} is no object`);
  const left = numbersOf(tree, 'left_children');
  const numbers = (name: string): readonly number[] => {
    const list = numbersOf(tree, name);
    if (list.length !== left.length) throw broken(`tree ${t} has ${list.length} ${name}`);
    return list;
  };
  const [right, feature] = [numbers('right_children'), numbers('split_indices')];
  const [condition, defaultLeft] = [numbers('split_conditions'), numbers('default_left')];
  const cover = Array.isArray(tree['sum_hessian']) ? numbers('sum_hessian') : [];
  const sets = Array.isArray(tree['categories_nodes']) ? setsOf(tree) : new Map();
  return {
    root: 0,
    nodes: left.map((child, i): ForeignNode => {
      const isLeaf = child === -1;
      const set = isLeaf ? undefined : (sets.get(i) as readonly number[] | undefined);
      return {
        feature: isLeaf ? -1 : feature[i]!,
        threshold: Math.fround(condition[i]!),
        // The codes of a set go right, every other one left: here the sides change places.
        left: set ? right[i]! : child,
        right: set ? child : right[i]!,
        missingLeft: (defaultLeft[i] === 1) !== (set !== undefined),
        value: isLeaf ? Math.fround(condition[i]!) * weight : 0,
        cover: cover[i] ?? 1,
        ...(set && { categories: wordsOf(set, take) }),
      };
    }),
  };
};

const wordsOf = (codes: readonly number[], take: TakeWords): Uint32Array => {
  const words = take((codes.reduce((most, code) => Math.max(most, code), 0) >>> 5) + 1);
  for (const code of codes) words[code >>> 5]! |= 1 << (code & 31);
  return words;
};

const columnsOf = (
  learner: Json,
  nFeatures: number,
  categories: ReadonlyMap<number, readonly string[]>,
  known: ReadonlyMap<number, readonly string[]>,
): ForeignColumn[] => {
  const names = learner['feature_names'];
  return Array.from({ length: nFeatures }, (_, f): ForeignColumn => {
    const name: unknown = Array.isArray(names) ? names[f] : undefined;
    const values = categories.get(f);
    const named = typeof name === 'string' ? { name } : {};
    return values ? { ...named, values, isCoded: !known.has(f) } : named;
  });
};

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const own = (record: Json, name: string): unknown =>
  Object.hasOwn(record, name) ? record[name] : undefined;

const recordOf = (record: Json, name: string): Json => {
  const value = own(record, name);
  if (!isRecord(value)) throw broken(`${name} is missing`);
  return value;
};

const listOf = (record: Json, name: string): readonly unknown[] => {
  const value = own(record, name);
  if (!Array.isArray(value)) throw broken(`${name} is missing`);
  return value;
};

const numbersOf = (record: Json, name: string): readonly number[] => {
  const list = listOf(record, name).map((item) =>
    typeof item === 'boolean' ? +item : item === null ? Number.NaN : item,
  );
  if (!list.every((item) => typeof item === 'number')) throw broken(`${name} holds no numbers`);
  return list as readonly number[];
};

const textOf = (record: Json, name: string): string => {
  const value = own(record, name);
  if (typeof value !== 'string') throw broken(`${name} is missing`);
  return value;
};

const broken = (detail: string): AppError =>
  new AppError('model-broken', `the XGBoost model can not be read: ${detail}`);

const unsupported = (detail: string): AppError =>
  new AppError('model-unsupported', `the XGBoost model ${detail}`);
