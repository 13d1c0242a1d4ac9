/**
 * CatBoost's own binary format -> what it holds: `CBM1`, a length, a FlatBuffer, and after it the parts that only
 * statistics of categories have.
 * @source catboost/libs/model/flatbuffers/model.fbs, features.fbs; catboost/libs/model/model.cpp
 */
import type { ForeignModel } from '../foreign-model.ts';
import {
  type CatBoostFile,
  type CatBoostSplit,
  foreignOfCatBoost,
  type PlainNode,
} from './catboost.ts';
import { broken, unsupported } from './errors.ts';
import {
  byteField,
  type FlatTable,
  numberField,
  numbersField,
  rootTable,
  tableField,
  tablesField,
  textField,
  wholeField,
} from './flatbuffer.ts';
import { parametersOf, refuseStatistics, versionIn } from './model-info.ts';

/** Fields of a table by their place in the schema. */
const CORE = { version: 0, trees: 1, info: 2, parts: 3 } as const;
const TREES = {
  dimension: 0,
  splits: 1,
  sizes: 2,
  starts: 3,
  categorical: 4,
  numeric: 5,
  oneHot: 6,
  ctrs: 7,
  leafValues: 8,
  leafWeights: 9,
  steps: 10,
  leafOfNode: 11,
  texts: 12,
  estimated: 13,
  scale: 14,
  bias: 15,
  biases: 16,
  embeddings: 18,
} as const;
const NUMERIC = { flatIndex: 2, borders: 3, name: 4, missing: 5 } as const;
const CATEGORICAL = { index: 0, flatIndex: 1, name: 2 } as const;
const ONE_HOT = { index: 0, values: 1 } as const;
const AS_TRUE = 2;

const HEAD_BYTES = 8;
/** Borders and categories of all columns, far beyond what CatBoost cuts columns into. */
const QUESTIONS_LIMIT = 5_000_000;
/** Splits of one oblivious tree. */
const DEPTH_LIMIT = 16;

export const isCatBoostBinary = (head: string): boolean => head.startsWith('CBM1');

/** @throws AppError model-broken, model-unsupported */
export const parseCatBoostBinary = (bytes: Uint8Array): ForeignModel => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEAD_BYTES) throw broken('it is cut short');
  const length = view.getUint32(4, true);
  if (HEAD_BYTES + length > bytes.length) throw broken('it is cut short');
  const core = rootTable(bytes.subarray(HEAD_BYTES, HEAD_BYTES + length));
  const version = textField(core, CORE.version);
  if (version !== 'FlabuffersModel_v1')
    throw unsupported(`is of the format ${version.slice(0, 40)}, which is not known`);
  const trees = tableField(core, CORE.trees);
  if (!trees) throw broken('it has no trees');
  refuseStatistics({
    ctrs: tablesField(trees, TREES.ctrs).length,
    texts: tablesField(trees, TREES.texts).length + tablesField(trees, TREES.estimated).length,
    embeddings: tablesField(trees, TREES.embeddings).length,
  });
  if (wholeField(trees, TREES.dimension, 1) !== 1) throw unsupported('has more than one answer');
  const biases = numbersField(trees, TREES.biases, 'f64');
  const columns = columnsOf(trees);
  return foreignOfCatBoost({
    ...aboutModel(core),
    ...columns,
    trees: treesOf(trees, questionsOf(trees, columns)),
    scale: numberField(trees, TREES.scale, 1),
    bias: biases.length > 0 ? biases[0]! : numberField(trees, TREES.bias, 0),
  });
};

const aboutModel = (core: FlatTable): Pick<CatBoostFile, 'version' | 'loss' | 'classes'> => {
  const texts = new Map(
    tablesField(core, CORE.info).map((pair) => [textField(pair, 0), textField(pair, 1)]),
  );
  const parsed = (name: string): unknown => {
    try {
      return JSON.parse(texts.get(name) ?? '{}');
    } catch {
      throw broken(`its ${name} are not JSON`);
    }
  };
  return {
    version: versionIn(texts.get('catboost_version_info')),
    ...parametersOf(parsed('params'), parsed('class_params')),
  };
};

type Columns = Pick<CatBoostFile, 'numbers' | 'categories'>;

const columnsOf = (trees: FlatTable): Columns => {
  const hashes = new Map(
    tablesField(trees, TREES.oneHot).map((feature) => [
      wholeField(feature, ONE_HOT.index, -1),
      [...numbersField(feature, ONE_HOT.values, 'i32')],
    ]),
  );
  return {
    numbers: tablesField(trees, TREES.numeric).map((feature) => ({
      place: wholeField(feature, NUMERIC.flatIndex, -1),
      name: textField(feature, NUMERIC.name),
      missingRight: byteField(feature, NUMERIC.missing) === AS_TRUE,
    })),
    categories: tablesField(trees, TREES.categorical).map((feature) => ({
      place: wholeField(feature, CATEGORICAL.flatIndex, -1),
      name: textField(feature, CATEGORICAL.name),
      hashes: hashes.get(wholeField(feature, CATEGORICAL.index, -1)) ?? [],
    })),
  };
};

/** All questions that the trees may ask, by their number: borders of the numbers, then categories. */
const questionsOf = (trees: FlatTable, { categories }: Columns): readonly CatBoostSplit[] => {
  const places = new Map(
    tablesField(trees, TREES.categorical).map((feature, c) => [
      wholeField(feature, CATEGORICAL.index, -1),
      c,
    ]),
  );
  const questions: CatBoostSplit[] = [];
  const add = (question: CatBoostSplit): void => {
    if (questions.push(question) > QUESTIONS_LIMIT)
      throw broken('its columns have too many borders');
  };
  tablesField(trees, TREES.numeric).forEach((feature, f) => {
    for (const border of numbersField(feature, NUMERIC.borders, 'f32'))
      add({ of: 'number', feature: f, border });
  });
  for (const feature of tablesField(trees, TREES.oneHot)) {
    const place = places.get(wholeField(feature, ONE_HOT.index, -1)) ?? -1;
    for (const hash of categories[place]?.hashes ?? [])
      add({ of: 'category', feature: place, hash });
  }
  return questions;
};

const treesOf = (trees: FlatTable, questions: readonly CatBoostSplit[]): CatBoostFile['trees'] => {
  const splits = numbersField(trees, TREES.splits, 'i32');
  const sizes = numbersField(trees, TREES.sizes, 'i32');
  const starts = numbersField(trees, TREES.starts, 'i32');
  const values = numbersField(trees, TREES.leafValues, 'f64');
  const weights = numbersField(trees, TREES.leafWeights, 'f64');
  const steps = numbersField(trees, TREES.steps, 'u16', 2);
  const leafOfNode = numbersField(trees, TREES.leafOfNode, 'u32');
  const question = (at: number): CatBoostSplit => {
    const found = questions[splits[at]!];
    if (!found) throw broken(`a split asks question ${splits[at]} of ${questions.length}`);
    return found;
  };
  let firstLeaf = 0;
  let nNodes = 0;
  return Array.from(sizes, (size, t) => {
    const start = starts[t]!;
    if (!(start >= 0 && size >= 0 && start + size <= splits.length))
      throw broken(`tree ${t} lies outside its splits`);
    nNodes += size;
    if (nNodes > splits.length) throw broken('its trees share their splits');
    if (steps.length === 0) {
      if (size > DEPTH_LIMIT) throw broken(`tree ${t} has ${size} levels`);
      const nLeaves = 2 ** size;
      const from = firstLeaf;
      firstLeaf += nLeaves;
      if (firstLeaf > values.length) throw broken(`tree ${t} has more leaves than there are`);
      return {
        splits: Array.from({ length: size }, (_, i) => question(start + i)),
        values: values.subarray(from, firstLeaf),
        weights: weights.subarray(from, firstLeaf),
      };
    }
    const nodes: PlainNode[] = [];
    const leaves: PlainNode[] = [];
    for (let i = 0; i < size; i++) {
      const node = start + i;
      const [left, right] = [steps[2 * node]!, steps[2 * node + 1]!];
      const own = leafOfNode[node]!;
      const leaf = { left: -1, right: -1, value: values[own]!, weight: weights[own] ?? 1 };
      // A side without a step ends here, in the node's own leaf; so does a node without any.
      const below = (by: number): number => (by > 0 ? i + by : size + leaves.push(leaf) - 1);
      nodes.push(
        left === 0 && right === 0
          ? leaf
          : { split: question(node), left: below(left), right: below(right), value: 0, weight: 0 },
      );
    }
    return { nodes: [...nodes, ...leaves] };
  });
};
