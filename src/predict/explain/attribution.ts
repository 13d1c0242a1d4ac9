/**
 * What an attribution is, and the weights of the Shapley sum.
 */

export interface Attribution {
  /** The raw score that is expected when nothing is known. */
  readonly expected: number;
  /**
   * Adds each feature's contribution to `out[f]`; they sum to score - expected.
   * @param features float64, shape (nFeatures)
   * @cost forest: O(leaves x distinct features on the path, squared)
   */
  readonly addInto: (features: Float64Array, out: Float64Array) => void;
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
