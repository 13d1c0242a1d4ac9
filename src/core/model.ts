/**
 * A model: what it asks for, how a flight becomes numbers, how numbers become answers, where it came from.
 */
import type { DelayShape } from './delay-distribution.ts';
import type { Feature } from './features.ts';
import type { Forest } from './forest.ts';
import type { Input } from './inputs.ts';
import type { WeatherRule } from './around/weather.ts';

/** From features to one raw score, by one model. */
export type PlainScore =
  | { readonly kind: 'forest'; readonly forest: Forest }
  /** intercept + sum of weights[i] * feature[i]; a missing feature counts as 0. */
  | {
      readonly kind: 'linear';
      readonly weights: Float64Array;
      readonly intercept: number;
      /** Rounded after every product and sum, as a library that computes in single precision does. */
      readonly precision?: 'float32';
    };

/** From features to one raw score. */
export type Score =
  | PlainScore
  /** The weighted mean of several models' probabilities, summed in their order. */
  | { readonly kind: 'mean'; readonly members: readonly Member[] }
  /** A line over the answers of several models: the intercept, plus each answer times its weight, in their order. */
  | StackScore;

type StackScore = {
  readonly kind: 'stack';
  readonly members: readonly StackMember[];
  readonly intercept: number;
};

/** No score of its own (it counts as 0): minutes are read from the distribution that the probabilities span. */
type DistributionScore = { readonly kind: 'distribution'; readonly shape: DelayShape };

/** What a head has: only a quantile may be read from the distribution. */
export type HeadScore = Score | DistributionScore;

/** One model of a mean, over the same features as the others. */
export interface Member {
  /** Its share; the shares of all members sum to 1. */
  readonly weight: number;
  readonly score: PlainScore;
  readonly link: Link;
  readonly calibration: Calibration;
}

/** One model of a stack: its weight may be any number, and with the link `none` its score stands as it is. */
export interface StackMember extends Omit<Member, 'link'> {
  readonly link: Link | 'none';
}

/**
 * From a raw score to a probability: its sigmoid (in single precision where a library computes it so), or the score
 * itself, kept between 0 and 1. Where an isotonic calibration follows `identity`, its points may lie anywhere: it keeps
 * the answer between 0 and 1 by itself.
 */
export type Link = 'logistic' | 'logistic32' | 'identity';

/** From a probability to a calibrated one; all are monotone, so they never change an order. */
export type Calibration =
  | { readonly kind: 'none' }
  /** sigmoid(a * p + b). */
  | { readonly kind: 'sigmoid'; readonly a: number; readonly b: number }
  /** sigmoid(a * logit(p) + b). */
  | { readonly kind: 'platt'; readonly a: number; readonly b: number }
  /** sigmoid(a * ln p - b * ln(1 - p) + c). @source Kull, Silva Filho, Flach 2017 */
  | { readonly kind: 'beta'; readonly a: number; readonly b: number; readonly c: number }
  /** Linear between the points, flat outside; `from` strictly ascending, `to` not descending. */
  | { readonly kind: 'isotonic'; readonly from: Float64Array; readonly to: Float64Array };

/**
 * One answer of a model. Heads stand in order: probabilities by rising minutes, then quantiles by rising level.
 * - `probability` is P(delay >= minutes): the score through its link, calibrated, then multiplied by the previous probability head where `given` is 'previous'
 *   (it then answers "how likely, given that it is already that late"), so that heads never cross.
 * - `quantile` is minutes of delay, by a score of its own or read from the distribution that the probabilities span;
 *   a later quantile is never below an earlier one.
 */
export type Head =
  | {
      readonly kind: 'probability';
      readonly score: Score;
      readonly minutes: number;
      readonly link: Link;
      readonly calibration: Calibration;
      readonly given: 'nothing' | 'previous';
    }
  | { readonly kind: 'quantile'; readonly score: HeadScore; readonly level: number };

/** Quality on flights that took no part in learning. */
export interface Quality {
  readonly auc: number;
  readonly logLoss: number;
  readonly brier: number;
  readonly ece: number;
  readonly baseRate: number;
  readonly rows: number;
}

/** Where a model came from; plain JSON, shown as it is by `GET /model` and `model show`. */
interface Provenance {
  /** `puntual`, or the library that a foreign model was made with. */
  readonly madeBy: string;
  /** Of a foreign model: the class whose probability it gives, and the other one, by their labels. */
  readonly classes?: { readonly late: string; readonly other: string };
  /** Of a foreign model: what was worth saying when it was imported. */
  readonly notes?: readonly string[];
  readonly trainedOn?: {
    readonly dialect: string;
    readonly target: 'arrival' | 'departure';
    readonly rows: { readonly read: number; readonly rejected: number; readonly used: number };
    /** Date ranges, `2013-01-01..2013-08-31`. */
    readonly split: {
      readonly train: string;
      readonly validation: string;
      readonly calibration: string;
      readonly test: string;
    };
    readonly settings: Readonly<Record<string, string | number | boolean>>;
    /** How it sees weather; absent where it asks for none, and in files of older versions. */
    readonly weather?: WeatherRule;
    /**
     * What the stored model knows: the first and last day of all flights that its trees, its rounds or its curve were
     * found on, how many these are, which share of them was late, and `ranges`, the days on which one of them left, as
     * rising ranges without a gap (the latter two not in older files). Absent in files of older versions, which know the
     * parts before the test.
     */
    readonly known?: {
      readonly days: string;
      readonly ranges?: readonly string[];
      readonly rows: number;
      readonly baseRate?: number;
    };
  };
  readonly test?: Quality;
  readonly baselines?: Readonly<Record<string, { readonly auc: number; readonly logLoss: number }>>;
}

/** Distribution of one input in training, for drift: shares of the bins sum to 1, the last bin is "missing". */
export interface InputShare {
  readonly input: string;
  /** Upper edges of all bins but the last two (number, minute of day of a time); empty for a category, whose bins are its codes. */
  readonly edges: Float64Array;
  readonly shares: Float64Array;
  /** Flights that the shares are of; absent in files of older versions. */
  readonly rows?: number;
}

/** Flights with their right answers: a loaded model must reproduce them before it may serve. */
interface SelfTest {
  readonly nRows: number;
  /** float64, shape (nRows, nInputs). */
  readonly raw: Float64Array;
  /** float64, shape (nRows, nHeads). */
  readonly answers: Float64Array;
}

export interface Model {
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly features: readonly Feature[];
  readonly heads: readonly Head[];
  /** A flight is called delayed when its first head's probability reaches this. */
  readonly threshold: number;
  readonly provenance: Provenance;
  readonly shares: readonly InputShare[];
  readonly selfTest: SelfTest;
}

/** The head that says whether a flight is called delayed; a checked model begins with it. */
export const firstHeadOf = ({ heads }: Pick<Model, 'heads'>): Head & { kind: 'probability' } => {
  const [first] = heads;
  if (first?.kind !== 'probability') throw new TypeError('a model begins with a probability');
  return first;
};
