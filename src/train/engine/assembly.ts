/**
 * The tree that the ranked nodes make, and the rows of its leaves.
 */
import { leafValue } from '../growing/leaf-value.ts';
import type { GrownTree, LeafRows } from '../growing/reference-grower.ts';
import { buildNodes, WORDS_PER_SET } from '../growing/tree.ts';
import { CONTROL, type NodeTable, STATE } from './node-table.ts';
import type { ThreadContext } from './thread-context.ts';
import { scalesOf, type TrainingTask } from './training-task.ts';

export interface AssembledTree extends GrownTree {
  /** The leaves' rows as runs of rising rows: a leaf that was expanded needlessly has more than one. */
  readonly runs: readonly LeafRows[];
}

/** The tree of the ranked nodes, numbered in their order, and the rows of its leaves. */
export const treeOf = (
  { nodes, control, ranked }: ThreadContext,
  { settings, quanta }: TrainingTask,
): AssembledTree => {
  const scales = scalesOf(quanta);
  const expanded = ranked.subarray(0, control[CONTROL.nRanked]);
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
  const runs: LeafRows[] = [];
  const leaves = [...numbers].map(([node, to]): LeafRows => {
    addRuns(nodes, node, to, runs);
    const g = nodes.g[node]! * scales.g;
    const h = nodes.h[node]! * scales.h;
    const bounds = { low: nodes.low[node]!, high: nodes.high[node]! };
    tree.value[to] = settings.learningRate * leafValue(g, h, settings.l2, bounds);
    tree.cover[to] = nodes.end[node]! - nodes.begin[node]!;
    return { node: to, begin: nodes.begin[node]!, end: nodes.end[node]! };
  });
  return { tree, leaves, runs };
};

const addRuns = (nodes: NodeTable, node: number, leaf: number, runs: LeafRows[]): void => {
  if (nodes.state[node] !== STATE.expanded) {
    runs.push({ node: leaf, begin: nodes.begin[node]!, end: nodes.end[node]! });
    return;
  }
  addRuns(nodes, nodes.left[node]!, leaf, runs);
  addRuns(nodes, nodes.left[node]! + 1, leaf, runs);
};
