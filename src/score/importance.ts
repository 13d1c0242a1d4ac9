/**
 * How much each feature moves a model's first answer: the report of `train` and of `evaluate`.
 */
import { buildEncoder } from '../core/features.ts';
import { firstHeadOf, type Model, type Score } from '../core/model.ts';
import { attributeRows } from '../predict/explain/sample-shap.ts';

export interface FeatureImportance {
  readonly feature: string;
  /** Mean absolute SHAP value in the first head, in log-odds. */
  readonly meanAbsolute: number;
}

/** What a model's first answer is explained by. */
export interface ExplainedScore extends Pick<Model, 'inputs' | 'features'> {
  readonly score: Score;
}

/** Of every feature, largest first. @param raw float64, shape (n, nInputs) */
export const importanceOf = (model: Model, raw: Float64Array): readonly FeatureImportance[] =>
  importanceOfScore({ ...model, score: firstHeadOf(model).score }, raw);

/** The same, of a score. */
export const importanceOfScore = (
  { inputs, features, score }: ExplainedScore,
  raw: Float64Array,
): readonly FeatureImportance[] => {
  const nRows = raw.length / inputs.length;
  const matrix = new Float64Array(nRows * features.length);
  buildEncoder(inputs, features)(raw, 0, matrix, 0, nRows);
  return meansOf(features, score, matrix);
};

/** Of every feature, largest first. @param matrix float64, shape (n, nFeatures) */
export const importanceOfMatrix = (
  model: Model,
  matrix: Float64Array,
): readonly FeatureImportance[] => meansOf(model.features, firstHeadOf(model).score, matrix);

const meansOf = (
  features: Model['features'],
  score: Score,
  matrix: Float64Array,
): readonly FeatureImportance[] => {
  const nFeatures = features.length;
  const nRows = matrix.length / nFeatures;
  const effects = attributeRows(score, matrix, new Float64Array(nFeatures));
  return features
    .map(({ name }, f) => ({
      feature: name,
      meanAbsolute: effects[f]!.reduce((sum, effect) => sum + Math.abs(effect), 0) / nRows,
    }))
    .sort((a, b) => b.meanAbsolute - a.meanAbsolute);
};
