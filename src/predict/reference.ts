/**
 * The definition of a model's predictions, without cleverness: every tree walked node by node.
 * The slow twin of `compile`, which must give the same bits.
 */
import { buildEncoder } from '../core/features.ts';
import { type Forest, ZERO_LIMIT } from '../core/forest.ts';
import type { HeadScore, Model } from '../core/model.ts';
import { buildOutputTransform, buildProbability } from './heads.ts';
import type { Predictor } from './predictor.ts';

/** @cost O(trees x depth) per row and head */
export const buildReferencePredictor = (model: Model): Predictor => {
  const nInputs = model.inputs.length;
  const nHeads = model.heads.length;
  const encode = buildEncoder(model.inputs, model.features);
  const features = new Float64Array(model.features.length);
  const transform = buildOutputTransform(model.heads);
  return {
    model,
    predictInto: (raw, nRows, out) => {
      for (let row = 0; row < nRows; row++) {
        encode(raw, row * nInputs, features, 0);
        for (let h = 0; h < nHeads; h++) {
          out[row * nHeads + h] = scoreOf(model.heads[h]!.score, features, 0);
        }
        transform(out, row * nHeads);
      }
    },
  };
};

/** The raw score of the features at `features[at]`. */
export const scoreOf = (score: HeadScore, features: Float64Array, at: number): number => {
  if (score.kind === 'forest') return scoreOfForest(score.forest, features, at);
  if (score.kind === 'distribution') return 0;
  if (score.kind === 'mean')
    return score.members.reduce(
      (sum, member) =>
        sum + member.weight * buildProbability(member)(scoreOf(member.score, features, at)),
      0,
    );
  if (score.kind === 'stack')
    return score.members.reduce(
      (sum, member) =>
        sum + member.weight * buildProbability(member)(scoreOf(member.score, features, at)),
      score.intercept,
    );
  if (score.precision === 'float32') return singleLine(score, features, at);
  let sum = score.intercept;
  for (let i = 0; i < score.weights.length; i++) {
    const value = features[at + i]!;
    if (!Number.isNaN(value)) sum += score.weights[i]! * value;
  }
  return sum;
};

const singleLine = (
  { weights, intercept }: HeadScore & { kind: 'linear' },
  features: Float64Array,
  at: number,
): number => {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    const value = features[at + i]!;
    if (!Number.isNaN(value)) sum = Math.fround(sum + Math.fround(weights[i]! * value));
  }
  return Math.fround(sum + intercept);
};

const scoreOfForest = (forest: Forest, features: Float64Array, at: number): number => {
  let sum = 0;
  for (let tree = 0; tree < forest.nTrees; tree++) {
    sum += forest.value[leafOf(forest, tree, features, at)]!;
  }
  return forest.base + forest.scale * sum;
};

/** The leaf at which a row arrives in one tree. */
const leafOf = (forest: Forest, tree: number, features: Float64Array, at: number): number => {
  const { feature, left, right } = forest;
  let node = forest.roots[tree]!;
  for (let tested = feature[node]!; tested !== -1; tested = feature[node]!) {
    node = decide(forest, node, features[at + tested]!) ? left[node]! : right[node]!;
  }
  return node;
};

/** Whether a value goes left at an inner node (see `core/forest`). */
export const decide = (forest: Forest, node: number, value: number): boolean => {
  const number = forest.precision === 'float32' ? Math.fround(value) : value;
  if (Number.isNaN(number) || (forest.zeroIsMissing && Math.abs(number) <= ZERO_LIMIT))
    return forest.missingLeft[node] === 1;
  const start = forest.categoryStart[node]!;
  if (start === -1) {
    const threshold = forest.threshold[node]!;
    return forest.comparison === '<=' ? number <= threshold : number < threshold;
  }
  return holdsCode(forest, start, forest.categoryWords[node]!, Math.trunc(number));
};

const holdsCode = (forest: Forest, start: number, nWords: number, code: number): boolean => {
  if (!(code >= 0 && code < nWords * 32)) return false;
  return ((forest.categories[start + (code >>> 5)]! >>> (code & 31)) & 1) === 1;
};
