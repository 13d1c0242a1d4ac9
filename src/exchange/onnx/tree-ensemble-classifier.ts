/**
 * ONNX TreeEnsembleClassifier and TreeEnsembleRegressor (ai.onnx.ml 1 to 4) -> a forest score.
 * @source onnx docs Operators-ml.md; onnxruntime tree_ensemble_aggregator.h
 */
import { AppError } from '../../core/errors.ts';
import { buildCategoryAllocator, type ForeignNode, type ForeignTree } from '../build-forest.ts';
import { broken } from './errors.ts';
import {
  type Attributes,
  type GraphInput,
  numbersIn,
  textIn,
  textsIn,
  wholeIn,
  wholesIn,
} from './node.ts';
import {
  buildForestScore,
  checkRange,
  type EnsembleOutput,
  type ForestScore,
  type OutputActivation,
  outputOfTargets,
} from './tree-ensemble-output.ts';
import { leafNode, mergeChains, splitNode } from './tree-node.ts';

/** @throws AppError model-broken, model-unsupported */
export const readClassifier = (attributes: Attributes, input: GraphInput): ForestScore => {
  const output = outputOfClasses(attributes);
  const trees = readTrees(attributes, input, 'class', output);
  checkRange(trees, output);
  return buildForestScore(trees, output, input);
};

/** @throws AppError model-broken, model-unsupported (what it answers is no probability) */
export const readRegressor = (
  attributes: Attributes,
  input: GraphInput,
  after: OutputActivation | undefined,
): ForestScore => {
  const output = outputOfTargets({
    nTargets: wholeIn(attributes, 'n_targets') ?? 1,
    transform: textIn(attributes, 'post_transform') || 'NONE',
    aggregate: textIn(attributes, 'aggregate_function') || 'SUM',
    bases: numbersIn(attributes, 'base_values'),
    nTrees: new Set(wholesIn(attributes, 'nodes_treeids')).size,
    after,
  });
  const trees = readTrees(attributes, input, 'target', output);
  checkRange(trees, output);
  return buildForestScore(trees, output, input);
};

/** What class weights mean. */
const outputOfClasses = (attributes: Attributes): EnsembleOutput => {
  const bases = numbersIn(attributes, 'base_values');
  const ids = new Set(wholesIn(attributes, 'class_ids'));
  const transform = textIn(attributes, 'post_transform') || 'NONE';
  if (ids.size > 1)
    return outputOfTargets({
      nTargets: 2,
      transform,
      aggregate: 'SUM',
      bases,
      nTrees: 1,
      after: undefined,
    });
  // One score for two classes. The file's transform decides what it is, never the look of its numbers: onnxruntime
  // leaves LOGISTIC out where no weight is negative, and then answers otherwise than the library the file is of.
  if (transform !== 'NONE' && transform !== 'LOGISTIC')
    throw new AppError(
      'model-unsupported',
      `the ONNX model ends in ${transform}, which is not supported`,
    );
  if (bases.length > 1 && bases.some((base) => base !== 0))
    throw new AppError(
      'model-unsupported',
      'the ONNX model has two base values for one score, which runtimes add in different ways',
    );
  return {
    link: transform === 'LOGISTIC' ? 'logistic' : 'identity',
    base: bases[0] ?? 0,
    scale: 1,
    weightOf: (_, weight) => weight,
  };
};

/** Where a node lies: which tree, and which of its nodes. */
interface Place {
  readonly tree: number;
  readonly node: number;
}

/** @param kind `class` or `target`, the beginning of the names of the lists of leaves */
const readTrees = (
  attributes: Attributes,
  input: GraphInput,
  kind: 'class' | 'target',
  { weightOf }: EnsembleOutput,
): readonly ForeignTree[] => {
  const { trees, placeOf } = readNodes(attributes, input);
  const leaves = wholesIn(attributes, `${kind}_nodeids`);
  const leafTrees = wholesIn(attributes, `${kind}_treeids`);
  const ids = wholesIn(attributes, `${kind}_ids`);
  const weights = numbersIn(attributes, `${kind}_weights`);
  if ([leafTrees, ids, weights].some((list) => list.length !== leaves.length))
    throw broken('the lists of its leaves differ in length');
  leaves.forEach((leaf, i) => {
    const place = placeOf(leafTrees[i]!, leaf);
    const { nodes } = trees[place.tree]!;
    const node = nodes[place.node]!;
    nodes[place.node] = { ...node, value: node.value + weightOf(ids[i]!, weights[i]!) };
  });
  return trees.map(mergeChains);
};

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
  const places = new Map<string, number>();
  const trees = new Map<number, ForeignNode[]>();
  treeIds.forEach((treeId, i) => {
    const nodes = trees.get(treeId) ?? [];
    if (nodes.length === 0) trees.set(treeId, nodes);
    const key = `${treeId} ${ids[i]}`;
    if (places.has(key)) throw broken(`node ${ids[i]} of tree ${treeId} is there twice`);
    places.set(key, nodes.push(leafNode(0)) - 1);
  });
  const order = new Map([...trees.keys()].map((treeId, t) => [treeId, t]));
  const placeOf = (treeId: number, id: number): Place => {
    const node = places.get(`${treeId} ${id}`);
    if (node === undefined) throw broken(`node ${id} of tree ${treeId} does not exist`);
    return { tree: order.get(treeId)!, node };
  };
  const allocate = buildCategoryAllocator();
  const isChild = new Map([...trees].map(([id, nodes]) => [id, new Uint8Array(nodes.length)]));
  treeIds.forEach((treeId, i) => {
    if (modes[i] === 'LEAF') return;
    const child = (id: number): number => {
      const { node } = placeOf(treeId, id);
      isChild.get(treeId)![node] = 1;
      return node;
    };
    const split = {
      mode: modes[i]!,
      feature: features[i]!,
      values: [values[i]!],
      whenTrue: child(whenTrue[i]!),
      whenFalse: child(whenFalse[i]!),
      missingIsTrue: tracks[i] === 1,
    };
    trees.get(treeId)![placeOf(treeId, ids[i]!).node] = splitNode(split, isDouble, allocate);
  });
  return {
    placeOf,
    trees: [...trees].map(([treeId, nodes]) => {
      const root = isChild.get(treeId)!.indexOf(0);
      if (root < 0) throw broken(`tree ${treeId} has no root`);
      return { root, nodes };
    }),
  };
};
