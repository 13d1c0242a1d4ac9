/**
 * What the days known say of the level of days ahead, by how they were like each other themselves: a bad day is often
 * followed by another, a season has its level, and most of what a day was is gone a week later.
 *
 * The share late beyond what was said, day by day, is a process around one mean:
 *   covariance(d, e) = variance * ((1 - slow) * fast^|d - e| + slow * max(0, 1 - |d - e| / SEASON_DAYS)) + chance[d] (d = e)
 * `fast` and `slow` are those that make the days known likeliest; where days were independent of each other, all count the
 * same. The level of some days ahead is the best linear unbiased prediction: a weighted mean of the days known.
 * @source Cressie 1993 (ordinary kriging)
 */

/** The days known, by rising day. */
interface KnownDays {
  /** int32: since 1970-01-01. */
  readonly days: Int32Array;
  /** float64: the share late, less what was said. */
  readonly excess: Float64Array;
  /** float64: variance of it by chance alone. */
  readonly chance: Float64Array;
}

/** Days ahead, counted from the last one known: 1 is the next. */
export interface DaysAhead {
  readonly first: number;
  readonly last: number;
}

/** So far apart two days tell nothing of each other. */
const SEASON_DAYS = 60;
const FAST = [0, 0.2, 0.35, 0.5, 0.65] as const;
/** Beside which the slow share is found. */
const USUAL_FAST = 0.35;
const SLOW = [0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6] as const;
/** What days are like is found on the last of them. */
const MAX_DAYS = 730;

interface Likeness {
  readonly fast: number;
  readonly slow: number;
}

/** float64, one per day, summing to 1: what each says of the mean level of the days ahead. */
export const dayWeights = (known: KnownDays, ahead: DaysAhead): Float64Array => {
  const variance = varianceOf(known);
  const likeness = likenessOf(lastOf(known, MAX_DAYS), variance);
  const { days } = known;
  const n = days.length;
  const factor = factorOf(known, variance, likeness);
  const ones = solveBand(factor, new Float64Array(n).fill(1));
  const like = new Float64Array(n);
  const nAhead = ahead.last - ahead.first + 1;
  for (let d = n - 1; d >= 0; d--) {
    const age = days[n - 1]! - days[d]!;
    if (age + ahead.first >= SEASON_DAYS) break;
    for (let h = ahead.first; h <= ahead.last && age + h < SEASON_DAYS; h++)
      like[d]! += (variance * correlation(age + h, likeness)) / nAhead;
  }
  const weights = solveBand(factor, like);
  const rest = (1 - sumOf(weights)) / sumOf(ones);
  // A day that counts less than nothing would only undo what others say.
  for (let d = 0; d < n; d++) weights[d] = Math.max(0, weights[d]! + rest * ones[d]!);
  const sum = sumOf(weights);
  return weights.map((weight) => weight / sum);
};

const sumOf = (numbers: Float64Array): number => numbers.reduce((sum, x) => sum + x, 0);

const lastOf = ({ days, excess, chance }: KnownDays, n: number): KnownDays => {
  const from = Math.max(0, days.length - n);
  return {
    days: days.subarray(from),
    excess: excess.subarray(from),
    chance: chance.subarray(from),
  };
};

const correlation = (apart: number, { fast, slow }: Likeness): number =>
  (1 - slow) * fast ** apart + slow * Math.max(0, 1 - apart / SEASON_DAYS);

/** Of the days' levels, beyond chance. */
const varianceOf = ({ excess, chance }: KnownDays): number => {
  const n = excess.length;
  const mean = sumOf(excess) / n;
  const spread = excess.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, n - 1);
  return Math.max(0, spread - sumOf(chance) / n);
};

/** What makes the days likeliest: how slow they are, then how fast. */
const likenessOf = (known: KnownDays, variance: number): Likeness => {
  if (variance === 0) return { fast: 0, slow: 0 };
  const slow = likeliest(SLOW, (one) =>
    unlikelihood(known, variance, { fast: USUAL_FAST, slow: one }),
  );
  return {
    slow,
    fast: likeliest(FAST, (one) => unlikelihood(known, variance, { fast: one, slow })),
  };
};

const likeliest = (choices: readonly number[], lossOf: (choice: number) => number): number => {
  const losses = choices.map(lossOf);
  return choices[losses.indexOf(Math.min(...losses))]!;
};

/** Minus twice the logarithm of the likelihood of what does not hang on the mean, but for a constant. */
const unlikelihood = (known: KnownDays, variance: number, likeness: Likeness): number => {
  const factor = factorOf(known, variance, likeness);
  const n = known.days.length;
  const x = forward(factor, known.excess);
  const one = forward(factor, new Float64Array(n).fill(1));
  let [ofX, ofOne, both, logs] = [0, 0, 0, 0];
  for (let d = 0; d < n; d++) {
    ofX += x[d]! * x[d]!;
    ofOne += one[d]! * one[d]!;
    both += x[d]! * one[d]!;
    logs += Math.log(factor.lower[d * factor.width]!);
  }
  return ofX - (both * both) / ofOne + 2 * logs + Math.log(ofOne);
};

/** Lower factor of a covariance that is 0 farther from its diagonal than `width`. */
interface Band {
  readonly width: number;
  /** float64, shape (n, width): row d holds columns d, d - 1, ... */
  readonly lower: Float64Array;
}

/** Keeps the factor real where a day says nothing that others did not. */
const LEAST_VARIANCE = 1e-9;

/** @source Cholesky @cost O(days x SEASON_DAYS^2) */
const factorOf = ({ days, chance }: KnownDays, variance: number, likeness: Likeness): Band => {
  const n = days.length;
  const width = Math.min(n, SEASON_DAYS);
  const lower = new Float64Array(n * width);
  const correlations = Float64Array.from({ length: SEASON_DAYS }, (_, apart) =>
    correlation(apart, likeness),
  );
  for (let d = 0; d < n; d++) {
    const first = Math.max(0, d - width + 1);
    // Column k of a row lies at its end less k.
    const endOfD = d * width + d;
    for (let e = first; e <= d; e++) {
      const apart = days[d]! - days[e]!;
      const endOfE = e * width + e;
      let sum = apart < SEASON_DAYS ? variance * correlations[apart]! : 0;
      for (let k = first; k < e; k++) sum -= lower[endOfD - k]! * lower[endOfE - k]!;
      if (e === d) lower[endOfD - e] = Math.sqrt(Math.max(sum + chance[d]!, LEAST_VARIANCE));
      else lower[endOfD - e] = sum / lower[endOfE - e]!;
    }
  }
  return { width, lower };
};

const forward = ({ width, lower }: Band, right: Float64Array): Float64Array => {
  const x = right.slice();
  for (let d = 0; d < x.length; d++) {
    for (let k = Math.max(0, d - width + 1); k < d; k++) x[d]! -= lower[d * width + d - k]! * x[k]!;
    x[d]! /= lower[d * width]!;
  }
  return x;
};

const solveBand = (factor: Band, right: Float64Array): Float64Array => {
  const { width, lower } = factor;
  const x = forward(factor, right);
  for (let d = x.length - 1; d >= 0; d--) {
    const end = Math.min(x.length, d + width);
    for (let k = d + 1; k < end; k++) x[d]! -= lower[k * width + k - d]! * x[k]!;
    x[d]! /= lower[d * width]!;
  }
  return x;
};
