/**
 * What a predictor is: from the inputs of flights to a model's predictions.
 */
import type { Model } from '../core/model.ts';

export interface Predictor {
  readonly model: Model;
  /**
   * Predicts `nRows` flights.
   * @param raw float64, shape (nRows, nInputs), row-major: as `core/inputs` reads them
   * @param out float64, shape (nRows, nHeads): calibrated probabilities (rising minutes, never rising)
   *   then minutes of delay (rising levels, never falling), in the order of `model.heads`
   */
  readonly predictInto: (raw: Float64Array, nRows: number, out: Float64Array) => void;
}
