/**
 * One tree of LightGBM's text as nodes of ours, and where its missing values go.
 * @source LightGBM src/io/tree.cpp, include/LightGBM/tree.h
 */
import type { ForeignNode, ForeignTree } from '../build-forest.ts';
import {
  broken,
  type Fields,
  fieldNumberList,
  fieldNumbers,
  fieldWhole,
  unsupported,
} from './text-fields.ts';

const CATEGORICAL = 1;
const DEFAULT_LEFT = 2;
const MISSING = ['none', 'zero', 'nan'] as const;
type Missing = (typeof MISSING)[number];

export const readLightGbmTree = (
  fields: Fields,
  tree: number,
  isZeroMissing: boolean,
): ForeignTree => {
  const nLeaves = fieldWhole(fields, 'num_leaves');
  if (Number(fields.get('is_linear') ?? 0) !== 0)
    throw unsupported('has linear models in its leaves');
  const values = fieldNumberList(fields, 'leaf_value', nLeaves);
  const counts = fields.get('leaf_count')
    ? fieldNumberList(fields, 'leaf_count', nLeaves)
    : new Array<number>(nLeaves).fill(1);
  const nInner = nLeaves - 1;
  const columns = ['split_feature', 'threshold', 'decision_type', 'left_child', 'right_child'].map(
    (name) => (nInner === 0 ? [] : fieldNumberList(fields, name, nInner)),
  );
  const [feature, threshold, type, left, right] = columns as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  const boundaries = fieldNumbers(fields, 'cat_boundaries');
  const words = Uint32Array.from(fieldNumbers(fields, 'cat_threshold'));
  const nodes: ForeignNode[] = [];
  /** Inner node i stays i, leaf i (written ~i) follows the inner nodes. */
  const indexOf = (child: number): number => (child >= 0 ? child : nInner + ~child);
  for (let i = 0; i < nInner; i++) {
    const isCategorical = (type[i]! & CATEGORICAL) !== 0;
    const set = threshold[i]!;
    nodes.push({
      feature: feature[i]!,
      threshold: isCategorical ? 0 : thresholdOf(threshold[i]!),
      left: indexOf(left[i]!),
      right: indexOf(right[i]!),
      missingLeft:
        !isCategorical &&
        missingGoesLeft(type[i]!, threshold[i]!, isZeroMissing, `tree ${tree}, node ${i}`),
      value: 0,
      cover: 0,
      ...(isCategorical && { categories: words.subarray(boundaries[set], boundaries[set + 1]) }),
    });
    if (isCategorical && isZeroMissing)
      throw unsupported('treats zero as missing and splits by categories');
    if (
      isCategorical &&
      !(boundaries[set]! <= boundaries[set + 1]! && boundaries[set + 1]! <= words.length)
    )
      throw broken(`tree ${tree}, node ${i}: category set ${set} does not exist`);
  }
  for (let leaf = 0; leaf < nLeaves; leaf++) {
    nodes.push({
      feature: -1,
      threshold: 0,
      left: -1,
      right: -1,
      missingLeft: false,
      value: values[leaf]!,
      cover: counts[leaf]!,
    });
  }
  return { root: 0, nodes };
};

/** What LightGBM takes for zero, and the neighbour of its negative towards minus infinity. */
const ZERO = Math.fround(1e-35);
const BELOW_ZERO = -1.0000000180025096e-35;

/** LightGBM reads a value of -ZERO as 0, so it is not left of a threshold of -ZERO. */
const thresholdOf = (threshold: number): number => (threshold === -ZERO ? BELOW_ZERO : threshold);

export const missingOf = (type: number): Missing => MISSING[(type >> 2) & 3] ?? 'none';

/** Where NaN goes: as learned; where a node has no rule for missing values, LightGBM reads NaN as 0. */
const missingGoesLeft = (
  type: number,
  threshold: number,
  isZeroMissing: boolean,
  place: string,
): boolean => {
  const defaultLeft = (type & DEFAULT_LEFT) !== 0;
  const zeroLeft = 0 <= threshold;
  switch (missingOf(type)) {
    case 'zero':
      return defaultLeft;
    case 'none':
      return zeroLeft;
    case 'nan':
      if (isZeroMissing && defaultLeft !== zeroLeft)
        throw unsupported(`treats zero as missing in some splits only (${place})`);
      return defaultLeft;
  }
};
