/**
 * Questions: what the inner nodes of a forest ask, each once. Many nodes of a forest ask the same.
 */
import type { Forest } from '../core/forest.ts';

/** A question is a feature, the side of missing values, and a threshold or a category set. */
export interface Questions {
  /** int32, shape (nNodes): question of each inner node, -1 at leaves. */
  readonly of: Int32Array;
  /** int32, shape (nQuestions): a node that asks it, the first one. */
  readonly askedBy: Int32Array;
}

/** @cost O(nNodes); one loop, as it runs at every start of a worker, before the engine has compiled it */
export const findQuestions = (forest: Forest): Questions => {
  const { feature, threshold, missingLeft, categoryStart } = forest;
  const nNodes = feature.length;
  const halves = new Uint32Array(threshold.buffer, threshold.byteOffset, 2 * nNodes);
  const of = new Int32Array(nNodes).fill(-1);
  const askedBy = new Int32Array(nNodes);
  let nQuestions = 0;
  let nSlots = 1024;
  while (nSlots < nNodes) nSlots *= 2;
  /** Question + 1 by hash, 0 where there is none. */
  const slots = new Int32Array(nSlots);
  for (let node = 0; node < nNodes; node++) {
    const asked = feature[node]!;
    if (asked < 0) continue;
    const low = halves[2 * node]!;
    const high = halves[2 * node + 1]!;
    const isSet = categoryStart[node]! >= 0;
    const side = missingLeft[node]!;
    const what = isSet ? hashOfSet(forest, node) : low ^ Math.imul(high, 0x9e3779b1);
    const hash = Math.imul(what ^ Math.imul(2 * asked + side, 0x27d4eb2f), 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & (nSlots - 1);
    let question = slots[slot]! - 1;
    while (question >= 0) {
      const other = askedBy[question]!;
      if (
        feature[other] === asked &&
        missingLeft[other] === side &&
        (isSet
          ? isSameSet(forest, node, other)
          : categoryStart[other]! < 0 &&
            halves[2 * other] === low &&
            halves[2 * other + 1] === high)
      )
        break;
      slot = (slot + 1) & (nSlots - 1);
      question = slots[slot]! - 1;
    }
    if (question < 0) {
      question = nQuestions++;
      askedBy[question] = node;
      slots[slot] = question + 1;
    }
    of[node] = question;
  }
  return { of, askedBy: askedBy.slice(0, nQuestions) };
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
