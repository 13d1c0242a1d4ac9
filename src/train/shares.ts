/**
 * How the inputs of the training flights were distributed, so that drift shows later.
 */
import type { Input } from '../core/inputs.ts';
import type { InputShare } from '../core/model.ts';
import { quantileOf } from './boosting.ts';

const N_BINS = 10;
const MINUTES_PER_DAY = 1440;

/** One distribution per input, over `rows`. */
export const sharesOf = (
  inputs: readonly Input[],
  raw: Float64Array,
  rows: Int32Array,
): readonly InputShare[] =>
  inputs.map((input, i) => {
    const values = Float64Array.from(rows, (row) => {
      const value = raw[row * inputs.length + i]!;
      return input.kind === 'time'
        ? value - Math.floor(value / MINUTES_PER_DAY) * MINUTES_PER_DAY
        : value;
    });
    const edges = input.kind === 'category' ? new Float64Array(0) : edgesOf(values);
    const nBins = input.kind === 'category' ? (input.values?.length ?? 0) : edges.length + 1;
    const shares = new Float64Array(nBins + 1);
    for (const value of values)
      shares[binOf(value, edges, nBins, input.kind === 'category')]! += 1 / values.length;
    return { input: input.name, edges, shares };
  });

const edgesOf = (values: Float64Array): Float64Array => {
  const present = values.filter((value) => !Number.isNaN(value));
  const edges = new Set<number>();
  if (present.length > 0)
    for (let b = 1; b < N_BINS; b++) edges.add(quantileOf(present, b / N_BINS));
  return Float64Array.from(edges).sort();
};

const binOf = (value: number, edges: Float64Array, nBins: number, isCode: boolean): number => {
  if (Number.isNaN(value)) return nBins;
  if (isCode) return value;
  let bin = 0;
  while (bin < edges.length && value > edges[bin]!) bin++;
  return bin;
};
