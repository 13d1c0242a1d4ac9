/**
 * A forest as one TreeEnsembleClassifier of raw scores.
 * A category set becomes a chain of "equals" nodes whose true branches meet in one child,
 * the form that onnxruntime knows from LightGBM's converter.
 */
import { isCategorical } from '../../../core/features.ts';
import type { Forest } from '../../../core/forest.ts';
import type { Model } from '../../../core/model.ts';
import { canonicalForest, codesOf, complementOf, nodesOfTree } from '../../canonical-forest.ts';
import { FEATURES, type GraphParts, node } from './node.ts';

interface Lists {
  readonly trees: number[];
  readonly ids: number[];
  readonly features: number[];
  readonly modes: string[];
  readonly values: number[];
  readonly whenTrue: number[];
  readonly whenFalse: number[];
  readonly tracksTrue: number[];
  readonly leafTrees: number[];
  readonly leafIds: number[];
  readonly weights: number[];
}

/** No code: an "equals" that is never met. */
const NO_CODE = -1;

/** Adds the forest's raw scores, named `scores`: those of the second class in column 1. */
export const addEnsemble = (forest: Forest, model: Model, { nodes, prefix }: GraphParts): void => {
  const same = canonicalForest(forest);
  const lists: Lists = {
    trees: [],
    ids: [],
    features: [],
    modes: [],
    values: [],
    whenTrue: [],
    whenFalse: [],
    tracksTrue: [],
    leafTrees: [],
    leafIds: [],
    weights: [],
  };
  forest.roots.forEach((root, tree) => {
    addTree(same, root, tree, model, lists);
  });
  const ensemble = node(
    'TreeEnsembleClassifier',
    [FEATURES],
    [`${prefix}raw label`, `${prefix}scores`],
    {},
    {
      ints: {
        nodes_treeids: lists.trees,
        nodes_nodeids: lists.ids,
        nodes_featureids: lists.features,
        nodes_truenodeids: lists.whenTrue,
        nodes_falsenodeids: lists.whenFalse,
        nodes_missing_value_tracks_true: lists.tracksTrue,
        class_treeids: lists.leafTrees,
        class_nodeids: lists.leafIds,
        class_ids: lists.leafIds.map(() => 1),
        classlabels_int64s: [0, 1],
      },
      strings: { nodes_modes: lists.modes },
      text: { post_transform: 'NONE' },
      doubles: {
        nodes_values_as_tensor: lists.values,
        class_weights_as_tensor: lists.weights,
      },
    },
    'ai.onnx.ml',
  );
  nodes.push(ensemble);
};

/** Adds a tree; ids are handed out in the order of a walk, chains included. */
const addTree = (forest: Forest, root: number, tree: number, model: Model, lists: Lists): void => {
  const nodes = nodesOfTree(forest, root);
  const idOf = new Map<number, number>();
  const chainOf = new Map<number, Chain>();
  let next = 0;
  for (const at of nodes) {
    idOf.set(at, next);
    const chain = chainAt(forest, at, model);
    if (chain) chainOf.set(at, chain);
    next += chain?.codes.length ?? 1;
  }
  for (const at of nodes) {
    const id = idOf.get(at)!;
    const chain = chainOf.get(at);
    if (forest.feature[at] === -1) {
      add(lists, tree, id, 0, 'LEAF', 0, 0, 0, 0);
      lists.leafTrees.push(tree);
      lists.leafIds.push(id);
      lists.weights.push(forest.value[at]! * forest.scale);
      continue;
    }
    const [left, right] = [idOf.get(forest.left[at]!)!, idOf.get(forest.right[at]!)!];
    const feature = forest.feature[at]!;
    if (!chain) {
      const limit = forest.threshold[at]!;
      const missing = forest.missingLeft[at]!;
      add(lists, tree, id, feature, 'BRANCH_LEQ', limit, left, right, missing);
      continue;
    }
    const [yes, no] = chain.isSwapped ? [right, left] : [left, right];
    chain.codes.forEach((code, i) => {
      const last = i === chain.codes.length - 1;
      const missing = forest.missingLeft[at] === (chain.isSwapped ? 0 : 1) ? 1 : 0;
      add(lists, tree, id + i, feature, 'BRANCH_EQ', code, yes, last ? no : id + i + 1, missing);
    });
  }
};

interface Chain {
  readonly codes: readonly number[];
  readonly isSwapped: boolean;
}

/** The shorter of a category set and its complement. */
const chainAt = (forest: Forest, at: number, model: Model): Chain | undefined => {
  if (forest.feature[at] === -1 || forest.categoryStart[at]! < 0) return undefined;
  const codes = codesOf(forest, at);
  const feature = model.features[forest.feature[at]!]!;
  const nCodes = isCategorical(feature)
    ? (model.inputs.find(({ name }) => 'input' in feature && name === feature.input)?.values
        ?.length ?? 0)
    : 0;
  const others = complementOf(codes, nCodes);
  const isSwapped = others.length > 0 && others.length < codes.length;
  const shorter = isSwapped ? others : codes;
  return { codes: shorter.length === 0 ? [NO_CODE] : shorter, isSwapped };
};

const add = (
  lists: Lists,
  tree: number,
  id: number,
  feature: number,
  mode: string,
  value: number,
  whenTrue: number,
  whenFalse: number,
  tracksTrue: number,
): void => {
  lists.trees.push(tree);
  lists.ids.push(id);
  lists.features.push(feature);
  lists.modes.push(mode);
  lists.values.push(value);
  lists.whenTrue.push(whenTrue);
  lists.whenFalse.push(whenFalse);
  lists.tracksTrue.push(tracksTrue);
};
