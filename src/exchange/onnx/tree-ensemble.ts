/**
 * ONNX TreeEnsemble (ai.onnx.ml 5) -> a forest score: inner nodes and leaves in lists of their own.
 * @source onnx docs Operators-ml.md, TreeEnsemble; onnxruntime tree_ensemble_attribute.h
 */
import { AppError } from '../../core/errors.ts';
import { buildCategoryAllocator, type ForeignNode, type ForeignTree } from '../build-forest.ts';
import { broken } from './errors.ts';
import { type Attributes, type GraphInput, tensorIn, wholeIn, wholesIn } from './node.ts';
import {
  buildForestScore,
  checkRange,
  type ForestScore,
  type OutputActivation,
  outputOfTargets,
} from './tree-ensemble-output.ts';
import { leafNode, MODES, mergeChains, type OnnxSplit, splitNode } from './tree-node.ts';

const AGGREGATES = ['AVERAGE', 'SUM', 'MIN', 'MAX'];
const SUM = 1;
const MEMBER = MODES.indexOf('BRANCH_MEMBER');

/** @throws AppError model-broken, model-unsupported (what it answers is no probability) */
export const readTreeEnsemble = (
  attributes: Attributes,
  input: GraphInput,
  after: OutputActivation | undefined,
): ForestScore => {
  const roots = wholesIn(attributes, 'tree_roots');
  if (roots.length === 0) throw broken('it has no trees');
  // The specification counts SOFTMAX, LOGISTIC from 1 on, onnxruntime 1.32 LOGISTIC, SOFTMAX.
  if ((wholeIn(attributes, 'post_transform') ?? 0) !== 0)
    throw new AppError(
      'model-unsupported',
      'the ONNX model ends in a post_transform, which runtimes read differently; NONE is expected, with a Sigmoid or Softmax after it',
    );
  const output = outputOfTargets({
    nTargets: wholeIn(attributes, 'n_targets') ?? 1,
    transform: 'NONE',
    aggregate: AGGREGATES[wholeIn(attributes, 'aggregate_function') ?? SUM] ?? 'an unknown rule',
    bases: [],
    nTrees: roots.length,
    after,
  });
  const { splits, isDouble } = readSplits(attributes);
  const targets = wholesIn(attributes, 'leaf_targetids');
  const weights = tensorIn(attributes, 'leaf_weights')?.numbers ?? [];
  if (targets.length !== weights.length) throw broken('the lists of its leaves differ in length');
  const leaf = (i: number): ForeignNode => {
    if (weights[i] === undefined) throw broken(`leaf ${i} does not exist`);
    return leafNode(output.weightOf(targets[i]!, weights[i]));
  };
  const allocate = buildCategoryAllocator();
  const isTaken = new Uint8Array(splits.length);
  const trees = roots.map((root): ForeignTree => {
    const nodes: ForeignNode[] = [];
    /** The index that a child will have; leaves may be shared, so each reference makes its own. */
    const waiting: { readonly split: number; readonly node: number }[] = [];
    const place = (child: Child): number => {
      if (child.isLeaf) return nodes.push(leaf(child.at)) - 1;
      const node = nodes.push(leafNode(0)) - 1;
      waiting.push({ split: child.at, node });
      return node;
    };
    place({ at: root, isLeaf: false });
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const split = splits[next.split];
      if (!split) throw broken(`node ${next.split} does not exist`);
      if (isTaken[next.split]) throw broken(`node ${next.split} is reached twice`);
      isTaken[next.split] = 1;
      const [whenTrue, whenFalse] = [place(split.whenTrue), place(split.whenFalse)];
      nodes[next.node] = splitNode({ ...split, whenTrue, whenFalse }, isDouble, allocate);
    }
    return mergeChains({ root: 0, nodes });
  });
  checkRange(trees, output);
  // What the graph is given as float32, or casts to it, is rounded before it is compared.
  return buildForestScore(trees, output, { ...input, isDouble: isDouble && input.isDouble });
};

/** A child is an inner node or a leaf, by its place in the list of those. */
interface Child {
  readonly at: number;
  readonly isLeaf: boolean;
}

type ListedSplit = Omit<OnnxSplit, 'whenTrue' | 'whenFalse'> & {
  readonly whenTrue: Child;
  readonly whenFalse: Child;
};

const readSplits = (attributes: Attributes) => {
  const features = wholesIn(attributes, 'nodes_featureids');
  const list = (name: string, numbers: readonly number[]): readonly number[] => {
    if (numbers.length !== features.length) throw broken(`${name} has another length`);
    return numbers;
  };
  const wholes = (name: string): readonly number[] => list(name, wholesIn(attributes, name));
  const limits = tensorIn(attributes, 'nodes_splits');
  if (!limits) throw broken('it has no nodes_splits');
  const values = list('nodes_splits', limits.numbers);
  const modes = list('nodes_modes', tensorIn(attributes, 'nodes_modes')?.numbers ?? []);
  const [trueIds, falseIds] = [wholes('nodes_truenodeids'), wholes('nodes_falsenodeids')];
  const [trueLeafs, falseLeafs] = [wholes('nodes_trueleafs'), wholes('nodes_falseleafs')];
  const tracks = wholesIn(attributes, 'nodes_missing_value_tracks_true');
  const sets = splitAtNan(tensorIn(attributes, 'membership_values')?.numbers ?? []);
  let nthSet = 0;
  const splits = features.map(
    (feature, i): ListedSplit => ({
      mode: MODES[modes[i]!] ?? `number ${modes[i]}`,
      feature,
      values: modes[i] === MEMBER ? (sets[nthSet++] ?? []) : [values[i]!],
      whenTrue: { at: trueIds[i]!, isLeaf: trueLeafs[i] === 1 },
      whenFalse: { at: falseIds[i]!, isLeaf: falseLeafs[i] === 1 },
      missingIsTrue: tracks[i] === 1,
    }),
  );
  if (nthSet > sets.length) throw broken('a set of members does not exist');
  return { splits, isDouble: limits.isDouble };
};

/** One list per NaN, which ends it. */
const splitAtNan = (values: readonly number[]): readonly (readonly number[])[] => {
  const lists: number[][] = [];
  let open: number[] = [];
  for (const value of values) {
    if (Number.isNaN(value)) {
      lists.push(open);
      open = [];
    } else open.push(value);
  }
  return lists;
};
