/**
 * Reasons behind an answer, as JSON; the explainer is made when it is first asked for.
 */
import type { Completion } from '../../core/around/completion.ts';
import { AppError } from '../../core/errors.ts';
import { finishInTurns } from '../../predict/gradual.ts';
import type { Lang } from '../../core/language.ts';
import type { Model } from '../../core/model.ts';
import { explainGradually, type Explainer, type Points } from '../../predict/explain/explain.ts';
import type { Pause } from '../guard/shed.ts';

export interface Reasons {
  /** Whether one flight takes so long that its points are found first, in turns. */
  readonly isLong: () => boolean;
  /**
   * The points of flights, found in turns.
   * @param raw what the plan knows is filled in: the flight as it is predicted
   */
  readonly inTurns: (raw: Float64Array, nRows: number, pause: Pause) => Promise<readonly Points[]>;
  /**
   * `,"reasons":[{"input","points","text"}],"base":x`: points and base add up to the probability.
   * @param known the points, where they have been found already
   * @throws AppError model-unsupported when the model is too large to be explained
   */
  readonly text: ReasonsText;
  /** The same; no reasons at all where the model is too large to be explained. */
  readonly textIfPossible: ReasonsText;
}

type ReasonsText = (raw: Float64Array, at: number, lang: Lang, known?: Points) => string;

/** Made once for each model, for better or worse: to find out costs a look at every node. */
const explainers = new WeakMap<Model, Explainer | AppError>();
const preparing = new WeakMap<Model, Promise<void>>();

/** Of a large model the explainer takes a second to make: so long it works between two looks at what has arrived. */
const WORK_MS = 1;

/** Makes the explainer of a model, if there is none yet, with room for others in between. */
export const prepareReasons = async (model: Model): Promise<void> => {
  if (explainers.has(model)) return;
  const known = preparing.get(model);
  if (known) return known;
  const made = prepare(model);
  preparing.set(model, made);
  return made;
};

/** A pause that is made only once some work has been done. */
const seldom = (pause: Pause): Pause => {
  let startMs = performance.now();
  return async () => {
    if (performance.now() - startMs < WORK_MS) return;
    await pause();
    startMs = performance.now();
  };
};

const prepare = async (model: Model): Promise<void> => {
  const pause = seldom(() => new Promise((resolve) => setImmediate(resolve)));
  try {
    explainers.set(model, await finishInTurns(explainGradually(model), pause));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    explainers.set(model, error);
  }
};

/** To be asked once `prepareReasons` has been. */
export const buildReasons = (model: Model): Reasons => {
  const { length: nInputs } = model.inputs;
  const made = (): Explainer | AppError => {
    const explainer = explainers.get(model);
    if (explainer === undefined) throw new Error('reasons are asked for before they are prepared');
    return explainer;
  };
  const textOf = (explainer: Explainer, ...flight: Parameters<ReasonsText>): string => {
    const { reasons, base } = explainer.explain(...flight);
    return `,"reasons":${JSON.stringify(reasons)},"base":${base}`;
  };
  return {
    isLong: () => {
      const explainer = made();
      return !(explainer instanceof AppError) && explainer.isLong;
    },
    inTurns: async (raw, nRows, pause) => {
      const explainer = made();
      if (explainer instanceof AppError) throw explainer;
      const own = seldom(pause);
      const found: Points[] = [];
      for (let row = 0; row < nRows; row++)
        found.push(await finishInTurns(explainer.pointsGradually(raw, row * nInputs), own));
      return found;
    },
    text: (...flight) => {
      const explainer = made();
      if (explainer instanceof AppError) throw explainer;
      return textOf(explainer, ...flight);
    },
    textIfPossible: (...flight) => {
      const explainer = made();
      return explainer instanceof AppError ? '' : textOf(explainer, ...flight);
    },
  };
};

/**
 * The points of one flight, found in turns where that takes long; undefined where they are found at once.
 * @param own the flight's inputs, which nobody else writes; what the plan knows is filled in
 */
export const pointsInTurns = async (
  { complete, reasons }: { readonly complete: Completion; readonly reasons: Reasons },
  own: Float64Array,
  pause: Pause,
): Promise<Points | undefined> => {
  if (!reasons.isLong()) return undefined;
  complete(own, 0, 1);
  const [points] = await reasons.inTurns(own, 1, pause);
  return points;
};
