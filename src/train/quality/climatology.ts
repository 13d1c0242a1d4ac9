/**
 * The first baseline: how often this airline was late at this hour, shrunk towards the overall rate where flights are few.
 * A model that does not beat it has learned nothing.
 */
import type { Feature } from '../../core/features.ts';
import type { Input } from '../../core/inputs.ts';
import { logit } from '../../core/logistic.ts';
import type { KeyPart } from '../../core/steps/lookup.ts';
import { type KeyReader, sortedKeys } from '../key-codes.ts';

/** Flights of the overall rate that each cell is given. */
const PRIOR_ROWS = 50;

/**
 * Log-odds of the rate of each airline and hour among the `known` rows, as a stored feature.
 * @param codesOf codes of these rows
 */
export const climatologyFeature = (
  inputs: readonly Input[],
  codesOf: KeyReader,
  labels: Uint8Array,
  known: Int32Array,
): Feature => {
  const airline = inputs.find((input) => input.name === 'airline' && input.kind === 'category');
  const parts: KeyPart[] = [{ of: 'hour', input: 'scheduledDeparture', radix: 24 }];
  if (airline?.values?.length)
    parts.unshift({ of: 'code', input: 'airline', radix: airline.values.length });
  const codes = codesOf(parts);
  const late = new Float64Array(codes.keys.length);
  const all = new Float64Array(codes.keys.length);
  let nLate = 0;
  for (let i = 0; i < known.length; i++) {
    const label = labels[known[i]!]!;
    nLate += label;
    const code = codes.codes[i]!;
    if (code < 0) continue;
    late[code]! += label;
    all[code]! += 1;
  }
  const rate = nLate / known.length;
  const { order, keys } = sortedKeys(codes);
  return {
    name: 'climatology',
    step: 'lookup',
    parts,
    keys,
    numbers: Float64Array.from(order, (code) =>
      logit((late[code]! + PRIOR_ROWS * rate) / (all[code]! + PRIOR_ROWS)),
    ),
    otherwise: logit(rate),
  };
};
