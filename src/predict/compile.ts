/**
 * The fast form of a model, made at load and compared with `reference` before anybody may use it.
 */
import type { Model } from '../core/model.ts';
import { buildOutputTransform } from './heads.ts';
import { buildAveragedScorer } from './averaged-scorer.ts';
import type { Predictor } from './predictor.ts';
import { BATCH_ROWS, type Kernel } from './scorer.ts';
import { verify } from './verify.ts';

/**
 * A predictor that gives the reference's bits, faster. It scores one row without allocating.
 * @param force uses this kernel where it fits, for benches and tests
 * @throws AppError model-unfit when it does not, or when the model's self-test fails
 */
export const compilePredictor = (model: Model, force?: Kernel): Predictor => {
  const nInputs = model.inputs.length;
  const nHeads = model.heads.length;
  const transform = buildOutputTransform(model.heads);
  const scorer = buildAveragedScorer(
    model.heads.map((head) => head.score),
    model.features.length,
    force,
    model,
  );
  const { scores, score, encode } = scorer;
  const predictor: Predictor = {
    model,
    predictInto: (raw, nRows, out) => {
      for (let from = 0; from < nRows; from += BATCH_ROWS) {
        const n = Math.min(BATCH_ROWS, nRows - from);
        encode(raw, from * nInputs, n);
        score(n);
        for (let i = 0; i < n * nHeads; i++) out[from * nHeads + i] = scores[i]!;
        for (let row = 0; row < n; row++) transform(out, (from + row) * nHeads);
      }
    },
  };
  verify(predictor, scorer);
  return predictor;
};
