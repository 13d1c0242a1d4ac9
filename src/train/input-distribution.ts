/**
 * How the inputs of the training flights were distributed, so that drift shows later.
 */

import { PLAN_FIELDS } from '../core/around/surroundings.ts';
import { minuteOfDay } from '../core/calendar.ts';
import { buildBinCounter } from '../core/distribution.ts';
import type { InputShare } from '../core/model.ts';
import type { FlightColumns } from './flight-columns.ts';
import { countedQuantiles, sampleQuantile } from './quality/quantile.ts';

const N_BINS = 10;

/** One distribution per input, over `rows`; none of what the plan of a day fills, which a flight that is asked alone lacks. */
export const distributionsOf = (
  { inputs, columns }: FlightColumns,
  rows: Int32Array,
): readonly InputShare[] => {
  const own = new Float64Array(rows.length);
  /** Room for the numbers that are not missing. */
  const present = new Float64Array(rows.length);
  return inputs.flatMap((input, at) => {
    if ((PLAN_FIELDS as readonly string[]).includes(input.name)) return [];
    const column = columns[at]!;
    for (let i = 0; i < rows.length; i++) {
      const value = column[rows[i]!]!;
      own[i] = input.kind === 'time' ? minuteOfDay(value) : value;
    }
    const isCode = input.kind === 'category';
    const edges = isCode ? new Float64Array(0) : edgesOf(own, present);
    const nKnown = isCode ? (input.values?.length ?? 0) : edges.length + 1;
    const counts = new Float64Array(nKnown + 1);
    buildBinCounter(
      [input],
      [{ input: input.name, edges, shares: counts }],
      counts,
    )(own, own.length);
    return {
      input: input.name,
      edges,
      shares: counts.map((n) => n / own.length),
      rows: own.length,
    };
  });
};

const edgesOf = (values: Float64Array, room: Float64Array): Float64Array => {
  let n = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i]!)) room[n++] = values[i]!;
  const present = room.subarray(0, n);
  const edges = new Set<number>();
  const quantileOf = countedQuantiles(present) ?? ((level) => sampleQuantile(present, level));
  if (n > 0) for (let b = 1; b < N_BINS; b++) edges.add(quantileOf(b / N_BINS));
  return Float64Array.from(edges).sort();
};
