/**
 * In which order best-first growth expands the nodes: as far as it is certain, and what comes next as far as is known.
 */
import { CONTROL, type NodeTable, STATE } from './node-table.ts';
import type { ThreadContext } from './thread-context.ts';

/** Starts over with a root whose split is known. */
export const startRanking = ({ control, nodes, frontier }: ThreadContext): void => {
  control[CONTROL.nRanked] = 0;
  control[CONTROL.nFrontier] = nodes.state[0] === STATE.leaf ? 0 : push(frontier, 0, 0, nodes);
};

/**
 * Ranks nodes up to the first one whose children nobody knows yet.
 * @returns whether the tree has all its nodes
 * @cost O(log nLeaves) a node
 */
export const rankNodes = ({ control, nodes, frontier, ranked }: ThreadContext): boolean => {
  const nWanted = control[CONTROL.nWanted]!;
  let nRanked = control[CONTROL.nRanked]!;
  let nFrontier = control[CONTROL.nFrontier]!;
  while (nRanked < nWanted && nFrontier > 0 && nodes.state[frontier[0]!] === STATE.expanded) {
    const node = frontier[0]!;
    ranked[nRanked++] = node;
    nFrontier = replaceFirst(frontier, nFrontier, nodes);
  }
  control[CONTROL.nRanked] = nRanked;
  control[CONTROL.nFrontier] = nFrontier;
  return nRanked === nWanted || nFrontier === 0;
};

/**
 * The node to expand next after those ranked, -1 where that depends on what others are expanding.
 * @param mayGuess whether it may be one that the unknown children could push out of the tree
 */
export const nextNode = (
  { control, nodes, frontier, guessed }: ThreadContext,
  mayGuess: boolean,
): number => {
  const first = frontier[0]!;
  if (nodes.state[first] === STATE.candidate) return first;
  if (!mayGuess) return -1;
  let n = control[CONTROL.nFrontier]!;
  for (let i = 0; i < n; i++) guessed[i] = frontier[i]!;
  const nWanted = control[CONTROL.nWanted]!;
  for (let rank = control[CONTROL.nRanked]!; rank < nWanted && n > 0; rank++) {
    const node = guessed[0]!;
    if (nodes.state[node] === STATE.candidate) return node;
    n = replaceFirst(guessed, n, nodes);
  }
  return -1;
};

/** Takes the first node away and adds its children, where they are known and can be split. @returns how many there are */
const replaceFirst = (heap: Int32Array, nHeap: number, nodes: NodeTable): number => {
  const node = heap[0]!;
  let n = pop(heap, nHeap, nodes);
  if (nodes.state[node] !== STATE.expanded) return n;
  const left = nodes.left[node]!;
  if (nodes.state[left] !== STATE.leaf) n = push(heap, n, left, nodes);
  if (nodes.state[left + 1] !== STATE.leaf) n = push(heap, n, left + 1, nodes);
  return n;
};

/** Whether a node comes before another: by gain, ties to the rows that come first. */
const isBefore = ({ gain, begin }: NodeTable, a: number, b: number): boolean =>
  gain[a]! > gain[b]! || (gain[a] === gain[b] && begin[a]! < begin[b]!);

/** @returns how many there are now */
const push = (heap: Int32Array, nHeap: number, node: number, nodes: NodeTable): number => {
  let at = nHeap;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!isBefore(nodes, node, heap[above]!)) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = node;
  return nHeap + 1;
};

/** Takes the first away. @returns how many there are now */
const pop = (heap: Int32Array, nHeap: number, nodes: NodeTable): number => {
  const n = nHeap - 1;
  const node = heap[n]!;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= n) break;
    if (below + 1 < n && isBefore(nodes, heap[below + 1]!, heap[below]!)) below++;
    if (!isBefore(nodes, heap[below]!, node)) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = node;
  return n;
};
