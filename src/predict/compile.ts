/**
 * The fast form of a model, made at load and compared with `reference` before anybody may use it.
 * Stands between a loaded model and `serve/`, `cli/predict` and `exchange/`'s self-check.
 */
import { buildEncoder } from '../core/features.ts';
import type { Model } from '../core/model.ts';
import { buildAnswers } from './heads.ts';
import type { Predictor } from './predictor.ts';
import { scoreOf } from './reference.ts';
import { verify } from './verify.ts';

/**
 * A predictor that gives the reference's bits, faster.
 * @throws AppError model-unfit when it does not, or when the model's self-test fails
 */
export const compilePredictor = (model: Model): Predictor => {
  const nInputs = model.inputs.length;
  const nHeads = model.heads.length;
  const encode = buildEncoder(model.inputs, model.features);
  const features = new Float64Array(model.features.length);
  const answer = buildAnswers(model.heads);
  const scores = model.heads.map((head) => head.score);
  const predictor: Predictor = {
    model,
    predictInto: (raw, nRows, out) => {
      for (let row = 0; row < nRows; row++) {
        encode(raw, row * nInputs, features, 0);
        for (let h = 0; h < nHeads; h++) out[row * nHeads + h] = scoreOf(scores[h]!, features, 0);
        answer(out, row * nHeads);
      }
    },
  };
  verify(predictor);
  return predictor;
};
