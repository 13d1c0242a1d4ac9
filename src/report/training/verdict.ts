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
  /** What a model knows of the flights it is measured on; absent where it was just learned on others. */
  readonly seen?: {
    readonly days: string | null;
    readonly rows: number;
    readonly included: boolean;
  };
}

const NAMES: Readonly<Record<string, string>> = {
  climatology: 'climatology (airline × hour)',
  logistic: 'logistic regression',
  constant: 'one rate for every flight',
};

/** What a baseline, or another model, is called. */
export const nameOfBaseline = (name: string): string => NAMES[name] ?? name;

export const verdictOf = ({ test, comparisons, seen }: Judged): Verdict => {
  const standings = comparisons.map(({ standing }) => standing);
  const words = comparisons.map(wordsOf);
  const tone = standings.includes('worse')
    ? 'bad'
    : standings.every((standing) => standing === 'better')
      ? 'good'
      : 'warning';
  return {
    tone: seen?.included && seen.rows > 0 ? 'bad' : tone,
    text: `On ${formatNumber(test.rows)} ${flightsOf(seen)}, the model ${words.join('; it ')}.`,
  };
};

const flightsOf = (seen: Judged['seen']): string => {
  if (seen === undefined || (seen.days !== null && seen.rows === 0))
    return 'flights of days that it does not know';
  if (seen.days === null) return 'flights of days that it may know';
  if (seen.included) return `flights, of which it knows the days of ${formatNumber(seen.rows)}`;
  return `flights of days that it does not know (${formatNumber(seen.rows)} on days that it knows, ${seen.days}, were left out)`;
};

/** `beats climatology (log loss -0.5 [...] %, AUC ...)` */
export const wordsOf = ({ against, days, standing, logLoss, auc }: Comparison): string => {
  const name = nameOfBaseline(against);
  const figures = `log loss ${change(-logLoss.value)}${spanOf(logLoss.interval, (x) => signed(-100 * x, 1), true)} %, AUC ${signed(auc.value, 3)}${spanOf(auc.interval, (x) => signed(x, 3))}`;
  const chance = logLoss.interval === null ? `; ${days} days are too few to tell chance` : '';
  const verb = {
    better: `beats ${name}`,
    undecided:
      logLoss.interval === null
        ? `is ${logLoss.value > 0 ? 'ahead of' : logLoss.value < 0 ? 'behind' : 'level with'} ${name}`
        : `is no ${logLoss.value < 0 ? 'worse' : 'better'} than chance tells apart from ${name}`,
    worse: `is worse than ${name}`,
  }[standing];
  return `${verb} (${figures}${chance})`;
};

const change = (share: number): string => signed(100 * share, 1);

/** ` [−1.2 to +0.3]`, nothing where there is no interval. @param isTurned whether the map turns the order round */
const spanOf = (
  interval: Interval | null,
  format: (figure: number) => string,
  isTurned = false,
): string => {
  if (interval === null) return '';
  const ends = isTurned ? [interval.high, interval.low] : [interval.low, interval.high];
  return ` [${ends.map(format).join(' to ')}]`;
};

const signed = (figure: number, digits: number): string => {
  const text = Math.abs(figure).toFixed(digits);
  return Number(text) === 0 ? text : `${figure < 0 ? '−' : '+'}${text}`;
};

/** `+0.5 % (−0.2 % to +1.1 %)` of a share and its interval. */
export const formatGain = (value: number | null, interval: Interval | null): string => {
  if (value === null) return '–';
  const sign = (share: number): string =>
    `${share < 0 ? '−' : '+'}${formatPercent(Math.abs(share))}`;
  return interval === null
    ? sign(value)
    : `${sign(value)} (${sign(interval.low)} to ${sign(interval.high)})`;
};

/** `77.5 % (73.4 % to 81.0 %)` of a share and its interval. */
export const formatShare = (value: number, interval: Interval | null): string =>
  interval === null
    ? formatPercent(value)
    : `${formatPercent(value)} (${formatPercent(interval.low)} to ${formatPercent(interval.high)})`;

/** `+0.055 (+0.029 to +0.076)` of a difference that is no share. */
export const formatPoints = (value: number, interval: Interval | null): string =>
  interval === null
    ? signed(value, 3)
    : `${signed(value, 3)} (${signed(interval.low, 3)} to ${signed(interval.high, 3)})`;
