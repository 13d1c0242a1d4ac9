/**
 * XGBoost's JSON and UBJSON -> ForeignModel.
 * Values are compared as float32, with `<`; a category in a node's set goes right.
 * @source xgboost doc/model.schema, src/tree/tree_model.cc, src/common/categorical.h
 */
import { AppError } from '../../core/errors.ts';
import { jsonFault } from '../../core/json-fault.ts';
import { buildCategoryAllocator, buildForest, COLUMNS_LIMIT } from '../build-forest.ts';
import type { ForeignColumn, ForeignModel } from '../foreign-model.ts';
import { countCodes, knownCategories, namesOfCodes } from './categories.ts';
import {
  broken,
  isRecord,
  type Json,
  jsonList,
  jsonNumbers,
  jsonRecord,
  jsonText,
  unsupported,
} from './json-record.ts';
import { readXgboostTree } from './tree.ts';
import { parseUbjson } from './ubjson.ts';

/**
 * @param isWrapped whether its scikit-learn wrapper holds it, which counts the trees up to the best round; a file that
 *   the wrapper saved says so itself
 * @throws AppError model-broken, model-unsupported
 */
export const parseXgboost = (bytes: Uint8Array, isWrapped = false): ForeignModel => {
  const document = parse(bytes);
  const root = isRecord(document['Model']) ? document['Model'] : document;
  const learner = jsonRecord(root, 'learner');
  const parameters = jsonRecord(learner, 'learner_model_param');
  const objective = jsonText(jsonRecord(learner, 'objective'), 'name');
  if (objective !== 'binary:logistic' && objective !== 'reg:logistic')
    throw unsupported(`has the objective ${objective}; binary:logistic is expected`);
  if (Number(parameters['num_class'] ?? 0) > 1 || Number(parameters['num_target'] ?? 1) > 1)
    throw unsupported('has more than one answer');
  const nFeatures = Number(parameters['num_feature']);
  if (!Number.isInteger(nFeatures) || nFeatures < 1 || nFeatures > COLUMNS_LIMIT)
    throw broken(`it has ${nFeatures} features`);
  const base = logitOf(parameters['base_score']);
  const booster = jsonRecord(learner, 'gradient_booster');
  const common = {
    madeBy: `XGBoost ${versionOf(root)}`,
    classes: ['0', '1'],
    link: 'logistic',
  } as const;
  if (booster['name'] === 'gblinear') {
    const weights = jsonNumbers(jsonRecord(booster, 'model'), 'weights');
    if (weights.length !== nFeatures + 1) throw broken('its weights do not fit its features');
    return {
      ...common,
      columns: columnsOf(learner, nFeatures),
      score: {
        kind: 'linear',
        weights: Float64Array.from(weights.slice(0, nFeatures)),
        intercept: base + weights[nFeatures]!,
      },
      acceptsMissing: true,
    };
  }
  const isDart = booster['name'] === 'dart';
  const inner = isDart ? jsonRecord(booster, 'gbtree') : booster;
  const model = jsonRecord(inner, 'model');
  const dropped = isDart ? jsonNumbers(booster, 'weight_drop') : undefined;
  const all = jsonList(model, 'trees');
  if (all.length === 0) throw unsupported('has no trees: it was not trained');
  const attributes = isRecord(learner['attributes']) ? learner['attributes'] : {};
  const best = bestOf(attributes, model, all.length);
  const stopsEarly = isWrapped || Object.hasOwn(attributes, 'scikit_learn');
  const kept = stopsEarly ? all.slice(0, best ?? all.length) : all;
  const { known, lost } = knownCategories(model);
  const nCodes = countCodes(kept, { known, lost });
  const allocate = buildCategoryAllocator();
  const trees = kept.map((tree, t) => readXgboostTree(tree, t, dropped?.[t] ?? 1, allocate));
  return {
    ...common,
    columns: columnsOf(learner, nFeatures, namesOfCodes(nCodes, known), known, lost),
    score: {
      kind: 'forest',
      forest: buildForest(trees, nFeatures, {
        comparison: '<',
        precision: 'float32',
        zeroIsMissing: false,
        base,
        scale: 1,
      }),
    },
    acceptsMissing: true,
    notes: notesOf(best, all.length, stopsEarly),
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
    throw broken(`it is not JSON: ${jsonFault(error)}`);
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
const bestOf = (attributes: Json, model: Json, nTrees: number): number | undefined => {
  if (!Object.hasOwn(attributes, 'best_iteration')) return undefined;
  const best = Number(attributes['best_iteration']);
  const ends = Array.isArray(model['iteration_indptr']) ? model['iteration_indptr'] : [];
  const end: unknown = ends[best + 1];
  // Before 2.0 a round of several trees is only told by this count.
  const trees = typeof end === 'number' ? end : Number(attributes['best_ntree_limit'] ?? best + 1);
  if (!(Number.isInteger(trees) && trees > 0 && trees <= nTrees))
    throw broken(`its best_iteration is ${String(attributes['best_iteration']).slice(0, 20)}`);
  return trees;
};

/** How many trees count, where that is a question. */
const notesOf = (
  best: number | undefined,
  nTrees: number,
  stopsEarly: boolean,
): readonly string[] => {
  if (best === undefined || best === nTrees) return [];
  return stopsEarly
    ? [`the training stopped early: its best ${best} of ${nTrees} trees count, as in XGBClassifier`]
    : [
        `all ${nTrees} trees count, as in Booster.predict; the training found the first ${best} best, and a file that XGBClassifier.save_model writes is read so`,
      ];
};

const columnsOf = (
  learner: Json,
  nFeatures: number,
  categories: ReadonlyMap<number, readonly string[]> = new Map(),
  known: ReadonlyMap<number, readonly string[]> = new Map(),
  lost: ReadonlyMap<number, number> = new Map(),
): ForeignColumn[] => {
  const names = learner['feature_names'];
  return Array.from({ length: nFeatures }, (_, f): ForeignColumn => {
    const name: unknown = Array.isArray(names) ? names[f] : undefined;
    const values = categories.get(f);
    const named = typeof name === 'string' ? { name } : {};
    if (!values) return named;
    if (known.has(f)) return { ...named, values };
    // The last one is in no set of a node, and so stands for all that are in none.
    if (!lost.has(f))
      return {
        ...named,
        values: [...values, `${values.length}`],
        isCoded: true,
        codes: 'cutSingle',
      };
    const column = typeof name === 'string' ? `'${name}'` : `${f}`;
    const namesLost = `XGBoost cut the names of the categories of column ${column} in the file, as it does where one is not ASCII`;
    return { ...named, values, isCoded: true, namesLost };
  });
};
