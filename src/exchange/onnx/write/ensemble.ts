/**
 * A forest as one TreeEnsembleClassifier of raw scores.
 * A category set becomes a chain of "equals" nodes whose true branches meet in one child,
 * the form that onnxruntime knows from LightGBM's converter.
 */
import { isCategorical } from '../../../core/features.ts';
import type { Forest } from '../../../core/forest.ts';
import type { Model } from '../../../core/model.ts';
import {
  canonicalForest,
  categoryCodesOf,
  complementOf,
  nodesOfTree,
} from '../../canonical-forest.ts';
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
    addTree({ forest: same, root, tree }, model, lists);
  });
  const ensemble = node({
    kind: 'TreeEnsembleClassifier',
    inputs: [FEATURES],
    outputs: [`${prefix}raw label`, `${prefix}scores`],
    attributes: {
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
    domain: 'ai.onnx.ml',
  });
  nodes.push(ensemble);
};

/** Adds a tree; ids are handed out in the order of a walk, chains included. */
const addTree = (
  { forest, root, tree }: { readonly forest: Forest; readonly root: number; readonly tree: number },
  model: Model,
  lists: Lists,
): void => {
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
      addNodeTo(lists, { ...LEAF, tree, id });
      lists.leafTrees.push(tree);
      lists.leafIds.push(id);
      lists.weights.push(forest.value[at]! * forest.scale);
      continue;
    }
    const [left, right] = [idOf.get(forest.left[at]!)!, idOf.get(forest.right[at]!)!];
    const feature = forest.feature[at]!;
    if (!chain) {
      addNodeTo(lists, {
        tree,
        id,
        feature,
        mode: 'BRANCH_LEQ',
        value: forest.threshold[at]!,
        whenTrue: left,
        whenFalse: right,
        tracksTrue: forest.missingLeft[at]!,
      });
      continue;
    }
    const [whenTrue, whenFalse] = chain.isSwapped ? [right, left] : [left, right];
    chain.codes.forEach((code, i) => {
      const last = i === chain.codes.length - 1;
      addNodeTo(lists, {
        tree,
        id: id + i,
        feature,
        mode: 'BRANCH_EQ',
        value: code,
        whenTrue,
        whenFalse: last ? whenFalse : id + i + 1,
        tracksTrue: forest.missingLeft[at] === (chain.isSwapped ? 0 : 1) ? 1 : 0,
      });
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
  const codes = categoryCodesOf(forest, at);
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

/** One node as the lists hold it. */
interface ListedNode {
  readonly tree: number;
  readonly id: number;
  readonly feature: number;
  readonly mode: string;
  readonly value: number;
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly tracksTrue: number;
}

const LEAF = { feature: 0, mode: 'LEAF', value: 0, whenTrue: 0, whenFalse: 0, tracksTrue: 0 };

const addNodeTo = (lists: Lists, added: ListedNode): void => {
  lists.trees.push(added.tree);
  lists.ids.push(added.id);
  lists.features.push(added.feature);
  lists.modes.push(added.mode);
  lists.values.push(added.value);
  lists.whenTrue.push(added.whenTrue);
  lists.whenFalse.push(added.whenFalse);
  lists.tracksTrue.push(added.tracksTrue);
};
