/**
 * The one sentence that a report is read for, the same in the text of a command, on the page and in the JSON.
 */
import type { Comparison } from '../../train/quality/comparison.ts';
import type { Interval } from '../../train/quality/day-resampling.ts';
import { formatNumber, formatPercent } from '../format.ts';

interface Verdict {
  readonly tone: 'good' | 'bad' | 'warning';
  readonly text: string;
}

/** What a verdict rests on. */
interface Judged {
  readonly test: { readonly rows: number };
  readonly comparisons: readonly Comparison[];
  /** Whether the days that judge were kept apart from those that were learned from; absent in an evaluation. */
  readonly splitKind?: 'time' | 'random';
  /** What must be read before any figure. */
  readonly warnings?: readonly string[];
  /** What a model knows of the flights it is measured on; absent where it was just learned on others. */
  readonly seen?: {
    readonly days: string | null;
    readonly rows: number;
    readonly included: boolean;
  };
  /** How many of the flights left before a day that the model, or the one it is compared with, knows. */
  readonly hindsight?: { readonly rows: number };
  /** A second model, where it is compared with one. */
  readonly against?: { readonly name: string };
  /** Of predictions from a file: by what they were joined with their flights. */
  readonly joinedBy?: readonly string[];
}

const NAMES: Readonly<Record<string, string>> = {
  climatology: 'climatology (airline × hour)',
  logistic: 'logistic regression',
  constant: 'one rate for every flight',
};

/** What a baseline, or another model, is called. */
export const nameOfBaseline = (name: string): string => NAMES[name] ?? name;

export const verdictOf = (judged: Judged): Verdict => {
  const { test, comparisons, seen, joinedBy, warnings = [], splitKind } = judged;
  const subject = joinedBy ? FORECAST : MODEL;
  const standings = comparisons.map(({ standing }) => standing);
  const words = comparisons.map((comparison, i) => wordsOf(comparison, i === 0 ? subject : IT));
  // Good news that must not be taken at its word is none.
  const isDoubtful = warnings.length > 0 || splitKind === 'random';
  const tone = standings.includes('worse')
    ? 'bad'
    : standings.every((standing) => standing === 'better') && !isDoubtful
      ? 'good'
      : 'warning';
  return {
    tone: seen?.included && seen.rows > 0 ? 'bad' : tone,
    text: `On ${formatNumber(test.rows)} ${flightsOf(judged)}${lookingBack(judged)}, ${words.join('; ')}.`,
  };
};

const flightsOf = ({ seen, against, joinedBy, splitKind }: Judged): string => {
  if (splitKind === 'random') return 'flights drawn at random from the days that it learned from';
  if (joinedBy) {
    const left = `${formatNumber(seen?.rows ?? 0)} on days that the model knows`;
    const known = !seen?.rows ? '' : seen.included ? ` (${left})` : ` (${left} were left out)`;
    return `flights that were predicted and have an outcome${known}`;
  }
  const hasRival = against !== undefined;
  const who = hasRival ? 'neither model knows' : 'it does not know';
  if (seen === undefined || (seen.days !== null && seen.rows === 0))
    return `flights of days that ${who}`;
  const knower = hasRival ? 'one of the two models knows' : 'it knows';
  if (seen.days === null) {
    const left = `${formatNumber(seen.rows)} on days that ${knower}`;
    const known = seen.rows === 0 ? '' : ` (${left}${seen.included ? '' : ' were left out'})`;
    return `flights of days that ${hasRival ? 'one of the two models' : 'it'} may know${known}`;
  }
  if (seen.included) return `flights, of which ${knower} the days of ${formatNumber(seen.rows)}`;
  return `flights of days that ${who} (${formatNumber(seen.rows)} on days that ${knower}, ${seen.days}, were left out)`;
};

/** The hindsight among the flights; nothing where all is forecast. */
const lookingBack = ({ hindsight, test }: Judged): string => {
  if (hindsight === undefined || hindsight.rows === 0) return '';
  const share = hindsight.rows === test.rows ? 'all' : formatNumber(hindsight.rows);
  return `, ${share} of them in hindsight`;
};

/** Of predictions from a file without their model, which may have answered for other minutes. */
export const DAYS_UNKNOWN =
  'no model was named, so no flight is left out that it learned from, and late is 15 min or more unless --late-minutes says otherwise: name the one that predicted (puntual evaluate MODEL --predictions FILE --outcomes FILE)';

/** Who is compared, and whose the difference is. */
interface Subject {
  readonly name: string;
  readonly possessive: string;
}

const MODEL: Subject = { name: 'the model', possessive: "the model's" };
const FORECAST: Subject = { name: 'the forecast', possessive: "the forecast's" };
const IT: Subject = { name: 'it', possessive: 'its' };

/**
 * `it beats climatology (log loss −0.5 [...] %, AUC ...)`; where chance could have made the difference,
 * `its difference from climatology is within chance: log loss +0.5 %, 95 % interval −1.2 to +2.2 %`
 */
export const wordsOf = (
  { against, days, standing, logLoss, auc }: Comparison,
  { name: who, possessive }: Subject = IT,
): string => {
  const name = nameOfBaseline(against);
  const { interval } = logLoss;
  const loss = signed(-100 * logLoss.value, decimalsOf(interval));
  if (interval === null) {
    const place = logLoss.value > 0 ? 'ahead of' : logLoss.value < 0 ? 'behind' : 'level with';
    return `${who} is ${place} ${name} (log loss ${loss} %, AUC ${signed(auc.value, 3)}; ${daysTooFew(days)})`;
  }
  const ends = endsOf(interval);
  if (standing === 'undecided')
    return `${possessive} difference from ${name} is within chance: log loss ${loss} %, 95 % interval ${ends} %`;
  const verb = standing === 'better' ? 'beats' : 'is worse than';
  return `${who} ${verb} ${name} (log loss ${loss} [${ends}] %, AUC ${signed(auc.value, 3)}${spanOf(auc.interval)})`;
};

/**
 * By how much the log loss is not below another's, and whether chance could have done it:
 * `its log loss is 0.3 % above climatology's, a difference within chance (95 % interval −1.2 to +2.2 %)`
 */
export const standingAgainst = ({ against, days, standing, logLoss }: Comparison): string => {
  const { interval } = logLoss;
  const loss = signed(-100 * logLoss.value, decimalsOf(interval));
  const owner = `${against}'s`;
  const place = Number(loss) === 0 ? `level with ${owner}` : `${loss.slice(1)} % above ${owner}`;
  if (interval === null) return `its log loss is ${place}; ${daysTooFew(days)}`;
  const ends = endsOf(interval);
  return standing === 'undecided'
    ? `its log loss is ${place}, a difference within chance (95 % interval ${ends} %)`
    : `its log loss is ${place}, a difference beyond chance (95 % interval ${ends} %)`;
};

const daysTooFew = (days: number): string =>
  `${days} ${days === 1 ? 'day is' : 'days are'} too few to tell a difference from chance`;

/** As few decimals of a percentage as keep the ends of its interval from reading as 0, which would contradict the verdict. */
const decimalsOf = (interval: Interval | null): number => {
  if (interval === null) return 1;
  const nearest = 100 * Math.min(Math.abs(interval.low), Math.abs(interval.high));
  return [1, 2, 3].find((digits) => nearest >= 0.5 * 10 ** -digits) ?? 4;
};

/** Of the loss added, so the other way round than that of the loss saved. */
const endsOf = (interval: Interval): string =>
  [interval.high, interval.low].map((end) => signed(-100 * end, decimalsOf(interval))).join(' to ');

/** ` [+0.010 to +0.050]`, nothing where there is no interval. */
const spanOf = (interval: Interval | null): string =>
  interval === null ? '' : ` [${signed(interval.low, 3)} to ${signed(interval.high, 3)}]`;

const signed = (figure: number, digits: number): string => {
  const text = Math.abs(figure).toFixed(digits);
  return Number(text) === 0 ? text : `${figure < 0 ? '−' : '+'}${text}`;
};

/** `+0.5 % (−0.2 to +1.1)` of a share and its interval. */
export const formatGain = (value: number | null, interval: Interval | null): string => {
  if (value === null) return '–';
  const sign = (share: number): string => signed(100 * share, decimalsOf(interval));
  return interval === null
    ? `${sign(value)} %`
    : `${sign(value)} % (${sign(interval.low)} to ${sign(interval.high)})`;
};

/** `77.5 % (73.4 to 81.0)` of a share and its interval. */
export const formatShare = (value: number, interval: Interval | null): string =>
  interval === null
    ? formatPercent(value)
    : `${formatPercent(value)} (${(100 * interval.low).toFixed(1)} to ${(100 * interval.high).toFixed(1)})`;

/** `+0.055 (+0.029 to +0.076)` of a difference that is no share. */
export const formatPoints = (value: number, interval: Interval | null): string =>
  interval === null
    ? signed(value, 3)
    : `${signed(value, 3)} (${signed(interval.low, 3)} to ${signed(interval.high, 3)})`;

/** `+4.5 (+0.9 to +8.0)` of a difference of two shares, in points of percent. */
export const formatPercentPoints = (value: number, interval: Interval | null): string =>
  interval === null
    ? signed(100 * value, 1)
    : `${signed(100 * value, 1)} (${signed(100 * interval.low, 1)} to ${signed(100 * interval.high, 1)})`;
