/**
 * Which of the expanded nodes make the tree, best first, and the tree that they make.
 * Decides alone what a tree is, whoever expanded what and when.
 */
import { buildNodes, type GrownTree, type GrowSettings, trim } from './grower.ts';
import { type NodeTable, STATE } from './node-table.ts';
import { leafValue } from './splitting.ts';
import { WORDS_PER_SET } from './tree.ts';
import type { Workshop } from './workshop.ts';

export interface Assembly {
  /** Nodes in the order in which best-first growth expands them. */
  readonly expanded: readonly number[];
  readonly isComplete: boolean;
}

/**
 * The nodes that best-first growth expands, in its order; `open` may expand a node that nobody has yet.
 * Stops where it may not.
 * @cost O(nLeaves log nLeaves)
 */
export const assemble = (
  nodes: NodeTable,
  nLeaves: number,
  open: (node: number) => boolean,
): Assembly => {
  const heap: number[] = [];
  const expanded: number[] = [];
  const add = (node: number): void => {
    if (nodes.state[node] !== STATE.leaf) push(heap, node, nodes);
  };
  add(0);
  while (expanded.length < nLeaves - 1 && heap.length > 0) {
    const node = heap[0]!;
    if (nodes.state[node] === STATE.candidate && !open(node))
      return { expanded, isComplete: false };
    pop(heap, nodes);
    expanded.push(node);
    add(nodes.left[node]!);
    add(nodes.left[node]! + 1);
  }
  return { expanded, isComplete: true };
};

/** Whether a node comes before another: by gain, ties to the rows that stand first. */
const isBefore = ({ gain, begin }: NodeTable, a: number, b: number): boolean =>
  gain[a]! > gain[b]! || (gain[a] === gain[b] && begin[a]! < begin[b]!);

const push = (heap: number[], node: number, nodes: NodeTable): void => {
  let at = heap.length;
  heap.push(node);
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!isBefore(nodes, node, heap[above]!)) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = node;
};

const pop = (heap: number[], nodes: NodeTable): void => {
  const node = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && isBefore(nodes, heap[below + 1]!, heap[below]!)) below++;
    if (!isBefore(nodes, heap[below]!, node)) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = node;
};

export interface AssembledTree extends GrownTree {
  /** The leaves' rows as runs of rising rows: a leaf that was expanded in vain has more than one. */
  readonly runs: GrownTree['ranges'];
}

/** The tree of the chosen expansions, numbered in their order, and the rows of its leaves. */
export const treeOf = (
  shop: Workshop,
  settings: GrowSettings,
  expanded: readonly number[],
): AssembledTree => {
  const { nodes, context } = shop;
  const tree = buildNodes(2 * expanded.length + 1);
  const numbers = new Map<number, number>([[0, 0]]);
  let nNodes = 1;
  for (const node of expanded) {
    const to = numbers.get(node)!;
    numbers.delete(node);
    tree.feature[to] = nodes.feature[node]!;
    tree.bin[to] = nodes.isSet[node] === 1 ? 0 : nodes.bin[node]!;
    tree.isSet[to] = nodes.isSet[node]!;
    tree.missingLeft[to] = nodes.missingLeft[node]!;
    if (nodes.isSet[node] === 1)
      tree.sets.set(
        nodes.sets.subarray(node * WORDS_PER_SET, (node + 1) * WORDS_PER_SET),
        to * WORDS_PER_SET,
      );
    tree.gain[to] = nodes.gain[node]!;
    tree.cover[to] = nodes.end[node]! - nodes.begin[node]!;
    tree.left[to] = nNodes;
    tree.right[to] = nNodes + 1;
    numbers.set(nodes.left[node]!, nNodes);
    numbers.set(nodes.left[node]! + 1, nNodes + 1);
    nNodes += 2;
  }
  const runs: { node: number; begin: number; end: number }[] = [];
  const ranges = [...numbers].map(([node, to]) => {
    addRuns(nodes, node, to, runs);
    tree.value[to] =
      settings.learningRate *
      leafValue(
        nodes.g[node]! * context.doubles[0]!,
        nodes.h[node]! * context.doubles[1]!,
        settings.l2,
        nodes.low[node]!,
        nodes.high[node]!,
      );
    tree.cover[to] = nodes.end[node]! - nodes.begin[node]!;
    return { node: to, begin: nodes.begin[node]!, end: nodes.end[node]! };
  });
  return { tree: trim(tree, nNodes), ranges, runs };
};

const addRuns = (
  nodes: NodeTable,
  node: number,
  leaf: number,
  runs: { node: number; begin: number; end: number }[],
): void => {
  if (nodes.state[node] !== STATE.expanded) {
    runs.push({ node: leaf, begin: nodes.begin[node]!, end: nodes.end[node]! });
    return;
  }
  addRuns(nodes, nodes.left[node]!, leaf, runs);
  addRuns(nodes, nodes.left[node]! + 1, leaf, runs);
};
