/**
 * Exact path-dependent TreeSHAP: what each feature adds to a raw score, against the mean over training.
 *
 * A leaf of value v, reached through the distinct features N (d of them), plays the game
 *   value(S) = v * prod(one[j], j in S) * prod(zero[j], j in N \ S)
 * where one[j] is 1 if the row passes all of j's splits on the path, zero[j] the share of training rows
 * that does. Only sets S of passed features count, so the Shapley sum needs the coefficients of
 *   prod over passed j of (zero[j] + y)
 * and, for one feature left out, that polynomial divided by (zero[i] + y): the division is stable as
 * zero <= 1. Features that are not passed all get the same share.
 * @source Lundberg et al. 2020, Algorithm 2; Yang 2022 (Fast TreeSHAP) for the view by leaves
 */
import type { Forest } from '../../core/forest.ts';
import type { Score, StackMember } from '../../core/model.ts';
import { buildProbability } from '../heads.ts';
import { decide, scoreOf } from '../reference.ts';
import { type Attribution, shapleyWeights } from './attribution.ts';
import { measurePaths, ofDeepForest } from './deep-forest-shap.ts';
import { toProbabilityScale } from './probability-attribution.ts';

/**
 * @param means expected value of each feature, for a linear score (a forest knows its own)
 * @param remembers keeps what a leaf adds for each set of passed features, for many rows: the same bits, ten times as fast
 */
export const buildAttribution = (
  score: Score,
  means: Float64Array,
  remembers = false,
): Attribution =>
  score.kind === 'forest'
    ? ofForest(score.forest, remembers)
    : score.kind === 'mean'
      ? ofMembers(score.members, 0, means)
      : score.kind === 'stack'
        ? ofMembers(score.members, score.intercept, means)
        : ofLinear(score, means);

/** Each member is explained on the scale of its answer, where a sum of members is a sum of explanations. */
const ofMembers = (
  members: readonly StackMember[],
  intercept: number,
  means: Float64Array,
): Attribution => {
  const parts = members.map((member) => ({
    ...member,
    ...buildAttribution(member.score, means),
    transform: buildProbability(member),
  }));
  const contributions = new Float64Array(means.length);
  return {
    expected: parts.reduce(
      (sum, { weight, transform, expected }) => sum + weight * transform(expected),
      intercept,
    ),
    addInto: (features, out) => {
      for (const { weight, score, transform, expected, addInto } of parts) {
        contributions.fill(0);
        addInto(features, contributions);
        toProbabilityScale(contributions, expected, scoreOf(score, features, 0), transform);
        for (let f = 0; f < contributions.length; f++)
          out[f] = out[f]! + weight * contributions[f]!;
      }
    },
  };
};

const ofLinear = (score: Score & { kind: 'linear' }, means: Float64Array): Attribution => {
  const { weights, intercept } = score;
  return {
    expected: weights.reduce((sum, weight, f) => sum + weight * means[f]!, intercept),
    addInto: (features, out) => {
      for (let f = 0; f < weights.length; f++) {
        const value = features[f]!;
        out[f] = out[f]! + weights[f]! * ((Number.isNaN(value) ? 0 : value) - means[f]!);
      }
    },
  };
};

/** The paths to all leaves of a forest, one after the other. */
interface Paths {
  readonly nLeaves: number;
  /** int32, shape (nLeaves + 1): first item of each leaf. */
  readonly items: Int32Array;
  /** float64, shape (nLeaves): value of each leaf, scaled. */
  readonly values: Float64Array;
  /** int32, shape (nItems): feature of an item; float64: share of training rows that passes its splits. */
  readonly feature: Int32Array;
  readonly zero: Float64Array;
  /** int32, shape (nItems + 1): first split of each item; a split is `node << 1 | left`. */
  readonly splits: Int32Array;
  readonly split: Int32Array;
  readonly maxItems: number;
}

/** Paths of so many splits in all are kept; longer ones are walked row by row. */
const KEPT_SPLITS = 4_000_000;

/** @throws AppError model-unsupported when an explanation would take too long, or not be exact */
const ofForest = (forest: Forest, remembers: boolean): Attribution => {
  if (measurePaths(forest) > KEPT_SPLITS) return ofDeepForest(forest);
  const paths = collectPaths(forest);
  const addLeaf = buildLeafSum(paths, remembers);
  const goesLeft = new Uint8Array(forest.feature.length);
  const inner = Int32Array.from(forest.feature.keys()).filter((node) => forest.feature[node]! >= 0);
  let expected = 0;
  for (let leaf = 0; leaf < paths.nLeaves; leaf++) {
    let share = paths.values[leaf]!;
    for (let i = paths.items[leaf]!; i < paths.items[leaf + 1]!; i++) share *= paths.zero[i]!;
    expected += share;
  }
  return {
    expected: forest.base + expected,
    addInto: (features, out) => {
      for (let i = 0; i < inner.length; i++) {
        const node = inner[i]!;
        goesLeft[node] = decide(forest, node, features[forest.feature[node]!]!) ? 1 : 0;
      }
      for (let leaf = 0; leaf < paths.nLeaves; leaf++) addLeaf(leaf, goesLeft, out);
    },
  };
};

/** A leaf of more features than this has too many sets of them to remember. @source Yang 2022, version 2 */
const MAX_REMEMBERED = 10;

/**
 * A function that adds what one leaf contributes to each feature.
 * @returns `(leaf, goesLeft, out)`, with uint8 `goesLeft`, shape (nNodes): 1 where the row goes left
 */
const buildLeafSum = (
  paths: Paths,
  remembers: boolean,
): ((leaf: number, goesLeft: Uint8Array, out: Float64Array) => void) => {
  const { nLeaves, items, feature, splits, split, maxItems } = paths;
  const contribute = buildContributions(paths);
  const fails = new Uint8Array(maxItems);
  const own = new Float64Array(maxItems);
  const isKept = (leaf: number): boolean =>
    remembers && items[leaf + 1]! - items[leaf]! <= MAX_REMEMBERED;
  /** The item of each split within its leaf. */
  const itemOf = new Uint8Array(split.length);
  /** First of a leaf's places, one per set of failed items; -1 where nothing is remembered. */
  const firstPlace = new Int32Array(nLeaves).fill(-1);
  let nPlaces = 0;
  for (let leaf = 0; leaf < nLeaves; leaf++) {
    const first = items[leaf]!;
    const nItems = items[leaf + 1]! - first;
    for (let i = 0; i < nItems; i++) itemOf.fill(i, splits[first + i]!, splits[first + i + 1]!);
    if (!isKept(leaf)) continue;
    firstPlace[leaf] = nPlaces;
    nPlaces += 1 << nItems;
  }
  /** Where in `memory` the contributions of a set lie, plus 1; 0 while they are not known. */
  const places = new Int32Array(nPlaces);
  let memory = new Float64Array(remembers ? 1 << 16 : 0);
  let nUsed = 0;
  const remember = (nItems: number): number => {
    if (nUsed + nItems > memory.length) {
      const wider = new Float64Array(2 * memory.length);
      wider.set(memory);
      memory = wider;
    }
    memory.set(own.subarray(0, nItems), nUsed);
    nUsed += nItems;
    return nUsed - nItems + 1;
  };
  return (leaf, goesLeft, out) => {
    const first = items[leaf]!;
    const nItems = items[leaf + 1]! - first;
    const end = splits[first + nItems]!;
    const at = firstPlace[leaf]!;
    if (at >= 0) {
      let failed = 0;
      for (let s = splits[first]!; s < end; s++)
        failed |= (goesLeft[split[s]! >> 1]! ^ (split[s]! & 1)) << itemOf[s]!;
      let place = places[at + failed]!;
      if (place === 0) {
        for (let i = 0; i < nItems; i++) fails[i] = (failed >> i) & 1;
        contribute(leaf, fails, own);
        place = remember(nItems);
        places[at + failed] = place;
      }
      for (let i = 0; i < nItems; i++) {
        const f = feature[first + i]!;
        out[f] = out[f]! + memory[place - 1 + i]!;
      }
      return;
    }
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

/** What a leaf adds to each of its items, by which of them (`fails`, uint8) the row does not pass. */
const buildContributions = ({
  items,
  values,
  zero,
  maxItems,
}: Paths): ((leaf: number, fails: Uint8Array, into: Float64Array) => void) => {
  const weights = Array.from({ length: maxItems + 1 }, (_, d) => shapleyWeights(d));
  /** Coefficients of the polynomial of the passed features, of which these are the items. */
  const polynomial = new Float64Array(maxItems + 1);
  const passed = new Int32Array(maxItems);
  return (leaf, fails, into) => {
    const first = items[leaf]!;
    const nItems = items[leaf + 1]! - first;
    const weight = weights[nItems]!;
    let nPassed = 0;
    let rest = values[leaf]!;
    polynomial[0] = 1;
    for (let i = 0; i < nItems; i++) {
      const share = zero[first + i]!;
      if (fails[i] === 1) {
        rest *= share;
        continue;
      }
      passed[nPassed++] = i;
      polynomial[nPassed] = 1;
      for (let k = nPassed - 1; k > 0; k--)
        polynomial[k] = polynomial[k]! * share + polynomial[k - 1]!;
      polynomial[0] = polynomial[0]! * share;
    }
    if (nPassed < nItems) {
      let sum = 0;
      for (let k = 0; k <= nPassed; k++) sum += polynomial[k]! * weight[k]!;
      sum *= rest;
      for (let i = 0; i < nItems; i++) if (fails[i] === 1) into[i] = -sum;
    }
    for (let p = 0; p < nPassed; p++) {
      const share = zero[first + passed[p]!]!;
      let quotient = 1;
      let sum = weight[nPassed - 1]!;
      for (let k = nPassed - 1; k > 0; k--) {
        quotient = polynomial[k]! - share * quotient;
        sum += quotient * weight[k - 1]!;
      }
      into[passed[p]!] = rest * (1 - share) * sum;
    }
  };
};

interface Item {
  readonly feature: number;
  readonly zero: number;
  readonly splits: readonly number[];
}

const collectPaths = (forest: Forest): Paths => {
  const [items, values, feature, zero, splits, split]: number[][] = [[0], [], [], [], [0], []];
  let maxItems = 0;
  for (const root of forest.roots) {
    const waiting: { node: number; path: readonly Item[] }[] = [{ node: root, path: [] }];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { node, path } = next;
      if (forest.feature[node] !== -1) {
        waiting.push(below(forest, node, path, false), below(forest, node, path, true));
        continue;
      }
      for (const item of path) {
        feature!.push(item.feature);
        zero!.push(item.zero);
        split!.push(...item.splits);
        splits!.push(split!.length);
      }
      values!.push(forest.value[node]! * forest.scale);
      items!.push(feature!.length);
      maxItems = Math.max(maxItems, path.length);
    }
  }
  return {
    nLeaves: values!.length,
    items: Int32Array.from(items!),
    values: Float64Array.from(values!),
    feature: Int32Array.from(feature!),
    zero: Float64Array.from(zero!),
    splits: Int32Array.from(splits!),
    split: Int32Array.from(split!),
    maxItems,
  };
};

const below = (
  forest: Forest,
  node: number,
  path: readonly Item[],
  left: boolean,
): { node: number; path: readonly Item[] } => {
  const child = left ? forest.left[node]! : forest.right[node]!;
  const feature = forest.feature[node]!;
  const together = forest.cover[forest.left[node]!]! + forest.cover[forest.right[node]!]!;
  const share = together > 0 ? forest.cover[child]! / together : 0.5;
  const split = (node << 1) | (left ? 1 : 0);
  const known = path.find((item) => item.feature === feature);
  const item: Item = {
    feature,
    zero: share * (known?.zero ?? 1),
    splits: [...(known?.splits ?? []), split],
  };
  return { node: child, path: [...path.filter((other) => other !== known), item] };
};
