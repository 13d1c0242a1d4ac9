/**
 * How much each feature moves a model's first answer: the report of `train` and of `evaluate`.
 */
import { buildEncoder } from '../core/features.ts';
import { firstHeadOf, type Model } from '../core/model.ts';
import { buildAttribution } from '../predict/explain/shap.ts';

export interface FeatureImportance {
  readonly feature: string;
  /** Mean absolute SHAP value in the first head, in log-odds. */
  readonly meanAbsolute: number;
}

/** Of every feature, largest first. */
export const importanceOf = (model: Model, raw: Float64Array): readonly FeatureImportance[] => {
  const nFeatures = model.features.length;
  const nRows = raw.length / model.inputs.length;
  const encode = buildEncoder(model.inputs, model.features);
  const attribution = buildAttribution(firstHeadOf(model).score, new Float64Array(nFeatures), true);
  const features = new Float64Array(nFeatures);
  const effects = new Float64Array(nFeatures);
  const sums = new Float64Array(nFeatures);
  for (let row = 0; row < nRows; row++) {
    encode(raw, row * model.inputs.length, features, 0);
    effects.fill(0);
    attribution.addInto(features, effects);
    for (let f = 0; f < nFeatures; f++) sums[f]! += Math.abs(effects[f]!);
  }
  return model.features
    .map(({ name }, f) => ({ feature: name, meanAbsolute: sums[f]! / nRows }))
    .sort((a, b) => b.meanAbsolute - a.meanAbsolute);
};
