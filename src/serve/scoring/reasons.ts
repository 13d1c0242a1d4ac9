/**
 * Reasons behind an answer, as JSON and for the page; the explainer is built when first asked for.
 */
import type { Model } from '../../core/model.ts';
import { buildExplainer, type Explainer, type Explanation } from '../../predict/explain/explain.ts';

export interface Reasons {
  readonly explain: (raw: Float64Array, at: number) => Explanation;
  /** `,"reasons":[{"input","points","text"}],"base":x`: points and base add up to the probability. */
  readonly text: (raw: Float64Array, at: number) => string;
}

export const buildReasons = (model: Model): Reasons => {
  let explainer: Explainer | undefined;
  const explain = (raw: Float64Array, at: number): Explanation => {
    explainer ??= buildExplainer(model);
    return explainer.explain(raw, at);
  };
  return {
    explain,
    text: (raw, at) => {
      const { reasons, base } = explain(raw, at);
      return `,"reasons":${JSON.stringify(reasons)},"base":${base}`;
    },
  };
};
