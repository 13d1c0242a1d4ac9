/**
 * The nodes of the tree that is growing, in memory that the threads share: one typed array per field.
 */
import { CONTROL_BYTES, type Layout, NODE_BYTES } from './layout.ts';
import { WORDS_PER_SET } from '../growing/tree.ts';

/** What may be done with a node. */
export const STATE = { candidate: 0, taken: 1, expanded: 2, leaf: 3 } as const;

export interface NodeTable {
  readonly state: Int32Array;
  readonly begin: Int32Array;
  readonly end: Int32Array;
  readonly depth: Int32Array;
  /** Which histogram it holds. */
  readonly slot: Int32Array;
  /** Its left child; the right one follows. */
  readonly left: Int32Array;
  readonly feature: Int32Array;
  readonly bin: Int32Array;
  readonly isSet: Int32Array;
  readonly missingLeft: Int32Array;
  readonly sets: Uint32Array;
  readonly gain: Float64Array;
  readonly g: Float64Array;
  readonly h: Float64Array;
  readonly leftG: Float64Array;
  readonly leftH: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

export const viewNodes = (buffer: SharedArrayBuffer, layout: Layout): NodeTable => {
  const n = layout.nNodes;
  let at = layout.nodesAt;
  const doubles = (): Float64Array => {
    const view = new Float64Array(buffer, at, n);
    at += 8 * n;
    return view;
  };
  const ints = (): Int32Array => {
    const view = new Int32Array(buffer, at, n);
    at += 4 * n;
    return view;
  };
  const table = {
    gain: doubles(),
    g: doubles(),
    h: doubles(),
    leftG: doubles(),
    leftH: doubles(),
    low: doubles(),
    high: doubles(),
    state: ints(),
    begin: ints(),
    end: ints(),
    depth: ints(),
    slot: ints(),
    left: ints(),
    feature: ints(),
    bin: ints(),
    isSet: ints(),
    missingLeft: ints(),
    sets: new Uint32Array(buffer, at, n * WORDS_PER_SET),
  };
  if (at + 4 * n * WORDS_PER_SET > layout.nodesAt + n * NODE_BYTES)
    throw new RangeError('a node record is larger than its place');
  return table;
};

/** int32 cells through which threads talk. */
export const CONTROL = {
  /** Rises by one with each job. */
  sequence: 0,
  job: 1,
  /** Threads that have finished the job. */
  done: 2,
  lock: 3,
  nNodes: 4,
  nSlots: 5,
  /** Nodes that threads have begun to expand, and those whose children all threads know. */
  nTaken: 6,
  nPublished: 7,
  /** Expansions of a whole tree. */
  nWanted: 8,
  begin: 9,
  end: 10,
  node: 11,
  nRuns: 12,
  round: 13,
  slot: 14,
  /** The sequence when the threads were assigned. */
  started: 15,
  /** Nodes of the tree whose order is certain, and those that come after them (see `ranking`). */
  nRanked: 16,
  nFrontier: 17,
} as const;

export const viewControl = (buffer: SharedArrayBuffer, layout: Layout): Int32Array =>
  new Int32Array(buffer, layout.controlAt, CONTROL_BYTES / 4);
