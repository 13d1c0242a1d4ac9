/**
 * Predicates: what the inner nodes of a forest test, each once. Many nodes of a forest test the same.
 */
import type { Forest } from '../core/forest.ts';

/** A predicate is a feature, the side of missing values, and a threshold or a category set. */
export interface Predicates {
  /** int32, shape (nNodes): predicate of each inner node, -1 at leaves. */
  readonly ofNode: Int32Array;
  /** int32, shape (nPredicates): the first node that has it. */
  readonly firstNode: Int32Array;
}

/** @cost O(nNodes); one loop, as it runs at every start of a worker, before the engine has compiled it */
export const findPredicates = (forest: Forest): Predicates => {
  const { feature, threshold, missingLeft, categoryStart } = forest;
  const nNodes = feature.length;
  const halves = new Uint32Array(threshold.buffer, threshold.byteOffset, 2 * nNodes);
  const ofNode = new Int32Array(nNodes).fill(-1);
  const firstNode = new Int32Array(nNodes);
  let nPredicates = 0;
  let nBuckets = 1024;
  while (nBuckets < nNodes) nBuckets *= 2;
  /** Predicate + 1 by hash, 0 where there is none. */
  const buckets = new Int32Array(nBuckets);
  for (let node = 0; node < nNodes; node++) {
    const tested = feature[node]!;
    if (tested < 0) continue;
    const low = halves[2 * node]!;
    const high = halves[2 * node + 1]!;
    const isSet = categoryStart[node]! >= 0;
    const side = missingLeft[node]!;
    const what = isSet ? hashOfSet(forest, node) : low ^ Math.imul(high, 0x9e3779b1);
    const hash = Math.imul(what ^ Math.imul(2 * tested + side, 0x27d4eb2f), 0x85ebca6b);
    let bucket = (hash ^ (hash >>> 15)) & (nBuckets - 1);
    let predicate = buckets[bucket]! - 1;
    while (predicate >= 0) {
      const other = firstNode[predicate]!;
      if (
        feature[other] === tested &&
        missingLeft[other] === side &&
        (isSet
          ? isSameSet(forest, node, other)
          : categoryStart[other]! < 0 &&
            halves[2 * other] === low &&
            halves[2 * other + 1] === high)
      )
        break;
      bucket = (bucket + 1) & (nBuckets - 1);
      predicate = buckets[bucket]! - 1;
    }
    if (predicate < 0) {
      predicate = nPredicates++;
      firstNode[predicate] = node;
      buckets[bucket] = predicate + 1;
    }
    ofNode[node] = predicate;
  }
  return { ofNode, firstNode: firstNode.slice(0, nPredicates) };
};

const hashOfSet = ({ categories, categoryStart, categoryWords }: Forest, node: number): number => {
  const start = categoryStart[node]!;
  let hash = 1;
  for (let word = 0; word < categoryWords[node]!; word++) {
    hash = Math.imul(hash ^ categories[start + word]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
};

const isSameSet = (forest: Forest, a: number, b: number): boolean => {
  const { categories, categoryStart, categoryWords } = forest;
  const nWords = categoryWords[a]!;
  if (categoryStart[b]! < 0 || categoryWords[b] !== nWords) return false;
  for (let word = 0; word < nWords; word++) {
    if (categories[categoryStart[a]! + word] !== categories[categoryStart[b]! + word]) return false;
  }
  return true;
};
