/**
 * Calibration in the large: how many flights will be late overall, to which a model's answers are brought.
 * One month's rate is weather, not skill, so all the flights known count; but a bad spell may last for a while, so the
 * nearer the flights that are asked about, the more the last days count: as far as the days known were like their
 * neighbours (see `day-levels`).
 */
import { buildCalibration } from '../../core/calibrate.ts';
import type { Calibration } from '../../core/model.ts';
import { anchor } from './calibration.ts';
import { type DaysAhead, dayWeights } from './day-levels.ts';

/** What came of flights that are known. */
interface KnownOutcomes {
  readonly probabilities: Float64Array;
  readonly labels: Uint8Array;
  /** int32: days since 1970-01-01, rising; none in a split at random, where the level is the same everywhere. */
  readonly days?: Int32Array | undefined;
}

/**
 * The same curve, moved to the level of the known flights.
 * @param ahead the days that the answers are about
 */
export const calibrateInTheLarge = (
  calibration: Calibration,
  { probabilities, labels, days }: KnownOutcomes,
  ahead: DaysAhead,
): Calibration => {
  const curve = buildCalibration(calibration);
  const weights =
    days && days.length > 0
      ? levelWeights({ probabilities: probabilities.map(curve), labels, days }, ahead)
      : new Float64Array(labels.length).fill(1 / labels.length);
  return anchor(calibration, probabilities, labels, weights);
};

/** float64, one per flight, summing to 1: what it says about the level ahead. */
export const levelWeights = (
  { probabilities, labels, days }: KnownOutcomes & { readonly days: Int32Array },
  ahead: DaysAhead,
): Float64Array => {
  const starts: number[] = [];
  for (let row = 0; row < days.length; row++)
    if (row === 0 || days[row] !== days[row - 1]) starts.push(row);
  let late = 0;
  for (let row = 0; row < labels.length; row++) late += labels[row]!;
  // One flight of each kind more: a rate of 0 or 1 would leave nothing to chance.
  const rate = (late + 1) / (labels.length + 2);
  const excess = new Float64Array(starts.length);
  const chance = new Float64Array(starts.length);
  const ends = starts.map((_, d) => starts[d + 1] ?? days.length);
  for (let d = 0; d < starts.length; d++) {
    const n = ends[d]! - starts[d]!;
    for (let row = starts[d]!; row < ends[d]!; row++)
      excess[d]! += (labels[row]! - probabilities[row]!) / n;
    chance[d] = (rate * (1 - rate)) / n;
  }
  const ofDays = dayWeights(
    { days: Int32Array.from(starts, (row) => days[row]!), excess, chance },
    ahead,
  );
  const weights = new Float64Array(days.length);
  for (let d = 0; d < starts.length; d++)
    weights.fill(ofDays[d]! / (ends[d]! - starts[d]!), starts[d]!, ends[d]!);
  return weights;
};
