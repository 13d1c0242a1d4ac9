/**
 * The Universal Scalability Law: throughput against requests in flight, with contention and coherency.
 *
 *   X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1))
 *
 * It is linear in N/X = a + b (N - 1) + c N (N - 1), a = 1/gamma, b = alpha/gamma, c = beta/gamma, so that weighted
 * least squares with weights 1/(N/X)^2 and a 3 x 3 solve fit it. @source Gunther, Guerrilla Capacity Planning
 */
import { buildRandom } from '../../core/random.ts';

interface Point {
  /** Requests in flight, 1 or more. */
  readonly n: number;
  /** Answers per second. */
  readonly x: number;
}

export interface UslFit {
  readonly gamma: number;
  readonly alpha: number;
  readonly beta: number;
  /** Where throughput is greatest; null without coherency, and beyond twice the largest N measured. */
  readonly peakN: number | null;
  /** The greatest throughput, or the ceiling gamma / alpha where there is no peak. */
  readonly peakX: number | null;
  readonly r2: number;
  /** Measured over fitted, less 1, point by point. */
  readonly residuals: readonly number[];
  /** 95 % bootstrap interval of the greatest throughput. */
  readonly peakXRange: readonly [number, number] | null;
  readonly sentence: string;
}

const MIN_POINTS = 6;
const N_BOOTSTRAPS = 200;

type Coefficients = readonly [a: number, b: number, c: number];

export const throughputAt = (fit: Pick<UslFit, 'gamma' | 'alpha' | 'beta'>, n: number): number =>
  (fit.gamma * n) / (1 + fit.alpha * (n - 1) + fit.beta * n * (n - 1));

/** The fit, or null when there are fewer than six points. */
export const fitUsl = (points: readonly Point[], seed = 1): UslFit | null => {
  const used = points.filter(({ n, x }) => n >= 1 && x > 0);
  if (used.length < MIN_POINTS) return null;
  const solved = solveUsl(used);
  if (solved === null) return null;
  const { gamma, alpha, beta } = parametersOf(solved);
  const fit = { gamma, alpha, beta };
  const largest = Math.max(...used.map(({ n }) => n));
  const peak = peakOf(fit, largest);
  const mean = used.reduce((sum, { x }) => sum + x, 0) / used.length;
  let unexplained = 0;
  let total = 0;
  for (const { n, x } of used) {
    unexplained += (x - throughputAt(fit, n)) ** 2;
    total += (x - mean) ** 2;
  }
  const nBeyond = peak.n === null ? 0 : used.filter(({ n }) => n > peak.n!).length;
  const peakXRange = peak.x === null ? null : bootstrap(used, largest, seed);
  const residuals = used.map(({ n, x }) => x / throughputAt(fit, n) - 1);
  const scatter = Math.hypot(...residuals) / Math.sqrt(residuals.length);
  return {
    ...fit,
    peakN: peak.n,
    peakX: peak.x,
    r2: total === 0 ? 1 : 1 - unexplained / total,
    residuals,
    peakXRange,
    sentence: `${sentenceOf(peak, peakXRange, nBeyond, largest)}${scatter > MAX_SCATTER ? POOR_FIT : ''}`,
  };
};

const parametersOf = ([a, b, c]: Coefficients): { gamma: number; alpha: number; beta: number } => ({
  gamma: 1 / a,
  alpha: b / a,
  beta: c / a,
});

const peakOf = (
  fit: { gamma: number; alpha: number; beta: number },
  largest: number,
): { n: number | null; x: number | null } => {
  if (fit.beta > 1e-12) {
    const n = Math.sqrt(Math.max(0, 1 - fit.alpha) / fit.beta);
    // Nothing is said of what lies beyond twice the largest N that was measured.
    return n > 2 * largest ? { n: null, x: null } : { n, x: throughputAt(fit, Math.max(1, n)) };
  }
  return fit.alpha > 1e-9 ? { n: null, x: fit.gamma / fit.alpha } : { n: null, x: null };
};

/**
 * Where the points lie further from the curve than this, in the root mean square, it is not the service's curve. (R2
 * does not tell: it is small for a service of one lane, whose points are level and lie on the curve.)
 */
const MAX_SCATTER = 0.15;
const POOR_FIT = '; but the measured points do not follow this law: do not rely on it';

const sentenceOf = (
  peak: { n: number | null; x: number | null },
  range: readonly [number, number] | null,
  nBeyond: number,
  largest: number,
): string => {
  const figure = (x: number): string => Math.round(x).toLocaleString('en');
  const within = range ? ` (95 %: ${figure(range[0])} to ${figure(range[1])})` : '';
  if (peak.x === null)
    return `no peak within twice the ${largest.toFixed(0)} requests in flight that were measured`;
  if (peak.n === null) return `a ceiling of ${figure(peak.x)}/s${within}, no falling off`;
  const firm = nBeyond >= 2 ? '' : '; fewer than two points lie beyond it, so take it as a guess';
  return `a peak of ${figure(peak.x)}/s${within} at ${peak.n.toFixed(1)} requests in flight${firm}`;
};

/** Weighted least squares; a coefficient that comes out negative is left out and the rest fitted again. */
const solveUsl = (points: readonly Point[]): Coefficients | null => {
  const full = solveWith(points, true, true);
  if (full && full[1] >= 0 && full[2] >= 0) return full;
  const options = [solveWith(points, false, true), solveWith(points, true, false)].filter(
    (option) => option !== null && option[1] >= 0 && option[2] >= 0,
  ) as Coefficients[];
  const flat = solveWith(points, false, false);
  const best = options.sort((p, q) => lossOf(points, p) - lossOf(points, q))[0] ?? flat;
  return best && best[0] > 0 ? best : null;
};

const lossOf = (points: readonly Point[], [a, b, c]: Coefficients): number =>
  points.reduce((sum, { n, x }) => {
    const y = n / x;
    return sum + ((a + b * (n - 1) + c * n * (n - 1) - y) / y) ** 2;
  }, 0);

const solveWith = (
  points: readonly Point[],
  withB: boolean,
  withC: boolean,
): Coefficients | null => {
  const columns = [0, ...(withB ? [1] : []), ...(withC ? [2] : [])];
  const size = columns.length;
  const matrix = Array.from({ length: size }, () => new Array<number>(size + 1).fill(0));
  for (const { n, x } of points) {
    const y = n / x;
    const weight = 1 / y ** 2;
    const terms = [1, n - 1, n * (n - 1)];
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++)
        matrix[i]![j]! += weight * terms[columns[i]!]! * terms[columns[j]!]!;
      matrix[i]![size]! += weight * terms[columns[i]!]! * y;
    }
  }
  const solution = solveLinear(matrix);
  if (solution === null) return null;
  const all: [number, number, number] = [0, 0, 0];
  for (const [i, column] of columns.entries()) all[column] = solution[i]!;
  return all;
};

/** Gaussian elimination with pivoting of a small augmented matrix; null when it is singular. */
const solveLinear = (matrix: number[][]): number[] | null => {
  const size = matrix.length;
  for (let i = 0; i < size; i++) {
    let pivot = i;
    for (let k = i + 1; k < size; k++) {
      if (Math.abs(matrix[k]![i]!) > Math.abs(matrix[pivot]![i]!)) pivot = k;
    }
    if (Math.abs(matrix[pivot]![i]!) < 1e-300) return null;
    [matrix[i], matrix[pivot]] = [matrix[pivot]!, matrix[i]!];
    for (let k = 0; k < size; k++) {
      if (k === i) continue;
      const factor = matrix[k]![i]! / matrix[i]![i]!;
      for (let j = i; j <= size; j++) matrix[k]![j]! -= factor * matrix[i]![j]!;
    }
  }
  return matrix.map((row, i) => row[size]! / row[i]!);
};

const bootstrap = (
  points: readonly Point[],
  largest: number,
  seed: number,
): readonly [number, number] | null => {
  const random = buildRandom(seed);
  const peaks: number[] = [];
  for (let round = 0; round < N_BOOTSTRAPS; round++) {
    const drawn = points.map(() => points[Math.floor(random() * points.length)]!);
    if (new Set(drawn.map(({ n }) => n)).size < 4) continue;
    const solved = solveUsl(drawn);
    const peak = solved && peakOf(parametersOf(solved), largest);
    if (peak?.x != null) peaks.push(peak.x);
  }
  if (peaks.length < N_BOOTSTRAPS / 2) return null;
  peaks.sort((a, b) => a - b);
  return [peaks[Math.floor(peaks.length * 0.025)]!, peaks[Math.floor(peaks.length * 0.975)]!];
};
