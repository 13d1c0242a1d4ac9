/**
 * The tree that the ranked nodes make, and the rows of its leaves.
 */
import type { GrownTree, GrowSettings } from '../growing/reference-grower.ts';
import { CONTROL, type NodeTable, STATE } from './node-table.ts';
import { leafValue } from '../growing/leaf-value.ts';
import { buildNodes, WORDS_PER_SET } from '../growing/tree.ts';
import type { Workshop } from './thread-context.ts';

export interface AssembledTree extends GrownTree {
  /** The leaves' rows as runs of rising rows: a leaf that was expanded in vain has more than one. */
  readonly runs: GrownTree['ranges'];
}

/** The tree of the ranked nodes, numbered in their order, and the rows of its leaves. */
export const treeOf = (
  { nodes, context, control, ranked }: Workshop,
  settings: GrowSettings,
): AssembledTree => {
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
  return { tree, ranges, runs };
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
