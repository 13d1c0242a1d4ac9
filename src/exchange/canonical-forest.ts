/**
 * A forest in the one form that other formats share: float64, `<=`, base and scale in the leaves.
 */
import type { Forest } from '../core/forest.ts';
import { nextAbove32, nextBelow, nextBelow32 } from './next-float.ts';

/**
 * The same answers with `<=` on float64 values.
 * @cost O(nodes)
 */
export const canonicalForest = (forest: Forest): Forest => {
  const threshold = forest.threshold.map((limit, node) =>
    forest.feature[node] === -1 || forest.categoryStart[node]! >= 0
      ? limit
      : lastLeft(limit, forest.comparison, forest.precision),
  );
  return { ...forest, threshold, comparison: '<=', precision: 'float64' };
};

/** The largest float64 that goes left of a threshold. */
export const lastLeft = (
  limit: number,
  comparison: Forest['comparison'],
  precision: Forest['precision'],
): number => {
  if (precision === 'float64') return comparison === '<=' ? limit : nextBelow(limit);
  // The last float32 that goes left, then the last float64 that is rounded to it.
  let last = Math.fround(limit);
  if (last > limit || (comparison === '<' && last === limit)) last = nextBelow32(last);
  if (!Number.isFinite(last)) return last;
  const next = nextAbove32(last);
  if (!Number.isFinite(next)) return last + (last - nextBelow32(last)) / 2;
  const middle = last + (next - last) / 2;
  return Math.fround(middle) === last ? middle : nextBelow(middle);
};

/** Codes of a node's category set. */
export const categoryCodesOf = (forest: Forest, node: number): readonly number[] => {
  const start = forest.categoryStart[node]!;
  const codes: number[] = [];
  for (let word = 0; word < forest.categoryWords[node]!; word++) {
    for (let bit = 0; bit < 32; bit++)
      if ((forest.categories[start + word]! >>> bit) & 1) codes.push(word * 32 + bit);
  }
  return codes;
};

/** A set of codes the other way round, among codes 0 .. nCodes - 1. */
export const complementOf = (codes: readonly number[], nCodes: number): readonly number[] => {
  const set = new Set(codes);
  return Array.from({ length: nCodes }, (_, code) => code).filter((code) => !set.has(code));
};

/** Nodes of one tree in the order of a walk, the root first. */
export const nodesOfTree = (forest: Forest, root: number): readonly number[] => {
  const nodes: number[] = [];
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    nodes.push(node);
    if (forest.feature[node] !== -1) waiting.push(forest.right[node]!, forest.left[node]!);
  }
  return nodes;
};
