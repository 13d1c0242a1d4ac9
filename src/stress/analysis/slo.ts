/**
 * Thresholds as text: `p99<50ms,errors<0.1%,rate>=20000,recovery<3s`. Parsed once, judged against any run.
 */
import { AppError } from '../../core/errors.ts';

type Comparison = '<' | '<=' | '>' | '>=';

export interface Threshold {
  readonly text: string;
  /** `p99`, `p99.9`, `max`, `errors`, `wrong`, `rate`, `recovery`. */
  readonly metric: string;
  readonly comparison: Comparison;
  /** Milliseconds, a share (0 to 1), or requests per second, as the metric has it. */
  readonly limit: number;
}

export interface Judgement {
  readonly threshold: string;
  /** In the threshold's unit; null when the run says nothing about it. */
  readonly actual: number | null;
  readonly holds: boolean;
}

const FORM =
  /^(p\d{1,2}(?:\.\d+)?|max|errors|wrong|rate|recovery)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*(us|ms|s|%|\/s)?$/;
const EXPECTED = "'p99<50ms', 'errors<0.1%', 'rate>=20000' or 'recovery<3s', joined by commas";
const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

/** @throws AppError usage */
export const parseSlo = (text: string): Threshold[] => text.split(',').map(parseThreshold);

const parseThreshold = (part: string): Threshold => {
  const text = part.trim();
  const match = FORM.exec(text);
  if (!match)
    throw new AppError(
      'usage',
      `The threshold '${text}' is not understood; ${EXPECTED} is expected.`,
    );
  const [, metric = '', comparison, number, unit] = match;
  const value = Number(number);
  const isShare = metric === 'errors' || metric === 'wrong';
  if (metric === 'rate' ? unit !== undefined && unit !== '/s' : isShare !== (unit === '%')) {
    throw new AppError(
      'usage',
      `The threshold '${text}' has the wrong unit; ${EXPECTED} is expected.`,
    );
  }
  if (!isShare && metric !== 'rate' && (unit === undefined || UNIT_MS[unit] === undefined)) {
    throw new AppError('usage', `The threshold '${text}' needs a unit (us, ms, s).`);
  }
  const limit = isShare ? value / 100 : metric === 'rate' ? value : value * UNIT_MS[unit!]!;
  return { text, metric, comparison: comparison as Comparison, limit };
};

/** What a run, a step or a window offers to be judged by; undefined where it does not know. */
export interface Measures {
  /** Response time at a quantile (0 to 1; 1 is the maximum), milliseconds. */
  readonly responseMs: (p: number) => number | undefined;
  readonly errorShare: number | undefined;
  readonly wrongShare: number | undefined;
  readonly ratePerSecond: number | undefined;
  readonly recoveryMs: number | undefined;
}

export const judge = (thresholds: readonly Threshold[], measures: Measures): Judgement[] =>
  thresholds.map((threshold) => {
    const actual = readMeasure(threshold.metric, measures);
    return {
      threshold: threshold.text,
      actual: actual === undefined || !Number.isFinite(actual) ? null : actual,
      holds: actual !== undefined && compare(actual, threshold.comparison, threshold.limit),
    };
  });

const readMeasure = (metric: string, measures: Measures): number | undefined => {
  switch (metric) {
    case 'errors':
      return measures.errorShare;
    case 'wrong':
      return measures.wrongShare;
    case 'rate':
      return measures.ratePerSecond;
    case 'recovery':
      return measures.recoveryMs;
    case 'max':
      return measures.responseMs(1);
    default:
      return measures.responseMs(Number(metric.slice(1)) / 100);
  }
};

const compare = (actual: number, comparison: Comparison, limit: number): boolean => {
  switch (comparison) {
    case '<':
      return actual < limit;
    case '<=':
      return actual <= limit;
    case '>':
      return actual > limit;
    case '>=':
      return actual >= limit;
  }
};
