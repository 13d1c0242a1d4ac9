/**
 * Calibration beside the days: how far each part of the scores must be pulled apart, found on days that these do not know,
 * and then the mean over what days can be.
 *
 * Flights of a day are late together. With x the parts of the score of a flight on day d,
 *   P(late | d) = sigmoid(sum of a x + b[d]),   b[d] ~ N(mean, LEVEL_VARIANCE),   a ~ N(1, WEIGHT_VARIANCE)
 * The weights a tell flights of one day apart, whatever the day was like; the days that come are not known, so what is
 * answered is the mean over those that are:
 *   P(late) = mean over d of sigmoid(weight * score + b[d])
 * @source Zeger, Liang, Albert 1988 (subject-specific and population-averaged logistic models)
 */
import { logit, sigmoid } from '../../core/logistic.ts';
import type { Calibration } from '../../core/model.ts';
import { solve } from './linear-system.ts';

/** What came of flights. */
interface DayOutcomes {
  readonly labels: Uint8Array;
  /** int32: since 1970-01-01, rising. */
  readonly days: Int32Array;
}

/** In log-odds, of a day's level. */
const LEVEL_VARIANCE = 0.5;
const WEIGHT_VARIANCE = 0.0125;
/** Flights of one day are late together: so many count as one independent observation. */
const FLIGHTS_PER_OBSERVATION = 5;
const PASSES = 40;
const CONVERGED = 1e-7;

/** Weights are found on so many days or more. */
const MIN_DAYS = 10;
/** Levels are averaged over so many days or more. */
const MIN_LEVELS = 60;

/** Whether there are days enough for this kind of calibration. */
export const hasDaysEnough = (later: Int32Array, known: Int32Array): boolean =>
  countDays(later) >= MIN_DAYS && countDays(known) >= MIN_LEVELS;

const countDays = (days: Int32Array): number => {
  const seen = new Set<number>();
  for (let row = 0; row < days.length; row++)
    if (row === 0 || days[row] !== days[row - 1]) seen.add(days[row]!);
  return seen.size;
};

/**
 * The weight of each part of the scores, 1 where the flights say nothing else.
 * @param parts float64, of flights on days that the trees of their scores do not know
 */
export const weightsBesideDays = (
  parts: readonly Float64Array[],
  outcomes: DayOutcomes,
): readonly number[] => {
  const centred = parts.map((part) => {
    const mean = part.reduce((sum, x) => sum + x, 0) / Math.max(1, part.length);
    return part.map((x) => x - mean);
  });
  return fit(centred, outcomes, false).weights;
};

/**
 * The curve of the mean over the days known.
 * @param probabilities float64, of all flights known, by the trees that answer
 * @param weight of their log-odds; trees whose parts are weighed need none
 */
export const calibrateOverDays = (
  probabilities: Float64Array,
  outcomes: DayOutcomes,
  weight = 1,
): Calibration => {
  const { levels } = fit([probabilities.map((p) => weight * logit(p))], outcomes, true);
  const from = new Float64Array(GRID_POINTS);
  const to = new Float64Array(GRID_POINTS);
  for (let i = 0; i < GRID_POINTS; i++) {
    const score = WIDEST_SCORE * ((2 * i) / (GRID_POINTS - 1) - 1);
    let sum = 0;
    for (let d = 0; d < levels.length; d++) sum += sigmoid(weight * score + levels[d]!);
    from[i] = sigmoid(score);
    to[i] = sum / levels.length;
  }
  return { kind: 'isotonic', from, to };
};

/** So fine that lines between the points are nowhere off by more than about 1e-5. */
const GRID_POINTS = 513;
const WIDEST_SCORE = 8;

interface Fitted {
  readonly weights: readonly number[];
  /** float64: mean and effect of each day together, in log-odds. */
  readonly levels: Float64Array;
}

/**
 * Newton's steps in turn for the levels of the days and for the weights.
 * @param isGiven whether the weights are 1
 * @cost O(rows x parts^2) a pass
 */
const fit = (
  parts: readonly Float64Array[],
  { labels, days }: DayOutcomes,
  isGiven: boolean,
): Fitted => {
  const nRows = labels.length;
  const places = new Int32Array(nRows);
  let nDays = 0;
  for (let row = 0; row < nRows; row++) {
    if (row > 0 && days[row] !== days[row - 1]) nDays++;
    places[row] = nDays;
  }
  nDays++;
  const effects = new Float64Array(nDays);
  const weights = parts.map(() => 1);
  const scores = new Float64Array(nRows);
  const probabilities = new Float64Array(isGiven ? 0 : nRows);
  let mean = 0;
  for (let pass = 0; pass < PASSES; pass++) {
    if (pass === 0 || (!isGiven && pass % 2 === 0)) {
      scores.fill(0);
      for (let p = 0; p < parts.length; p++) addWeighed(scores, parts[p]!, weights[p]!);
    }
    const isOfWeights = !isGiven && pass % 2 === 1;
    let change = 0;
    if (isOfWeights) {
      for (let row = 0; row < nRows; row++)
        probabilities[row] = sigmoid(scores[row]! + mean + effects[places[row]!]!);
      const steps = stepOfWeights({ parts, weights, labels }, probabilities);
      for (let p = 0; p < weights.length; p++) {
        weights[p]! -= steps[p]!;
        change = Math.max(change, Math.abs(steps[p]!));
      }
    } else {
      const gradients = new Float64Array(nDays);
      const hessians = new Float64Array(nDays);
      for (let row = 0; row < nRows; row++) {
        const place = places[row]!;
        const p = sigmoid(scores[row]! + mean + effects[place]!);
        gradients[place]! += p - labels[row]!;
        hessians[place]! += p * (1 - p);
      }
      for (let d = 0; d < nDays; d++) {
        const step =
          (gradients[d]! + effects[d]! / LEVEL_VARIANCE) / (hessians[d]! + 1 / LEVEL_VARIANCE);
        effects[d]! -= step;
        change = Math.max(change, Math.abs(step));
      }
      // What the effects have in common is the mean.
      const common = effects.reduce((sum, effect) => sum + effect, 0) / nDays;
      for (let d = 0; d < nDays; d++) effects[d]! -= common;
      mean += common;
    }
    if (change < CONVERGED && pass > 1) break;
  }
  return { weights, levels: effects.map((effect) => mean + effect) };
};

interface WeighedParts {
  readonly parts: readonly Float64Array[];
  readonly weights: readonly number[];
  readonly labels: Uint8Array;
}

/** Newton's step, to be taken back from the weights. */
const stepOfWeights = (
  { parts, weights, labels }: WeighedParts,
  probabilities: Float64Array,
): readonly number[] => {
  const ridge = FLIGHTS_PER_OBSERVATION / WEIGHT_VARIANCE;
  const [g, h] = [new Float64Array(labels.length), new Float64Array(labels.length)];
  for (let row = 0; row < labels.length; row++) {
    const p = probabilities[row]!;
    g[row] = p - labels[row]!;
    h[row] = p * (1 - p);
  }
  const gradient = weights.map((weight, i) => sumOfProducts(ridge * (weight - 1), g, parts[i]!));
  const hessian = parts.map((_, i) => parts.map((_, j) => (i === j ? ridge : 0)));
  const ofPart = new Float64Array(labels.length);
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    for (let row = 0; row < h.length; row++) ofPart[row] = h[row]! * part[row]!;
    for (let j = 0; j <= i; j++) hessian[i]![j] = sumOfProducts(hessian[i]![j]!, ofPart, parts[j]!);
  }
  return solve(hessian, gradient);
};

const addWeighed = (scores: Float64Array, part: Float64Array, weight: number): void => {
  for (let row = 0; row < scores.length; row++) scores[row]! += weight * part[row]!;
};

/** `start` and the products of both, row by row. */
const sumOfProducts = (start: number, first: Float64Array, second: Float64Array): number => {
  let sum = start;
  for (let row = 0; row < first.length; row++) sum += first[row]! * second[row]!;
  return sum;
};
