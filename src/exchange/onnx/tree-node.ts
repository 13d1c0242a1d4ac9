/**
 * One node of an ONNX tree in the form that our forests know, and the trees and columns that such nodes make.
 * Every comparison becomes `<=`, every test for equality or membership a category set.
 */

import type { Forest } from '../../core/forest.ts';
import {
  type AllocateWords,
  type ForeignNode,
  type ForeignTree,
  VALUES_LIMIT,
  wordsOfCodes,
} from '../build-forest.ts';
import type { ForeignColumn } from '../foreign-model.ts';
import { nextBelow, nextBelow32 } from '../next-float.ts';
import { unsupported } from './errors.ts';

/** In the order of their numbers in `TreeEnsemble`. */
export const MODES = [
  'BRANCH_LEQ',
  'BRANCH_LT',
  'BRANCH_GTE',
  'BRANCH_GT',
  'BRANCH_EQ',
  'BRANCH_NEQ',
  'BRANCH_MEMBER',
] as const;

export interface OnnxSplit {
  readonly mode: string;
  readonly feature: number;
  /** What is compared with; of a membership, any of these. */
  readonly values: readonly number[];
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly missingIsTrue: boolean;
}

/** Modes whose true branch is our right one. */
const SWAPPED = ['BRANCH_GT', 'BRANCH_GTE', 'BRANCH_NEQ'];

export const leafNode = (value: number): ForeignNode => ({
  feature: -1,
  threshold: 0,
  left: -1,
  right: -1,
  missingLeft: false,
  value,
  cover: 1,
});

/**
 * @param allocate hands out category sets
 * @throws AppError model-unsupported for an unknown mode, or equality with what is no small whole number
 */
export const splitNode = (
  split: OnnxSplit,
  isDouble: boolean,
  allocate: AllocateWords,
): ForeignNode => {
  const { mode, whenTrue, whenFalse, missingIsTrue } = split;
  const isSwapped = SWAPPED.includes(mode);
  const node: ForeignNode = {
    ...leafNode(0),
    feature: split.feature,
    threshold: split.values[0] ?? Number.NaN,
    left: isSwapped ? whenFalse : whenTrue,
    right: isSwapped ? whenTrue : whenFalse,
    missingLeft: missingIsTrue !== isSwapped,
  };
  switch (mode) {
    case 'BRANCH_LEQ':
    case 'BRANCH_GT':
      return node;
    case 'BRANCH_LT':
    case 'BRANCH_GTE':
      return { ...node, threshold: below(node.threshold, isDouble) };
    case 'BRANCH_EQ':
    case 'BRANCH_NEQ':
    case 'BRANCH_MEMBER':
      return { ...node, threshold: 0, categories: setOf(split.values, allocate) };
    default:
      throw unsupported(`has a node of the mode ${mode.slice(0, 40)}`);
  }
};

const setOf = (values: readonly number[], allocate: AllocateWords): Uint32Array => {
  const unknown = values.find((v) => !(Number.isInteger(v) && v >= 0 && v < VALUES_LIMIT));
  if (unknown !== undefined) throw unsupported(`asks for equality with ${unknown}`);
  return wordsOfCodes(values, allocate);
};

/** In the precision of the input: `x < t` is `x <= below(t)`. */
const below = (value: number, isDouble: boolean): number => {
  if (!Number.isFinite(value)) return value;
  return isDouble ? nextBelow(value) : nextBelow32(value);
};

/**
 * Converters write a category set as a chain of "equals" whose true branches meet in one node;
 * each chain becomes one node with the whole set.
 */
export const mergeChains = (tree: ForeignTree): ForeignTree => {
  const nodes = [...tree.nodes];
  const seen = new Set<number>();
  const waiting = [tree.root];
  const visit = (at: number): ForeignNode | undefined => {
    if (seen.has(at)) return undefined;
    seen.add(at);
    return nodes[at];
  };
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const head = visit(at);
    if (!head || head.feature === -1) continue;
    let { right } = head;
    const sets = head.categories ? [head.categories] : [];
    for (let next = nodes[right]; next && sets.length > 0; next = nodes[right]) {
      const goesOn =
        next.feature === head.feature &&
        next.left === head.left &&
        next.missingLeft === head.missingLeft;
      if (!next.categories || !goesOn || !visit(right)) break;
      sets.push(next.categories);
      ({ right } = next);
    }
    if (sets.length > 1) nodes[at] = { ...head, right, categories: unionOf(sets) };
    waiting.push(head.left, right);
  }
  return { root: tree.root, nodes };
};

const unionOf = (sets: readonly Uint32Array[]): Uint32Array => {
  const union = new Uint32Array(sets.reduce((max, set) => Math.max(max, set.length), 0));
  for (const set of sets) for (let w = 0; w < set.length; w++) union[w]! |= set[w]!;
  return union;
};

/** Columns that are only asked for equality are categories 0, 1, 2, ... */
export const columnsOfTrees = (
  trees: readonly ForeignTree[],
  { nFeatures, precision }: Forest,
): ForeignColumn[] => {
  const nCodes = new Array<number>(nFeatures).fill(0);
  for (const { nodes } of trees)
    for (const { feature, categories } of nodes)
      if (categories) nCodes[feature] = Math.max(nCodes[feature]!, categories.length * 32);
  for (const { nodes } of trees)
    for (const { feature, categories } of nodes)
      if (feature >= 0 && !categories && nCodes[feature]! > 0)
        throw unsupported(`asks column ${feature} both for equality and for order`);
  if (nCodes.reduce((sum, n) => sum + n, 0) > 2 * VALUES_LIMIT)
    throw unsupported('has too many categories');
  return nCodes.map(
    (n): ForeignColumn =>
      n === 0
        ? {}
        : {
            // The last one equals none that a node asks for, and so stands for all that equal none.
            values: Array.from({ length: n + 1 }, (_, c) => `${c}`),
            isCoded: true,
            codes: precision === 'float32' ? 'equalSingle' : 'equal',
          },
  );
};
