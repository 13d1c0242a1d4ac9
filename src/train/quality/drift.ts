/**
 * How the inputs of other flights are distributed, compared with the training flights.
 */
import type { Input } from '../../core/inputs.ts';
import type { InputShare } from '../../core/model.ts';
import { countsOf } from './input-distribution.ts';

export interface InputDrift {
  readonly input: string;
  /** Population stability index: sum of (new - old) * ln(new / old) over the bins. */
  readonly psi: number;
  readonly level: 'none' | 'some' | 'strong';
}

/** Keeps an empty bin from being an infinite change. */
const LEAST_SHARE = 1e-4;
const SOME = 0.1;
const STRONG = 0.25;

/**
 * Drift of each input that has shares, largest first.
 * @param raw float64, shape (nRows, nInputs)
 */
export const driftOf = (
  inputs: readonly Input[],
  shares: readonly InputShare[],
  raw: Float64Array,
  nRows: number,
): readonly InputDrift[] =>
  shares
    .flatMap((known): InputDrift[] => {
      const at = inputs.findIndex(({ name }) => name === known.input);
      if (at < 0) return [];
      const counts = countsOf(inputs[at]!, at, inputs.length, known.edges, raw, nRows);
      const psi = known.shares.reduce((sum, before, bin) => {
        const old = Math.max(before, LEAST_SHARE);
        const now = Math.max(counts[bin]! / nRows, LEAST_SHARE);
        return sum + (now - old) * Math.log(now / old);
      }, 0);
      return [
        {
          input: known.input,
          psi,
          level: psi >= STRONG ? 'strong' : psi >= SOME ? 'some' : 'none',
        },
      ];
    })
    .sort((a, b) => b.psi - a.psi);
