/**
 * The walked forests of a model as functions: which gait they get, and what is prepared for it per row.
 */
import type { Func } from '../../wasm/assembler.ts';
import type { Asking, Column } from '../columns.ts';
import { emitDecisions, planDecisions } from './decisions.ts';
import {
  type Gait,
  MANY_BITS,
  ONE_BITS,
  orderShort,
  takeLongGait,
  takeShortGait,
} from './traversal.ts';
import type { Layout } from './memory-layout.ts';
import { emitSlots, planSlots } from './slots.ts';
import { emitWalkScores } from './walk-kernel.ts';
import { LANES, type Order } from './walk-layout.ts';

/** Over decisions answered beforehand, or over slots where there are too many of those. */
export type WalkKernel = 'walk' | 'long-walk';

export interface Walked {
  readonly asking: Asking;
  /** Address of the first row's score, and bytes to the next. */
  readonly outAt: number;
  readonly outStride: number;
}

export interface Walks {
  readonly kernel: WalkKernel;
  /** In the order of the call, `(nRows)`: for a single row, and for multiples of 8 rows. */
  readonly one: readonly Func[];
  readonly many: readonly Func[];
}

/** @returns undefined when no gait can hold the forests */
export const takeWalks = (
  walked: readonly Walked[],
  columns: readonly Column[],
  layout: Layout,
  places: { readonly binsAt: number; readonly blockRows: number },
  force?: WalkKernel,
): Walks | undefined =>
  (force === 'long-walk' ? undefined : takeShortWalks(walked, columns, layout, places)) ??
  takeLongWalks(walked, columns, layout, places);

type Take = (
  walked: readonly Walked[],
  columns: readonly Column[],
  layout: Layout,
  places: { readonly binsAt: number; readonly blockRows: number },
) => Walks | undefined;

const takeShortWalks: Take = (walked, columns, layout, { binsAt, blockRows }) => {
  const orders: Order[] = [];
  for (const { asking } of walked) {
    const order = orderShort(asking.forest);
    if (!order) return undefined;
    orders.push(order);
  }
  const plan = planDecisions(
    walked.map(({ asking }) => asking),
    columns,
    orders.reduce((most, { mostLeaves }) => Math.max(most, mostLeaves), 0),
  );
  if (!plan) return undefined;
  const oneAt = layout.take(plan.nDecisions);
  const groupsAt = layout.take((blockRows / LANES) * plan.nDecisions);
  const groupBytes = plan.nDecisions;
  const gaits = plan.forests.map((forest, w) =>
    takeShortGait(forest, orders[w]!, layout, { oneAt, groupsAt, groupBytes }),
  );
  const decide = emitDecisions(plan, layout, { binsAt, decisionsAt: oneAt }, ONE_BITS);
  const decideMany = emitDecisions(plan, layout, { binsAt, decisionsAt: groupsAt }, MANY_BITS);
  return walksOf('walk', decide, decideMany, walked, gaits, layout);
};

const takeLongWalks: Take = (walked, columns, layout, { binsAt, blockRows }) => {
  const plan = planSlots(
    walked.map(({ asking }) => asking),
    columns,
  );
  if (!plan) return undefined;
  const rowBytes = plan.slots.length * 4;
  const groupsAt = layout.take(blockRows * rowBytes);
  const fill = emitSlots(plan, layout, binsAt, groupsAt);
  const gaits = plan.forests.map((forest) => takeLongGait(forest, layout, { groupsAt, rowBytes }));
  return walksOf('long-walk', fill, fill, walked, gaits, layout);
};

const walksOf = (
  kernel: WalkKernel,
  prepareOne: Func,
  prepareMany: Func,
  walked: readonly Walked[],
  gaits: readonly Gait[],
  layout: Layout,
): Walks => {
  const scores = gaits.map((gait, w) => emitWalkScores(gait, walked[w]!, layout));
  return {
    kernel,
    one: [prepareOne, ...scores.map(({ one }) => one)],
    many: [prepareMany, ...scores.map(({ many }) => many)],
  };
};
