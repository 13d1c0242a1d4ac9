/**
 * Reasons behind an answer, as JSON; the explainer is made when it is first asked for.
 */
import { AppError } from '../../core/errors.ts';
import { finishInTurns } from '../../predict/gradual.ts';
import type { Lang } from '../../core/language.ts';
import type { Model } from '../../core/model.ts';
import { explainGradually, type Explainer } from '../../predict/explain/explain.ts';

export interface Reasons {
  /**
   * `,"reasons":[{"input","points","text"}],"base":x`: points and base add up to the probability.
   * @throws AppError model-unsupported when the model is too large to be explained
   */
  readonly text: (raw: Float64Array, at: number, lang: Lang) => string;
  /** The same; no reasons at all where the model is too large to be explained. */
  readonly textIfPossible: (raw: Float64Array, at: number, lang: Lang) => string;
}

/** Made once for each model, for better or worse: to find out costs a look at every node. */
const explainers = new WeakMap<Model, Explainer | AppError>();
const preparing = new WeakMap<Model, Promise<void>>();

/** Of a large model the explainer takes a second to make: so long it works between two looks at what has arrived. */
const WORK_MS = 2;

/** Makes the explainer of a model, if there is none yet, with room for others in between. */
export const prepareReasons = async (model: Model): Promise<void> => {
  if (explainers.has(model)) return;
  const known = preparing.get(model);
  if (known) return known;
  const made = prepare(model);
  preparing.set(model, made);
  return made;
};

const prepare = async (model: Model): Promise<void> => {
  let startMs = performance.now();
  const pause = async (): Promise<void> => {
    if (performance.now() - startMs < WORK_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    startMs = performance.now();
  };
  try {
    explainers.set(model, await finishInTurns(explainGradually(model), pause));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    explainers.set(model, error);
  }
};

/** To be asked once `prepareReasons` has been. */
export const buildReasons = (model: Model): Reasons => {
  const text = (raw: Float64Array, at: number, lang: Lang): string | AppError => {
    const explainer = explainers.get(model);
    if (explainer === undefined) throw new Error('reasons are asked for before they are prepared');
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
