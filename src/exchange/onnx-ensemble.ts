/**
 * ONNX TreeEnsembleClassifier -> a forest score. Stands below `onnx`.
 * Every comparison becomes `<=` (or a category set for "equals"), as our forests know one comparison.
 */
import { AppError } from '../core/errors.ts';
import type { Score } from '../core/model.ts';
import type { ForeignColumn, Link } from './foreign.ts';
import {
  buildSets,
  COLUMNS_LIMIT,
  type ForeignNode,
  type ForeignTree,
  growForest,
  VALUES_LIMIT,
} from './grow.ts';
import {
  type Attributes,
  type GraphInput,
  numbersIn,
  textIn,
  textsIn,
  wholesIn,
} from './onnx-node.ts';

interface Ensemble {
  readonly score: Score & { readonly kind: 'forest' };
  readonly link: Link;
  readonly trees: readonly ForeignTree[];
}

/** @throws AppError model-broken, model-unsupported */
export const readEnsemble = (attributes: Attributes, input: GraphInput): Ensemble => {
  const { trees, indexOf } = readNodes(attributes, input);
  const { link, weightOf, base } = readOutcome(attributes);
  const leaves = wholesIn(attributes, 'class_nodeids');
  const leafTrees = wholesIn(attributes, 'class_treeids');
  const ids = wholesIn(attributes, 'class_ids');
  const weights = numbersIn(attributes, 'class_weights');
  if ([leafTrees, ids, weights].some((list) => list.length !== leaves.length))
    throw broken('the lists of its leaves differ in length');
  leaves.forEach((leaf, i) => {
    const place = indexOf.get(`${leafTrees[i]} ${leaf}`);
    const node = place && trees[place.tree]!.nodes[place.node];
    if (!place || !node) throw broken(`a leaf's node ${leaf} does not exist`);
    (trees[place.tree]!.nodes as ForeignNode[])[place.node] = {
      ...node,
      value: node.value + weightOf(ids[i]!, weights[i]!),
    };
  });
  const nFeatures = trees.reduce(
    (most, { nodes }) => nodes.reduce((m, { feature }) => Math.max(m, feature + 1), most),
    Math.max(1, input.nColumns),
  );
  if (nFeatures > COLUMNS_LIMIT) throw broken(`it asks ${nFeatures} columns`);
  const forest = growForest(trees, nFeatures, {
    comparison: '<=',
    precision: input.isDouble ? 'float64' : 'float32',
    zeroIsMissing: false,
    base,
    scale: 1,
  });
  return { score: { kind: 'forest', forest }, link, trees };
};

/** Columns that are only asked "equals" are categories 0, 1, 2, ... */
export const columnsOfEnsemble = (
  trees: readonly ForeignTree[],
  nFeatures: number,
): ForeignColumn[] => {
  const nCodes = new Array<number>(nFeatures).fill(0);
  for (const { nodes } of trees)
    for (const { feature, categories } of nodes)
      if (categories) nCodes[feature] = Math.max(nCodes[feature]!, categories.length * 32);
  for (const { nodes } of trees)
    for (const { feature, categories } of nodes)
      if (feature >= 0 && !categories && nCodes[feature]! > 0)
        throw new AppError(
          'model-unsupported',
          `the ONNX model asks column ${feature} both for equality and for order`,
        );
  if (nCodes.reduce((sum, n) => sum + n, 0) > 2 * VALUES_LIMIT)
    throw new AppError('model-unsupported', 'the ONNX model has too many categories');
  return nCodes.map((n) =>
    n === 0 ? {} : { values: Array.from({ length: n }, (_, c) => `${c}`), isCoded: true },
  );
};

/** What class weights mean, as onnxruntime reads them. */
const readOutcome = (attributes: Attributes) => {
  const weights = numbersIn(attributes, 'class_weights');
  const bases = numbersIn(attributes, 'base_values');
  const ids = new Set(wholesIn(attributes, 'class_ids'));
  const transform = textIn(attributes, 'post_transform') || 'NONE';
  if (ids.size <= 1) {
    // One score for two classes: where no weight is negative it is a probability as it is.
    const isProbability = weights.every((weight) => weight >= 0);
    if (!isProbability && transform !== 'LOGISTIC') throw unsupported(transform);
    const link: Link = isProbability ? 'identity' : 'logistic';
    return { link, base: bases.at(-1) ?? 0, weightOf: (_: number, weight: number) => weight };
  }
  if (transform === 'SOFTMAX') {
    return {
      link: 'logistic' as Link,
      base: (bases[1] ?? 0) - (bases[0] ?? 0),
      weightOf: (id: number, weight: number) => (id === 1 ? weight : -weight),
    };
  }
  if (transform !== 'NONE' && transform !== 'LOGISTIC') throw unsupported(transform);
  return {
    link: (transform === 'NONE' ? 'identity' : 'logistic') as Link,
    base: bases[1] ?? 0,
    weightOf: (id: number, weight: number) => (id === 1 ? weight : 0),
  };
};

interface Place {
  readonly tree: number;
  readonly node: number;
}

const readNodes = (attributes: Attributes, { isDouble }: GraphInput) => {
  const treeIds = wholesIn(attributes, 'nodes_treeids');
  const list = (name: string): readonly number[] => {
    const numbers = wholesIn(attributes, name);
    if (numbers.length !== treeIds.length) throw broken(`${name} has another length`);
    return numbers;
  };
  const [ids, features] = [list('nodes_nodeids'), list('nodes_featureids')];
  const [whenTrue, whenFalse] = [list('nodes_truenodeids'), list('nodes_falsenodeids')];
  const tracks = wholesIn(attributes, 'nodes_missing_value_tracks_true');
  const modes = textsIn(attributes, 'nodes_modes');
  const values = numbersIn(attributes, 'nodes_values');
  if (modes.length !== treeIds.length || values.length !== treeIds.length)
    throw broken('the lists of its nodes differ in length');
  const take = buildSets();
  const indexOf = new Map<string, Place>();
  const positions = new Map<number, number>();
  const trees: ForeignNode[][] = [];
  const children: Set<number>[] = [];
  treeIds.forEach((treeId, i) => {
    const tree = positions.get(treeId) ?? trees.push([]) - 1;
    positions.set(treeId, tree);
    children[tree] ??= new Set();
    const key = `${treeId} ${ids[i]}`;
    if (indexOf.has(key)) throw broken(`node ${ids[i]} of tree ${treeId} stands there twice`);
    indexOf.set(key, { tree, node: trees[tree]!.length });
    trees[tree]!.push(nodeOf(modes[i]!, features[i]!, values[i]!, tracks[i] === 1, isDouble, take));
  });
  treeIds.forEach((treeId, i) => {
    const { tree, node } = indexOf.get(`${treeId} ${ids[i]}`)!;
    if (modes[i] === 'LEAF') return;
    const child = (id: number): number => {
      const place = indexOf.get(`${treeId} ${id}`);
      if (!place) throw broken(`tree ${treeId} points to node ${id}, which does not exist`);
      children[tree]!.add(place.node);
      return place.node;
    };
    const [yes, no] = [child(whenTrue[i]!), child(whenFalse[i]!)];
    const isSwapped = SWAPPED.includes(modes[i]!);
    trees[tree]![node] = {
      ...trees[tree]![node]!,
      left: isSwapped ? no : yes,
      right: isSwapped ? yes : no,
    };
  });
  return {
    indexOf,
    trees: trees.map((nodes, t): ForeignTree => {
      const root = nodes.findIndex((_, i) => !children[t]!.has(i));
      if (root < 0) throw broken(`tree ${t} has no root`);
      return { root, nodes };
    }),
  };
};

/** Modes whose true branch is our right one. */
const SWAPPED = ['BRANCH_GT', 'BRANCH_GTE', 'BRANCH_NEQ'];

const nodeOf = (
  mode: string,
  feature: number,
  value: number,
  tracksTrue: boolean,
  isDouble: boolean,
  take: (nWords: number) => Uint32Array,
): ForeignNode => {
  const node: ForeignNode = {
    feature,
    threshold: value,
    left: -1,
    right: -1,
    missingLeft: SWAPPED.includes(mode) ? !tracksTrue : tracksTrue,
    value: 0,
    cover: 1,
  };
  switch (mode) {
    case 'LEAF':
      return { ...node, feature: -1, threshold: 0 };
    case 'BRANCH_LEQ':
    case 'BRANCH_GT':
      return node;
    case 'BRANCH_LT':
    case 'BRANCH_GTE':
      return { ...node, threshold: below(value, isDouble) };
    case 'BRANCH_EQ':
    case 'BRANCH_NEQ': {
      if (!(Number.isInteger(value) && value >= 0 && value < VALUES_LIMIT))
        throw new AppError('model-unsupported', `the ONNX model asks for equality with ${value}`);
      const categories = take((value >>> 5) + 1);
      categories[value >>> 5] = 1 << (value & 31);
      return { ...node, categories };
    }
    default:
      throw new AppError('model-unsupported', `the ONNX model has a node of the mode ${mode}`);
  }
};

/** The next number below, in the precision of the input: `x < t` is `x <= below(t)`. */
const below = (value: number, isDouble: boolean): number => {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return isDouble ? -Number.MIN_VALUE : -(2 ** -149);
  const step = value > 0 ? -1 : 1;
  if (isDouble) {
    const bits = new BigInt64Array(Float64Array.of(value).buffer);
    bits[0] = bits[0]! + BigInt(step);
    return new Float64Array(bits.buffer)[0]!;
  }
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0] = bits[0]! + step;
  return new Float32Array(bits.buffer)[0]!;
};

const broken = (detail: string): AppError =>
  new AppError('model-broken', `the ONNX model can not be read: ${detail}`);

const unsupported = (transform: string): AppError =>
  new AppError('model-unsupported', `the ONNX model ends in ${transform}, which is not supported`);
