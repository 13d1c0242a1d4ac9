/**
 * How much each feature moves a model's first answer: the report of `train` and of `evaluate`.
 */
import { buildEncoder } from '../core/features.ts';
import { firstHeadOf, type Model } from '../core/model.ts';
import { attributeRows } from '../predict/explain/sample-shap.ts';

export interface FeatureImportance {
  readonly feature: string;
  /** Mean absolute SHAP value in the first head, in log-odds. */
  readonly meanAbsolute: number;
}

/** Of every feature, largest first. @param raw float64, shape (n, nInputs) */
export const importanceOf = (model: Model, raw: Float64Array): readonly FeatureImportance[] => {
  const nRows = raw.length / model.inputs.length;
  const matrix = new Float64Array(nRows * model.features.length);
  buildEncoder(model.inputs, model.features)(raw, 0, matrix, 0, nRows);
  return importanceOfMatrix(model, matrix);
};

/** Of every feature, largest first. @param matrix float64, shape (n, nFeatures) */
export const importanceOfMatrix = (
  model: Model,
  matrix: Float64Array,
): readonly FeatureImportance[] => {
  const nFeatures = model.features.length;
  const nRows = matrix.length / nFeatures;
  const effects = attributeRows(firstHeadOf(model).score, matrix, new Float64Array(nFeatures));
  return model.features
    .map(({ name }, f) => ({
      feature: name,
      meanAbsolute: effects[f]!.reduce((sum, effect) => sum + Math.abs(effect), 0) / nRows,
    }))
    .sort((a, b) => b.meanAbsolute - a.meanAbsolute);
};
