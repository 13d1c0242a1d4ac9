/**
 * Counts the bins that live flights fall in, as training counted its own: what drift is measured by.
 */
import { minuteOfDay } from '../../core/calendar.ts';
import type { Input } from '../../core/inputs.ts';
import type { InputShare } from '../../core/model.ts';

/** Counts `nRows` flights (float64, shape (nRows, nInputs), row-major) into its cells. */
export type DriftCounter = (raw: Float64Array, nRows: number) => void;

/**
 * @param cells float64, shape (sum of shares[i].shares.length): the bins of all inputs, one after the other
 * @cost one addition and a search among ten edges per input
 */
export const buildDriftCounter = (
  inputs: readonly Input[],
  shares: readonly InputShare[],
  cells: Float64Array,
): DriftCounter => {
  let first = 0;
  const columns = shares.map(({ input, edges, shares: bins }) => {
    const place = inputs.findIndex(({ name }) => name === input);
    const at = first;
    first += bins.length;
    return { place, edges, at, missing: bins.length - 1, kind: inputs[place]!.kind };
  });
  const nInputs = inputs.length;
  return (raw, nRows) => {
    for (const { place, edges, at, missing, kind } of columns) {
      for (let row = 0; row < nRows; row++) {
        const value = raw[row * nInputs + place]!;
        let bin = missing;
        if (kind === 'category') {
          if (!Number.isNaN(value)) bin = value;
        } else if (!Number.isNaN(value)) {
          const number = kind === 'time' ? minuteOfDay(value) : value;
          bin = 0;
          while (bin < edges.length && number > edges[bin]!) bin++;
        }
        cells[at + bin]! += 1;
      }
    }
  };
};
