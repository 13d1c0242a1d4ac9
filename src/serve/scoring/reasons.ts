/**
 * Reasons behind an answer, as JSON; the explainer is built when first asked for.
 */
import { AppError } from '../../core/errors.ts';
import type { Lang } from '../../core/language.ts';
import type { Model } from '../../core/model.ts';
import { buildExplainer, type Explainer } from '../../predict/explain/explain.ts';

export interface Reasons {
  /**
   * `,"reasons":[{"input","points","text"}],"base":x`: points and base add up to the probability.
   * @throws AppError model-unsupported when the model is too large to be explained
   */
  readonly text: (raw: Float64Array, at: number, lang: Lang) => string;
  /** The same; no reasons at all where the model is too large to be explained. */
  readonly textIfPossible: (raw: Float64Array, at: number, lang: Lang) => string;
}

export const buildReasons = (model: Model): Reasons => {
  /** Made once, for better or worse: to find out costs a look at every node. */
  let explainer: Explainer | AppError | undefined;
  const text = (raw: Float64Array, at: number, lang: Lang): string | AppError => {
    explainer ??= explainerOf(model);
    if (explainer instanceof AppError) return explainer;
    const { reasons, base } = explainer.explain(raw, at, lang);
    return `,"reasons":${JSON.stringify(reasons)},"base":${base}`;
  };
  return {
    text: (raw, at, lang) => {
      const made = text(raw, at, lang);
      if (made instanceof AppError) throw made;
      return made;
    },
    textIfPossible: (raw, at, lang) => {
      const made = text(raw, at, lang);
      return made instanceof AppError ? '' : made;
    },
  };
};

const explainerOf = (model: Model): Explainer | AppError => {
  try {
    return buildExplainer(model);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
};
