/**
 * Calibration in the large: how many flights will be late overall, to which a model's answers are brought.
 * One month's rate is weather, not skill, so all the flights known count; but a bad spell lasts for a while,
 * so the nearer the flights that are asked about, the more the last days count.
 */
import type { Calibration } from '../../core/model.ts';
import { anchor } from './calibration.ts';

/** What came of flights that are known. */
interface KnownOutcomes {
  readonly probabilities: Float64Array;
  readonly labels: Uint8Array;
  /** int32: days since 1970-01-01; none in a split at random, where the level is the same everywhere. */
  readonly days?: Int32Array | undefined;
}

/** Among the last days, one of this age counts half as much as the last. */
const HALF_LIFE_DAYS = 7;
/** So many days ahead the last days tell nothing more. */
const FADED_DAYS = 60;

/**
 * The same curve, moved to the level of the known flights.
 * @param horizonDays how many days after the last known one the answers are about
 */
export const calibrateInTheLarge = (
  calibration: Calibration,
  { probabilities, labels, days }: KnownOutcomes,
  horizonDays: number,
): Calibration =>
  anchor(
    calibration,
    probabilities,
    labels,
    days
      ? levelWeights(days, horizonDays)
      : new Float64Array(labels.length).fill(1 / labels.length),
  );

/** float64, one per flight, summing to 1: what it says about the level `horizonDays` ahead. */
export const levelWeights = (days: Int32Array, horizonDays: number): Float64Array => {
  const lastDay = days.reduce((last, day) => Math.max(last, day), Number.NEGATIVE_INFINITY);
  const recent = new Float64Array(days.length);
  for (let row = 0; row < days.length; row++)
    recent[row] = 2 ** ((days[row]! - lastDay) / HALF_LIFE_DAYS);
  const sum = recent.reduce((total, weight) => total + weight, 0);
  const share = Math.max(0, 1 - horizonDays / FADED_DAYS);
  return recent.map((weight) => (share * weight) / sum + (1 - share) / days.length);
};
