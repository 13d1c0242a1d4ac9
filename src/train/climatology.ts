/**
 * The first baseline: how often this airline was late at this hour, drawn to the overall rate where flights are few.
 * A model that does not beat it has learned nothing.
 */
import { buildKey, type KeyPart } from '../core/features.ts';
import type { Input } from '../core/inputs.ts';

/** Flights of the overall rate that each cell is given. */
const PRIOR_ROWS = 50;

/** float64, shape (rows.length): the rate of each row's cell among the `known` rows. */
export const climatologyOf = (
  inputs: readonly Input[],
  raw: Float64Array,
  labels: Uint8Array,
  known: Int32Array,
  rows: Int32Array,
): Float64Array => {
  const airline = inputs.find((input) => input.name === 'airline' && input.kind === 'category');
  const parts: KeyPart[] = [{ of: 'hour', input: 'scheduledDeparture', radix: 24 }];
  if (airline) parts.unshift({ of: 'code', input: 'airline', radix: airline.values?.length ?? 0 });
  const key = buildKey(parts, inputs);
  const late = new Map<number, number>();
  const all = new Map<number, number>();
  let nLate = 0;
  for (const row of known) {
    const cell = key(raw, row * inputs.length);
    all.set(cell, (all.get(cell) ?? 0) + 1);
    late.set(cell, (late.get(cell) ?? 0) + labels[row]!);
    nLate += labels[row]!;
  }
  const rate = nLate / known.length;
  return Float64Array.from(rows, (row) => {
    const cell = key(raw, row * inputs.length);
    return ((late.get(cell) ?? 0) + PRIOR_ROWS * rate) / ((all.get(cell) ?? 0) + PRIOR_ROWS);
  });
};
