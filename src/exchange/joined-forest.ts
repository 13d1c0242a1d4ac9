/**
 * Forests over the same features, joined to one whose score is their weighted sum.
 */
import type { Forest } from '../core/forest.ts';

/** The same forest over other features. @param places int32, shape (nFeatures): each feature's new place */
export const withFeatures = (forest: Forest, places: Int32Array, nFeatures: number): Forest => ({
  ...forest,
  nFeatures,
  feature: forest.feature.map((asked) => (asked === -1 ? -1 : places[asked]!)),
});

/** Undefined where they compare in different ways. */
export const joinForests = (
  parts: readonly { readonly weight: number; readonly forest: Forest }[],
): Forest | undefined => {
  const [first] = parts.map(({ forest }) => forest);
  const forests = parts.map(({ forest }) => forest);
  if (
    !first ||
    !forests.every(
      ({ comparison, precision, zeroIsMissing }) =>
        comparison === first.comparison &&
        precision === first.precision &&
        zeroIsMissing === first.zeroIsMissing,
    )
  )
    return undefined;
  const nodesBefore = before(forests.map(({ feature }) => feature.length));
  const wordsBefore = before(forests.map(({ categories }) => categories.length));
  const shifted = (list: Int32Array, by: number): Int32Array =>
    list.map((index) => (index === -1 ? -1 : index + by));
  return {
    ...first,
    nTrees: forests.reduce((sum, { nTrees }) => sum + nTrees, 0),
    roots: Int32Array.from(forests.flatMap(({ roots }, f) => [...shifted(roots, nodesBefore[f]!)])),
    feature: int32(forests.map(({ feature }) => feature)),
    threshold: float64(forests.map(({ threshold }) => threshold)),
    left: int32(forests.map(({ left }, f) => shifted(left, nodesBefore[f]!))),
    right: int32(forests.map(({ right }, f) => shifted(right, nodesBefore[f]!))),
    value: float64(
      parts.map(({ weight, forest }) => forest.value.map((leaf) => leaf * forest.scale * weight)),
    ),
    cover: float64(forests.map(({ cover }) => cover)),
    missingLeft: Uint8Array.from(forests.flatMap(({ missingLeft }) => [...missingLeft])),
    categoryStart: int32(
      forests.map(({ categoryStart }, f) => shifted(categoryStart, wordsBefore[f]!)),
    ),
    categoryWords: int32(forests.map(({ categoryWords }) => categoryWords)),
    categories: Uint32Array.from(forests.flatMap(({ categories }) => [...categories])),
    base: parts.reduce((sum, { weight, forest }) => sum + weight * forest.base, 0),
    scale: 1,
  };
};

/** Sums of all lengths before each. */
const before = (lengths: readonly number[]): readonly number[] => {
  let sum = 0;
  return lengths.map((length) => {
    sum += length;
    return sum - length;
  });
};

const int32 = (lists: readonly Int32Array[]): Int32Array =>
  joinInto(lists, new Int32Array(lengthOf(lists)));

const float64 = (lists: readonly Float64Array[]): Float64Array =>
  joinInto(lists, new Float64Array(lengthOf(lists)));

const lengthOf = (lists: readonly { readonly length: number }[]): number =>
  lists.reduce((sum, { length }) => sum + length, 0);

const joinInto = <T extends Int32Array | Float64Array>(lists: readonly T[], out: T): T => {
  let at = 0;
  for (const list of lists) {
    out.set(list, at);
    at += list.length;
  }
  return out;
};
