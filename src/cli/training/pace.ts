/**
 * How fast trees grow and how long the rest may take, as a line beside the progress of training.
 * A head's first tree comes after its preparation, so the clock starts when that tree is there.
 */
import type { TrainProgress } from '../../train/heads/learned-heads.ts';

/** Fewer trees say nothing about the next ones. */
const MIN_TREES = 5;

/** A function from a round to its note. @param nowMs a clock that never turns back */
export const buildPace = (
  nowMs: () => number = () => performance.now(),
): ((round: TrainProgress) => string) => {
  let firstMs = 0;
  return ({ head, round, nRounds, nRows, trainLoss, validationLoss }) => {
    if (round === 1) firstMs = nowMs();
    const later = validationLoss === null ? '' : `, later flights ${validationLoss.toFixed(4)}`;
    const losses = `${head}: loss ${trainLoss.toFixed(4)}${later}`;
    if (round < MIN_TREES) return losses;
    const secondsPerTree = Math.max(1e-6, (nowMs() - firstMs) / 1000 / (round - 1));
    const rowsPerSecond = nRows / secondsPerTree;
    const left = secondsPerTree * (nRounds - round);
    return `${losses}, ${(rowsPerSecond / 1e6).toFixed(1)} M rows/s, at most ${left.toFixed(0)} s left`;
  };
};
