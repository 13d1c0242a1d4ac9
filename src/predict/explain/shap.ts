/**
 * Exact path-dependent TreeSHAP: what each feature adds to a raw score, against the mean over training.
 * The sum over leaves is told in `leaf-paths`; of many rows at once see `sample-shap`.
 */
import type { Forest } from '../../core/forest.ts';
import { finish, type Gradual } from '../gradual.ts';
import type { Score, StackMember } from '../../core/model.ts';
import { buildProbability } from '../heads.ts';
import { decide, scoreOf } from '../reference.ts';
import type { Attribution } from './attribution.ts';
import { deepForestGradually, measureGradually } from './deep-forest-shap.ts';
import { buildContributions, collectGradually, type LeafPaths } from './leaf-paths.ts';
import { toProbabilityScale } from './probability-attribution.ts';

/** @param means expected value of each feature, for a linear score (a forest knows its own) */
export const buildAttribution = (score: Score, means: Float64Array): Attribution =>
  finish(attributeGradually(score, means));

/** The same, with stops while it is made. */
export function* attributeGradually(score: Score, means: Float64Array): Gradual<Attribution> {
  switch (score.kind) {
    case 'forest':
      return yield* ofForest(score.forest);
    case 'mean':
      return yield* ofMembers(score.members, 0, means);
    case 'stack':
      return yield* ofMembers(score.members, score.intercept, means);
    default:
      return ofLinear(score, means);
  }
}

/** So many members may be long together though none is by itself. */
const MANY_MEMBERS = 4;

/** Each member is explained on the scale of its answer, where a sum of members is a sum of explanations. */
function* ofMembers(
  members: readonly StackMember[],
  intercept: number,
  means: Float64Array,
): Gradual<Attribution> {
  const parts: (StackMember & Attribution & { transform: (score: number) => number })[] = [];
  for (const member of members)
    parts.push({
      ...member,
      ...(yield* attributeGradually(member.score, means)),
      transform: buildProbability(member),
    });
  const addGradually = function* (features: Float64Array, out: Float64Array): Gradual<void> {
    const contributions = new Float64Array(means.length);
    for (const { weight, score, transform, expected, ...part } of parts) {
      contributions.fill(0);
      yield* part.addGradually(features, contributions);
      toProbabilityScale(contributions, expected, scoreOf(score, features, 0), transform);
      for (let f = 0; f < contributions.length; f++) out[f] = out[f]! + weight * contributions[f]!;
    }
  };
  return {
    expected: parts.reduce(
      (sum, { weight, transform, expected }) => sum + weight * transform(expected),
      intercept,
    ),
    isLong: parts.length > MANY_MEMBERS || parts.some(({ isLong }) => isLong),
    addInto: (features, out) => finish(addGradually(features, out)),
    addGradually,
  };
}

const ofLinear = (score: Score & { kind: 'linear' }, means: Float64Array): Attribution => {
  const { weights, intercept } = score;
  const addInto = (features: Float64Array, out: Float64Array): void => {
    for (let f = 0; f < weights.length; f++) {
      const value = features[f]!;
      out[f] = out[f]! + weights[f]! * ((Number.isNaN(value) ? 0 : value) - means[f]!);
    }
  };
  return {
    expected: weights.reduce((sum, weight, f) => sum + weight * means[f]!, intercept),
    isLong: false,
    addInto,
    // biome-ignore lint/correctness/useYield: done before anybody could wait
    *addGradually(features, out) {
      addInto(features, out);
    },
  };
};

/** Paths of so many splits in all are kept; longer ones are walked row by row. */
export const KEPT_SPLITS = 4_000_000;

/** @throws AppError model-unsupported when an explanation would take too long, or not be exact */
function* ofForest(forest: Forest): Gradual<Attribution> {
  if ((yield* measureGradually(forest)) > KEPT_SPLITS) return yield* deepForestGradually(forest);
  const paths = yield* collectGradually(forest);
  const addLeaf = buildLeafSum(paths);
  const goesLeft = new Uint8Array(forest.feature.length);
  const inner = Int32Array.from(forest.feature.keys()).filter((node) => forest.feature[node]! >= 0);
  let expected = 0;
  for (let leaf = 0; leaf < paths.nLeaves; leaf++) {
    let share = paths.values[leaf]!;
    for (let i = paths.items[leaf]!; i < paths.items[leaf + 1]!; i++) share *= paths.zero[i]!;
    expected += share;
  }
  const decideInto = (
    goesLeft: Uint8Array,
    features: Float64Array,
    i: number,
    end: number,
  ): void => {
    for (let n = i; n < end; n++) {
      const node = inner[n]!;
      goesLeft[node] = decide(forest, node, features[forest.feature[node]!]!) ? 1 : 0;
    }
  };
  return {
    expected: forest.base + expected,
    isLong: paths.feature.length > LONG_ITEMS,
    addInto: (features, out) => {
      decideInto(goesLeft, features, 0, inner.length);
      for (let leaf = 0; leaf < paths.nLeaves; leaf++) addLeaf(leaf, goesLeft, out);
    },
    *addGradually(features, out) {
      const own = new Uint8Array(goesLeft.length);
      for (let i = 0; i < inner.length; i += NODES_PER_STOP) {
        decideInto(own, features, i, Math.min(inner.length, i + NODES_PER_STOP));
        yield;
      }
      for (let leaf = 0; leaf < paths.nLeaves; ) {
        const end = Math.min(paths.nLeaves, leaf + LEAVES_PER_STOP);
        while (leaf < end) addLeaf(leaf++, own, out);
        yield;
      }
    },
  };
}

/** Items on all paths, from which on an explanation takes more than about two milliseconds. */
const LONG_ITEMS = 50_000;
/** Splits decided, and leaves added, between two stops. */
const NODES_PER_STOP = 8192;
const LEAVES_PER_STOP = 256;

/**
 * A function that adds what one leaf contributes to each feature.
 * @returns `(leaf, goesLeft, out)`, with uint8 `goesLeft`, shape (nNodes): 1 where the row goes left
 */
const buildLeafSum = (
  paths: LeafPaths,
): ((leaf: number, goesLeft: Uint8Array, out: Float64Array) => void) => {
  const { nLeaves, items, feature, splits, split, maxItems } = paths;
  const contribute = buildContributions(paths);
  const fails = new Uint8Array(maxItems);
  const own = new Float64Array(maxItems);
  /** The item of each split within its leaf. */
  const itemOf = new Uint8Array(split.length);
  for (let leaf = 0; leaf < nLeaves; leaf++) {
    const first = items[leaf]!;
    for (let i = 0; i < items[leaf + 1]! - first; i++)
      itemOf.fill(i, splits[first + i]!, splits[first + i + 1]!);
  }
  return (leaf, goesLeft, out) => {
    const first = items[leaf]!;
    const nItems = items[leaf + 1]! - first;
    const end = splits[first + nItems]!;
    fails.fill(0, 0, nItems);
    for (let s = splits[first]!; s < end; s++)
      fails[itemOf[s]!]! |= goesLeft[split[s]! >> 1]! ^ (split[s]! & 1);
    contribute(leaf, fails, own);
    for (let i = 0; i < nItems; i++) {
      const f = feature[first + i]!;
      out[f] = out[f]! + own[i]!;
    }
  };
};
