/**
 * The paths to all leaves of a forest, and what a leaf adds to the features on its path.
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
import { finish, type Gradual } from '../gradual.ts';
import { shapleyWeights } from './attribution.ts';

/** The paths to all leaves of a forest, one after the other: tree by tree, what is left of a split before what is right. */
export interface LeafPaths {
  readonly nLeaves: number;
  /** int32, shape (nLeaves + 1): first item of each leaf. */
  readonly items: Int32Array;
  /** float64, shape (nLeaves): value of each leaf, scaled. */
  readonly values: Float64Array;
  /** int32, shape (nItems): feature of an item, in the order in which the path first asks them; float64: share of training rows that passes its splits. */
  readonly feature: Int32Array;
  readonly zero: Float64Array;
  /** int32, shape (nItems + 1): first split of each item; a split is `node << 1 | left`. */
  readonly splits: Int32Array;
  readonly split: Int32Array;
  readonly maxItems: number;
}

/** What a leaf adds to each of its items, by which of them (`fails`, uint8) the row does not pass. */
export const buildContributions = ({
  items,
  values,
  zero,
  maxItems,
}: LeafPaths): ((leaf: number, fails: Uint8Array, into: Float64Array) => void) => {
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

export const collectPaths = (forest: Forest): LeafPaths => finish(collectGradually(forest));

/** The same, tree by tree. */
export function* collectGradually(forest: Forest): Gradual<LeafPaths> {
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
    yield;
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
}

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
  return {
    node: child,
    path: known ? path.map((other) => (other === known ? item : other)) : [...path, item],
  };
};
