/**
 * How the inputs of the training flights were distributed, so that drift shows later.
 */
import { minuteOfDay } from '../../core/calendar.ts';
import type { Input } from '../../core/inputs.ts';
import type { InputShare } from '../../core/model.ts';
import { quantileOf } from '../growing/quantile.ts';

const N_BINS = 10;

/** One distribution per input, over `rows`. */
export const sharesOf = (
  inputs: readonly Input[],
  raw: Float64Array,
  rows: Int32Array,
): readonly InputShare[] =>
  inputs.map((input, at) => {
    const own = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++)
      own[i] = scaleOf(input, raw[rows[i]! * inputs.length + at]!);
    const edges = input.kind === 'category' ? new Float64Array(0) : edgesOf(own);
    const counts = countsOf(input, 0, 1, edges, own, own.length);
    return { input: input.name, edges, shares: counts.map((n) => n / own.length) };
  });

/**
 * float64, one per bin: how many rows fall in it; the last bin is "missing".
 * @param raw float64, shape (nRows, nInputs)
 */
export const countsOf = (
  input: Input,
  at: number,
  nInputs: number,
  edges: Float64Array,
  raw: Float64Array,
  nRows: number,
): Float64Array => {
  const isCode = input.kind === 'category';
  const nBins = isCode ? (input.values?.length ?? 0) : edges.length + 1;
  const counts = new Float64Array(nBins + 1);
  for (let row = 0; row < nRows; row++) {
    const value = scaleOf(input, raw[row * nInputs + at]!);
    let bin = 0;
    if (Number.isNaN(value)) bin = nBins;
    else if (isCode) bin = value;
    else while (bin < edges.length && value > edges[bin]!) bin++;
    counts[bin]! += 1;
  }
  return counts;
};

/** A time counts as its minute of the day. */
const scaleOf = (input: Input, value: number): number =>
  input.kind === 'time' ? minuteOfDay(value) : value;

const edgesOf = (values: Float64Array): Float64Array => {
  const present = values.filter((value) => !Number.isNaN(value));
  const edges = new Set<number>();
  if (present.length > 0)
    for (let b = 1; b < N_BINS; b++) edges.add(quantileOf(present, b / N_BINS));
  return Float64Array.from(edges).sort();
};
