/**
 * The first baseline: how often this airline was late at this hour, shrunk towards the overall rate where flights are few.
 * A model that does not beat it has learned nothing.
 */
import type { Feature } from '../../core/features.ts';
import type { Input } from '../../core/inputs.ts';
import { logit } from '../../core/logistic.ts';
import { buildKey, type KeyPart } from '../../core/steps/lookup.ts';

/** Flights of the overall rate that each cell is given. */
const PRIOR_ROWS = 50;

/** Log-odds of the rate of each airline and hour among the `known` rows, as a stored feature. */
export const climatologyFeature = (
  inputs: readonly Input[],
  raw: Float64Array,
  labels: Uint8Array,
  known: Int32Array,
): Feature => {
  const airline = inputs.find((input) => input.name === 'airline' && input.kind === 'category');
  const parts: KeyPart[] = [{ of: 'hour', input: 'scheduledDeparture', radix: 24 }];
  if (airline?.values?.length)
    parts.unshift({ of: 'code', input: 'airline', radix: airline.values.length });
  const key = buildKey(parts, inputs);
  const cells = new Map<number, { late: number; all: number }>();
  let nLate = 0;
  for (const row of known) {
    nLate += labels[row]!;
    const value = key(raw, row * inputs.length);
    if (Number.isNaN(value)) continue;
    const cell = cells.get(value) ?? { late: 0, all: 0 };
    cell.late += labels[row]!;
    cell.all += 1;
    cells.set(value, cell);
  }
  const rate = nLate / known.length;
  const keys = Float64Array.from(cells.keys()).sort();
  return {
    name: 'climatology',
    step: 'lookup',
    parts,
    keys,
    numbers: keys.map((value) => {
      const { late, all } = cells.get(value)!;
      return logit((late + PRIOR_ROWS * rate) / (all + PRIOR_ROWS));
    }),
    otherwise: logit(rate),
  };
};
