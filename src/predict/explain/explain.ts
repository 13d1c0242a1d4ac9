/**
 * Why a flight got its probability: exact TreeSHAP of the first head, by input, in points that add up.
 */
import { buildEncoder, inputsOf } from '../../core/features.ts';
import { finish, type Gradual } from '../gradual.ts';
import type { Lang } from '../../core/language.ts';
import { firstHeadOf, type Model } from '../../core/model.ts';
import { buildAveragedScorer } from '../averaged-scorer.ts';
import { buildHeadTransform } from '../heads.ts';
import { BATCH_ROWS, type Scorer } from '../scorer.ts';
import { toProbabilityScale } from './probability-attribution.ts';
import { reasonOf } from './reason.ts';
import { scoreOf } from '../reference.ts';
import { buildRowsAttribution } from './sample-shap.ts';
import { attributeGradually } from './shap.ts';

interface Reason {
  readonly input: string;
  /** What the input adds, on the scale of the probability: 0.09 is nine percentage points. */
  readonly points: number;
  /** One line for a person: "leaves JFK: +9 points". */
  readonly text: string;
}

interface Explanation {
  /** The probability when nothing is known of a flight; `base + sum of points` is the flight's. */
  readonly base: number;
  /** Every input, the largest effect first. */
  readonly reasons: readonly Reason[];
}

/** What each input adds to a flight's probability, in the order of `model.inputs`. */
export interface Points {
  readonly base: number;
  readonly points: Float64Array;
}

export interface Explainer {
  /**
   * Explains the first head's probability for the inputs at `raw[at]`; in English unless told otherwise.
   * @param known its points, where they have been found already
   */
  readonly explain: (raw: Float64Array, at: number, lang?: Lang, known?: Points) => Explanation;
  /** Whether one flight takes so long that its points are better found with stops. */
  readonly isLong: boolean;
  /** The points of a flight, with stops; others may be explained meanwhile. The inputs are looked at before the first. */
  readonly pointsGradually: (raw: Float64Array, at: number) => Gradual<Points>;
  /** Fills `into` with each input's points, in the order of `model.inputs`, and returns the base. */
  readonly pointsInto: (raw: Float64Array, at: number, into: Float64Array) => number;
  /**
   * The points of many flights, with the bits that `pointsInto` gives each.
   * @param points float64, shape (nRows, nInputs): filled
   * @param bases float64, shape (nRows): filled
   * @cost small trees: a tenth of one flight after the other, once there are hundreds
   */
  readonly pointsOfRows: (
    raw: Float64Array,
    nRows: number,
    points: Float64Array,
    bases: Float64Array,
  ) => void;
  /**
   * Mean size of each input's points over many flights: its importance.
   * @returns in the order of `model.inputs`, on the scale of the probability
   */
  readonly importance: (raw: Float64Array, nRows: number) => Float64Array;
}

/** @cost O(leaves x depth) memory; a call costs what `shap` says */
export const buildExplainer = (model: Model): Explainer => finish(explainGradually(model));

/** The same, with stops while it is made. */
export function* explainGradually(model: Model): Gradual<Explainer> {
  const { inputs, features: steps } = model;
  const first = firstHeadOf(model);
  const { score } = first;
  const transform = buildHeadTransform(first);
  const encode = buildEncoder(inputs, steps);
  const means = expectedFeatures(model);
  const attribution = yield* attributeGradually(score, means);
  const inputsAt = steps.map((step) =>
    [...new Set(inputsOf(step))].map((name) => inputs.findIndex((input) => input.name === name)),
  );
  const features = new Float64Array(steps.length);
  const byFeature = new Float64Array(steps.length);
  const shared = new Float64Array(inputs.length);

  /** Shares what the features add to a raw score among the inputs that they are made of. @returns the base */
  const shareInto = (
    points: Float64Array,
    ofFeature: (f: number) => number,
    raw: number,
  ): number => {
    points.fill(0);
    for (let f = 0; f < steps.length; f++) {
      const owners = inputsAt[f]!;
      const effect = ofFeature(f);
      for (const owner of owners) points[owner] = points[owner]! + effect / owners.length;
    }
    return toProbabilityScale(points, attribution.expected, raw, transform);
  };
  const attributeInto = (raw: Float64Array, at: number, points: Float64Array): number => {
    encode(raw, at, features, 0);
    byFeature.fill(0);
    attribution.addInto(features, byFeature);
    return shareInto(points, (f) => byFeature[f]!, scoreOf(score, features, 0));
  };
  /** For many rows, made when they first come. */
  let ofRows: ReturnType<typeof buildRowsAttribution> | undefined;
  let scorer: Scorer | undefined;

  return {
    explain: (raw, at, lang = 'en', known = undefined) => {
      const { base, points } = known ?? { base: attributeInto(raw, at, shared), points: shared };
      const reasons = inputs.map((input, i): Reason => {
        return {
          input: input.name,
          points: points[i]!,
          text: reasonOf(input, { value: raw[at + i]!, points: points[i]!, lang }),
        };
      });
      reasons.sort((a, b) => Math.abs(b.points) - Math.abs(a.points));
      return { base, reasons };
    },
    isLong: attribution.isLong,
    *pointsGradually(raw, at) {
      const features = new Float64Array(steps.length);
      encode(raw, at, features, 0);
      const byFeature = new Float64Array(steps.length);
      yield* attribution.addGradually(features, byFeature);
      const points = new Float64Array(inputs.length);
      const base = shareInto(points, (f) => byFeature[f]!, scoreOf(score, features, 0));
      return { base, points };
    },
    pointsInto: attributeInto,
    pointsOfRows: (raw, nRows, points, bases) => {
      ofRows ??= buildRowsAttribution(score, means);
      scorer ??= buildAveragedScorer([score], steps.length, undefined, model);
      const matrix = new Float64Array(nRows * steps.length);
      const scores = new Float64Array(nRows);
      for (let from = 0; from < nRows; from += BATCH_ROWS) {
        const n = Math.min(BATCH_ROWS, nRows - from);
        scorer.encode(raw, from * inputs.length, n);
        matrix.set(scorer.features.subarray(0, n * steps.length), from * steps.length);
        scorer.score(n);
        scores.set(scorer.scores.subarray(0, n), from);
      }
      const effects = ofRows(matrix);
      for (let row = 0; row < nRows; row++) {
        const own = points.subarray(row * inputs.length, (row + 1) * inputs.length);
        bases[row] = shareInto(own, (f) => effects[f]![row]!, scores[row]!);
      }
    },
    importance: (raw, nRows) => {
      const mean = new Float64Array(inputs.length);
      for (let row = 0; row < nRows; row++) {
        attributeInto(raw, row * inputs.length, shared);
        for (let i = 0; i < mean.length; i++) mean[i] = mean[i]! + Math.abs(shared[i]!) / nRows;
      }
      return mean;
    },
  };
}

/** Expected features of a linear model: shares of categories where they are recorded, else all alike. */
const expectedFeatures = (model: Model): Float64Array =>
  Float64Array.from(model.features, (feature) => {
    if (feature.step !== 'equals') return 0;
    const values = model.inputs.find(({ name }) => name === feature.input)?.values ?? [];
    const shares = model.shares.find(({ input }) => input === feature.input)?.shares;
    const code = values.indexOf(feature.value);
    if (code < 0) return 0;
    return shares?.[code] ?? 1 / values.length;
  });
