/**
 * What an attribution is, and the weights of the Shapley sum.
 */

import type { Gradual } from '../gradual.ts';

export interface Attribution {
  /** The raw score that is expected when nothing is known. */
  readonly expected: number;
  /**
   * Adds each feature's contribution to `out[f]`; they sum to score - expected.
   * @param features float64, shape (nFeatures)
   * @cost forest: O(leaves x distinct features on the path, squared)
   */
  readonly addInto: (features: Float64Array, out: Float64Array) => void;
  /** The same bits, with stops; others may be explained meanwhile. */
  readonly addGradually: (features: Float64Array, out: Float64Array) => Gradual<void>;
  /** Whether it takes so long that nobody should wait for all of it. */
  readonly isLong: boolean;
}

/** `[k]` = k! (d - 1 - k)! / d!, for k = 0 .. d - 1: the share of the sets of k among d players. */
export const shapleyWeights = (d: number): Float64Array => {
  const weights = new Float64Array(d + 1);
  let choose = 1;
  for (let k = 0; k < d; k++) {
    weights[k] = 1 / (d * choose);
    choose = (choose * (d - 1 - k)) / (k + 1);
  }
  return weights;
};
