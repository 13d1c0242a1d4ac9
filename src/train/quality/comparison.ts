/**
 * A model beside another way to answer, on the same flights: how much it gains, and whether chance could have done it.
 */
import {
  areaGainInterval,
  type DayResampling,
  type Interval,
  ratioInterval,
} from './day-resampling.ts';
import { auc, brier, logLoss } from './metrics.ts';

/** What the interval of the log loss says: the whole of it better, the whole of it worse, or neither. */
type Standing = 'better' | 'undecided' | 'worse';

interface Gain {
  readonly value: number;
  /** Null where the flights fall on fewer than ten days. */
  readonly interval: Interval | null;
}

export interface Comparison {
  /** `climatology`, `logistic`, or the version of another model. */
  readonly against: string;
  readonly flights: number;
  readonly days: number;
  /** Share of the other's log loss that the model saves. */
  readonly logLoss: Gain;
  /** Share of the other's Brier score that the model saves. */
  readonly brier: Gain;
  /** AUC less the other's. */
  readonly auc: Gain;
  readonly standing: Standing;
}

/** Answers about the same flights. */
interface Contest {
  readonly against: string;
  readonly own: Float64Array;
  readonly other: Float64Array;
  readonly labels: Uint8Array;
  readonly resampling: DayResampling;
}

/** @cost 200 passes over the flights */
export const compare = ({ against, own, other, labels, resampling }: Contest): Comparison => {
  const lossOf =
    (p: Float64Array) =>
    (i: number): number =>
      -Math.log(Math.max(MIN_PROBABILITY, labels[i] === 1 ? p[i]! : 1 - p[i]!));
  const squareOf =
    (p: Float64Array) =>
    (i: number): number =>
      (p[i]! - labels[i]!) ** 2;
  const saved = (loss: (p: Float64Array) => (i: number) => number): Interval | null => {
    const [ownLoss, otherLoss] = [loss(own), loss(other)];
    return ratioInterval(resampling, (i) => otherLoss(i) - ownLoss(i), otherLoss);
  };
  const interval = saved(lossOf);
  return {
    against,
    flights: labels.length,
    days: resampling.nDays,
    logLoss: { value: 1 - logLoss(own, labels) / logLoss(other, labels), interval },
    brier: { value: 1 - brier(own, labels) / brier(other, labels), interval: saved(squareOf) },
    auc: {
      value: auc(own, labels) - auc(other, labels),
      interval: areaGainInterval(resampling, labels, [own, other]),
    },
    standing: standingOf(interval),
  };
};

/** As in `metrics`. */
const MIN_PROBABILITY = 1e-15;

const standingOf = (interval: Interval | null): Standing => {
  if (interval === null) return 'undecided';
  return interval.low > 0 ? 'better' : interval.high < 0 ? 'worse' : 'undecided';
};
