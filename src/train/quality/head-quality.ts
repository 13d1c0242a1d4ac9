/**
 * How good a model's other answers are: a later probability by its log loss, a quantile of minutes by its pinball loss and
 * by the share of flights that it covers, each beside the same answer for every flight.
 */
import { type DayResampling, type Interval, ratioInterval } from './day-resampling.ts';

export interface HeadQuality {
  readonly name: string;
  readonly loss: number;
  /** Of the same answer for every flight. */
  readonly baselineLoss: number;
  /** Share of the constant's loss that is saved, over resampled days. */
  readonly saved: { readonly value: number; readonly interval: Interval | null };
  /** Of a quantile: the share of test flights that were at most so late; it should be the level. */
  readonly coverage?: {
    readonly level: number;
    readonly value: number;
    readonly interval: Interval | null;
  };
}

/** Answers about flights, what came of them, and the one answer that they are compared with. */
interface HeadTask {
  readonly name: string;
  readonly answers: Float64Array;
  readonly constant: number;
  readonly days: DayResampling;
}

const MIN_PROBABILITY = 1e-15;

/** @param labels uint8: 1 where what the probability is about came true */
export const probabilityQuality = (
  { name, answers, constant, days }: HeadTask,
  labels: Uint8Array,
): HeadQuality => {
  const lossOf = (p: number, i: number): number =>
    -Math.log(
      Math.min(1 - MIN_PROBABILITY, Math.max(MIN_PROBABILITY, labels[i] === 1 ? p : 1 - p)),
    );
  return {
    name: `${name} (log loss)`,
    ...savedOf(
      (i) => lossOf(answers[i]!, i),
      (i) => lossOf(constant, i),
      days,
    ),
  };
};

/** @param minutes of delay of each flight */
export const quantileQuality = (
  { answers, constant, days }: Omit<HeadTask, 'name'>,
  level: number,
  minutes: ArrayLike<number>,
): HeadQuality => {
  const pinball = (answer: number, i: number): number => {
    const rest = minutes[i]! - answer;
    return rest >= 0 ? level * rest : (level - 1) * rest;
  };
  const isCovered = (i: number): number => (minutes[i]! <= answers[i]! ? 1 : 0);
  let nCovered = 0;
  for (let i = 0; i < answers.length; i++) nCovered += isCovered(i);
  return {
    name: `P${Math.round(level * 100)} of minutes (pinball loss)`,
    ...savedOf(
      (i) => pinball(answers[i]!, i),
      (i) => pinball(constant, i),
      days,
    ),
    coverage: {
      level,
      value: nCovered / answers.length,
      interval: ratioInterval(days, isCovered, () => 1),
    },
  };
};

/** The mean of a loss beside another's. */
const savedOf = (
  own: (i: number) => number,
  constant: (i: number) => number,
  days: DayResampling,
): Pick<HeadQuality, 'loss' | 'baselineLoss' | 'saved'> => {
  let [loss, baselineLoss] = [0, 0];
  const n = days.places.length;
  for (let i = 0; i < n; i++) {
    loss += own(i) / n;
    baselineLoss += constant(i) / n;
  }
  return {
    loss,
    baselineLoss,
    saved: {
      value: 1 - loss / baselineLoss,
      interval: ratioInterval(days, (i) => constant(i) - own(i), constant),
    },
  };
};
