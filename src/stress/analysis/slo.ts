/**
 * Thresholds as text: `p99<50ms,errors<0.1%,rate>=20000,recovery<3s`. Parsed once, judged against any run.
 */
import { AppError } from '../../core/errors.ts';

type Comparison = '<' | '<=' | '>' | '>=';

export interface Threshold {
  readonly text: string;
  /** `p99`, `p99.9`, `max`, `mean`, `errors`, `ok`, `wrong`, `rate`, `status`, `gap`, `recovery`. */
  readonly metric: string;
  /** In braces: the name of the requests that are meant, or an HTTP status. */
  readonly of?: string;
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
  /^(p\d{1,2}(?:\.\d+)?|p100|max|mean|errors|ok|wrong|rate|status|gap|recovery)(?:\{([^{}]+)\})?\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*(us|ms|s|%|\/s)?$/;
const EXPECTED =
  "'p99<50ms', 'p95{login}<80ms', 'mean<20ms', 'errors<0.1%', 'ok>99%', 'status{503}<1%', 'rate>=20000', 'gap<2s' or 'recovery<3s', joined by commas";
const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };
const SHARES: readonly string[] = ['errors', 'ok', 'wrong', 'status'];

/** @throws AppError usage */
export const parseSlo = (text: string): Threshold[] => {
  // A comma inside braces belongs to a name.
  const parts = text.match(/(?:\{[^{}]*\}|[^,{}])+/g) ?? [text];
  return parts.map(parseThreshold);
};

const parseThreshold = (part: string): Threshold => {
  const text = part.trim();
  const match = FORM.exec(text);
  if (!match)
    throw new AppError(
      'usage',
      `The threshold '${text}' is not understood; ${EXPECTED} is expected.`,
    );
  const [, metric = '', of, comparison, number, unit] = match;
  const value = Number(number);
  const isShare = isShareMetric(metric);
  if (metric === 'rate' ? unit !== undefined && unit !== '/s' : isShare !== (unit === '%')) {
    throw new AppError(
      'usage',
      `The threshold '${text}' has the wrong unit; ${EXPECTED} is expected.`,
    );
  }
  if (!isShare && metric !== 'rate' && (unit === undefined || UNIT_MS[unit] === undefined)) {
    throw new AppError('usage', `The threshold '${text}' needs a unit (us, ms, s).`);
  }
  if (metric === 'status' && !/^[1-5]\d\d$/.test(of ?? '')) {
    throw new AppError('usage', `The threshold '${text}' needs a status, as in 'status{503}<1%'.`);
  }
  if (of !== undefined && (metric === 'gap' || metric === 'recovery')) {
    throw new AppError('usage', `The threshold '${text}' is of the whole run: leave {${of}} out.`);
  }
  const limit = isShare ? value / 100 : metric === 'rate' ? value : value * UNIT_MS[unit!]!;
  return {
    text,
    metric,
    ...(of === undefined ? {} : { of }),
    comparison: comparison as Comparison,
    limit,
  };
};

const isShareMetric = (metric: string): boolean => SHARES.includes(metric);

/** The unit of a threshold's figure, by its text. */
export const unitOf = (threshold: string): 'share' | 'rate' | 'ms' => {
  const metric = /^[a-z]+/.exec(threshold)?.[0] ?? '';
  return isShareMetric(metric) ? 'share' : metric === 'rate' ? 'rate' : 'ms';
};

/** What requests of one name offer to be judged by; undefined where it is not known. */
export interface GroupMeasures {
  /** Response time at a quantile (0 to 1; 1 is the maximum), milliseconds. */
  readonly responseMs: (p: number) => number | undefined;
  readonly meanMs: number | undefined;
  readonly okShare: number | undefined;
  readonly errorShare: number | undefined;
  readonly wrongShare: number | undefined;
  readonly ratePerSecond: number | undefined;
}

/** What a run, a step or a window offers to be judged by; undefined where it does not know. */
export interface Measures extends GroupMeasures {
  /** Share of the answers that have a status. */
  readonly statusShare: (status: string) => number | undefined;
  readonly gapMs: number | undefined;
  readonly recoveryMs: number | undefined;
  readonly ofName: (name: string) => GroupMeasures | undefined;
}

export const judge = (thresholds: readonly Threshold[], measures: Measures): Judgement[] =>
  thresholds.map((threshold) => {
    const actual = readMeasure(threshold, measures);
    return {
      threshold: threshold.text,
      actual: actual === undefined || !Number.isFinite(actual) ? null : actual,
      holds: actual !== undefined && compare(actual, threshold.comparison, threshold.limit),
    };
  });

const readMeasure = ({ metric, of }: Threshold, measures: Measures): number | undefined => {
  if (metric === 'status') return measures.statusShare(of ?? '');
  if (metric === 'gap') return measures.gapMs;
  if (metric === 'recovery') return measures.recoveryMs;
  const group = of === undefined ? measures : measures.ofName(of);
  switch (metric) {
    case 'errors':
      return group?.errorShare;
    case 'ok':
      return group?.okShare;
    case 'wrong':
      return group?.wrongShare;
    case 'rate':
      return group?.ratePerSecond;
    case 'mean':
      return group?.meanMs;
    case 'max':
      return group?.responseMs(1);
    default:
      return group?.responseMs(Number(metric.slice(1)) / 100);
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
