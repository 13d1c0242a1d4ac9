/**
 * The first head of a model -> LightGBM's text format. Columns are the model's features, in order.
 * @source LightGBM src/boosting/gbdt_model_text.cpp
 */
import { AppError } from '../../core/errors.ts';
import { isCategorical } from '../../core/features.ts';
import type { Forest } from '../../core/forest.ts';
import type { Model } from '../../core/model.ts';
import { wordsOfCodes } from '../build-forest.ts';
import {
  canonicalForest,
  categoryCodesOf,
  complementOf,
  nodesOfTree,
} from '../canonical-forest.ts';

/** @throws AppError model-unsupported (a linear model, a calibration that LightGBM cannot hold) */
export const writeLightGbm = (model: Model): string => {
  const head = model.heads[0]!;
  if (head.kind !== 'probability' || head.score.kind !== 'forest')
    throw unsupported('is linear; --to onnx can hold it');
  const { a, b } = slopeOf(head);
  const forest = canonicalForest(head.score.forest);
  const nCodes = model.features.map((feature) =>
    isCategorical(feature)
      ? (model.inputs.find(({ name }) => 'input' in feature && name === feature.input)?.values
          ?.length ?? 0)
      : 0,
  );
  const trees = Array.from(forest.roots, (root, t) =>
    writeTree(forest, {
      root,
      tree: t,
      nCodes,
      scale: a * forest.scale,
      base: t === 0 ? a * forest.base + b : 0,
    }),
  );
  const names = model.features.map(({ name }) => name.replace(/[^\w.+-]+/g, '_') || '_');
  return [
    'tree',
    'version=v4',
    'num_class=1',
    'num_tree_per_iteration=1',
    'label_index=0',
    `max_feature_idx=${forest.nFeatures - 1}`,
    `objective=${head.link !== 'identity' ? 'binary sigmoid:1' : 'regression'}`,
    `feature_names=${uniqueNames(names).join(' ')}`,
    `feature_infos=${nCodes.map((n) => (n > 0 ? Array.from({ length: n }, (_, c) => c).join(':') : '[-1e308:1e308]')).join(' ')}`,
    `tree_sizes=${trees.map((tree) => tree.length).join(' ')}`,
    '',
    `${trees.join('')}end of trees`,
    '',
    'feature_importances:',
    '',
    'parameters:',
    'end of parameters',
    '',
    'pandas_categorical:null',
    '',
  ].join('\n');
};

/** A Platt calibration is a line over the score, and goes into the leaves. */
const slopeOf = (head: Model['heads'][0]): { a: number; b: number } => {
  if (head.kind !== 'probability' || head.calibration.kind === 'none') return { a: 1, b: 0 };
  if (head.calibration.kind === 'platt' && head.link === 'logistic') return head.calibration;
  throw unsupported(
    `has a calibration (${head.calibration.kind}), which LightGBM's format cannot hold; --to onnx can, or leave it out with --uncalibrated`,
  );
};

const uniqueNames = (names: readonly string[]): readonly string[] => {
  const seen = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let n = 2; seen.has(unique); n++) unique = `${name}_${n}`;
    seen.add(unique);
    return unique;
  });
};

const CATEGORICAL = 1;
const DEFAULT_LEFT = 2;
const MISSING_ZERO = 4;
const MISSING_NAN = 8;

interface WrittenTree {
  readonly root: number;
  /** Its number in the file. */
  readonly tree: number;
  /** Per feature how many codes it has; 0 for a number. */
  readonly nCodes: readonly number[];
  /** The leaves become base + scale * leaf. */
  readonly scale: number;
  readonly base: number;
}

const writeTree = (forest: Forest, { root, tree, nCodes, scale, base }: WrittenTree): string => {
  const nodes = nodesOfTree(forest, root);
  const inner = nodes.filter((node) => forest.feature[node] !== -1);
  const leaves = nodes.filter((node) => forest.feature[node] === -1);
  const innerAt = new Map(inner.map((node, i) => [node, i]));
  const leafAt = new Map(leaves.map((node, i) => [node, i]));
  const indexOf = (node: number): number => innerAt.get(node) ?? ~leafAt.get(node)!;
  const words: number[] = [];
  const boundaries = [0];
  const [threshold, type, left, right]: (number | string)[][] = [[], [], [], []];
  for (const node of inner) {
    const missingLeft = forest.missingLeft[node] === 1;
    const isSet = forest.categoryStart[node]! >= 0;
    // LightGBM sends a missing category right: where it should go left, the sides change places.
    const isSwapped = isSet && missingLeft;
    left!.push(indexOf(isSwapped ? forest.right[node]! : forest.left[node]!));
    right!.push(indexOf(isSwapped ? forest.left[node]! : forest.right[node]!));
    if (isSet) {
      const codes = categoryCodesOf(forest, node);
      const kept = isSwapped ? complementOf(codes, nCodes[forest.feature[node]!]!) : codes;
      threshold!.push(boundaries.length - 1);
      words.push(...wordsOfCodes(kept, (nWords) => new Uint32Array(nWords)));
      boundaries.push(words.length);
      type!.push(CATEGORICAL | MISSING_NAN);
    } else {
      threshold!.push(numberText(forest.threshold[node]!));
      type!.push(
        (missingLeft ? DEFAULT_LEFT : 0) | (forest.zeroIsMissing ? MISSING_ZERO : MISSING_NAN),
      );
    }
  }
  const rows = rowsOf(forest, nodes);
  const counts = (list: readonly number[]): string => list.map((node) => rows.get(node)!).join(' ');
  const means = meansOf(forest, nodes);
  const values = (list: readonly number[]): string =>
    list.map((node) => numberText(base + scale * means.get(node)!)).join(' ');
  const nSets = boundaries.length - 1;
  return [
    `Tree=${tree}`,
    `num_leaves=${leaves.length}`,
    `num_cat=${nSets}`,
    `split_feature=${inner.map((node) => forest.feature[node]).join(' ')}`,
    `split_gain=${inner.map(() => 0).join(' ')}`,
    `threshold=${threshold!.join(' ')}`,
    `decision_type=${type!.join(' ')}`,
    `left_child=${left!.join(' ')}`,
    `right_child=${right!.join(' ')}`,
    `leaf_value=${values(leaves)}`,
    `leaf_weight=${counts(leaves)}`,
    `leaf_count=${counts(leaves)}`,
    `internal_value=${values(inner)}`,
    `internal_weight=${counts(inner)}`,
    `internal_count=${counts(inner)}`,
    ...(nSets > 0
      ? [`cat_boundaries=${boundaries.join(' ')}`, `cat_threshold=${words.join(' ')}`]
      : []),
    'is_linear=0',
    'shrinkage=1',
    '',
    '',
    '',
  ].join('\n');
};

/** Per node a whole number of rows, at least one, that its children share. */
const rowsOf = (forest: Forest, nodes: readonly number[]): ReadonlyMap<number, number> => {
  const rows = new Map<number, number>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    const isLeaf = forest.feature[node] === -1;
    rows.set(
      node,
      isLeaf
        ? Math.max(1, Math.round(forest.cover[node]!))
        : rows.get(forest.left[node]!)! + rows.get(forest.right[node]!)!,
    );
  }
  return rows;
};

/** Per node the mean of the leaves below it, by cover. */
const meansOf = (forest: Forest, nodes: readonly number[]): ReadonlyMap<number, number> => {
  const means = new Map<number, number>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    const [left, right] = [forest.left[node]!, forest.right[node]!];
    if (forest.feature[node] === -1) means.set(node, forest.value[node]!);
    else {
      const [l, r] = [forest.cover[left]!, forest.cover[right]!];
      const share = l + r > 0 ? l / (l + r) : 0.5;
      means.set(node, share * means.get(left)! + (1 - share) * means.get(right)!);
    }
  }
  return means;
};

const numberText = (value: number): string =>
  value === Infinity
    ? '1.7976931348623157e308'
    : value === -Infinity
      ? '-1.7976931348623157e308'
      : `${value}`;

const unsupported = (detail: string): AppError =>
  new AppError('model-unsupported', `the model ${detail}`);
