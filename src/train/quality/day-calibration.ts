/**
 * Calibration beside the days: how far the answers to the flights of one day must be pulled apart, found on many days, and
 * then averaged over what days can be.
 *
 * Flights of a day are late together. With s the score of a flight on day d,
 *   P(late | d) = sigmoid(a s + b[d]),   b[d] ~ N(mean, PRIOR_VARIANCE)
 * The slope a tells flights of one day apart, whatever the day was like; the days that come are not known, so what is
 * answered is the mean over those that are:
 *   P(late) = mean over d of sigmoid(a s + b[d])
 * @source Zeger, Liang, Albert 1988 (subject-specific and population-averaged logistic models)
 */
import { logit, sigmoid } from '../../core/logistic.ts';
import type { Calibration } from '../../core/model.ts';

/** What came of flights, and what trees say of them that were not grown beside the effects of these days. */
interface DayOutcomes {
  readonly probabilities: Float64Array;
  readonly labels: Uint8Array;
  /** int32: since 1970-01-01, rising. */
  readonly days: Int32Array;
}

/** In log-odds, of a day's level. */
const PRIOR_VARIANCE = 0.5;
const PASSES = 40;
const CONVERGED = 1e-7;

/** A slope is found on so many days or more. */
const MIN_DAYS = 20;
/** Levels are averaged over so many days or more. */
const MIN_LEVELS = 60;
/** The days are cut into so many stretches: a slope that differs between them is not trusted. */
const STRETCHES = 4;

/** Whether there are days enough for this kind of calibration. */
export const hasDaysEnough = (later: DayOutcomes, known: Pick<DayOutcomes, 'days'>): boolean =>
  countDays(later.days) >= MIN_DAYS && countDays(known.days) >= MIN_LEVELS;

const countDays = (days: Int32Array): number => new Set(days).size;

/**
 * The curve of the mean over the days known, with the slope that later days showed.
 * @param later flights on days that the trees of their scores do not know
 * @param known all flights known, with the scores of the trees that answer
 */
export const calibrateOverDays = (later: DayOutcomes, known: DayOutcomes): Calibration => {
  const slope = slopeOf(later);
  const levels = fit(known, slope).levels;
  const from = new Float64Array(GRID_POINTS);
  const to = new Float64Array(GRID_POINTS);
  for (let i = 0; i < GRID_POINTS; i++) {
    const score = WIDEST_SCORE * ((2 * i) / (GRID_POINTS - 1) - 1);
    let sum = 0;
    for (let d = 0; d < levels.length; d++) sum += sigmoid(slope * score + levels[d]!);
    from[i] = sigmoid(score);
    to[i] = sum / levels.length;
  }
  return { kind: 'isotonic', from, to };
};

/** So fine that lines between the points are nowhere off by more than about 1e-5. */
const GRID_POINTS = 513;
const WIDEST_SCORE = 8;

/**
 * The slope of several stretches of days, shrunk towards 1 as far as they contradict each other.
 * @source James and Stein 1961 (positive part)
 */
const slopeOf = (outcomes: DayOutcomes): number => {
  const { days } = outcomes;
  const distinct = [...new Set(days)];
  const slopes: number[] = [];
  for (let s = 0; s < STRETCHES; s++) {
    const first = distinct[Math.floor((s * distinct.length) / STRETCHES)]!;
    const end = distinct[Math.floor(((s + 1) * distinct.length) / STRETCHES)];
    const begin = days.indexOf(first);
    const stop = end === undefined ? days.length : days.indexOf(end);
    slopes.push(
      fit({
        probabilities: outcomes.probabilities.subarray(begin, stop),
        labels: outcomes.labels.subarray(begin, stop),
        days: days.subarray(begin, stop),
      }).slope,
    );
  }
  const mean = slopes.reduce((sum, slope) => sum + slope, 0) / STRETCHES;
  const variance =
    slopes.reduce((sum, slope) => sum + (slope - mean) ** 2, 0) / (STRETCHES - 1) / STRETCHES;
  const gap = (mean - 1) ** 2;
  return gap > variance ? 1 + (mean - 1) * (1 - variance / gap) : 1;
};

interface Fitted {
  readonly slope: number;
  /** float64: mean and effect of each day together, in log-odds. */
  readonly levels: Float64Array;
}

/**
 * Newton's steps in turn for the levels of the days and for the slope.
 * @param given the slope, where it is known
 * @cost O(rows) a pass
 */
const fit = ({ probabilities, labels, days }: DayOutcomes, given?: number): Fitted => {
  const scores = probabilities.map(logit);
  const places = new Int32Array(days.length);
  let nDays = 0;
  for (let row = 0; row < days.length; row++) {
    if (row > 0 && days[row] !== days[row - 1]) nDays++;
    places[row] = nDays;
  }
  nDays++;
  const effects = new Float64Array(nDays);
  let [mean, slope] = [0, given ?? 1];
  for (let pass = 0; pass < PASSES; pass++) {
    const gradients = new Float64Array(nDays);
    const hessians = new Float64Array(nDays);
    const ofSlope = { gradient: 0, hessian: 0 };
    for (let row = 0; row < scores.length; row++) {
      const place = places[row]!;
      const p = sigmoid(slope * scores[row]! + mean + effects[place]!);
      // Not as a pair: one would be made per flight.
      const g = p - labels[row]!;
      const h = p * (1 - p);
      gradients[place]! += g;
      hessians[place]! += h;
      ofSlope.gradient += g * scores[row]!;
      ofSlope.hessian += h * scores[row]! * scores[row]!;
    }
    let change = 0;
    if (given === undefined && pass % 2 === 1) {
      change = ofSlope.gradient / Math.max(ofSlope.hessian, 1e-9);
      slope -= change;
    } else {
      for (let d = 0; d < nDays; d++) {
        const step =
          (gradients[d]! + effects[d]! / PRIOR_VARIANCE) / (hessians[d]! + 1 / PRIOR_VARIANCE);
        effects[d]! -= step;
        change = Math.max(change, Math.abs(step));
      }
      // What the effects have in common is the mean.
      const common = effects.reduce((sum, effect) => sum + effect, 0) / nDays;
      for (let d = 0; d < nDays; d++) effects[d]! -= common;
      mean += common;
    }
    if (Math.abs(change) < CONVERGED && pass > 1) break;
  }
  return { slope, levels: effects.map((effect) => mean + effect) };
};
