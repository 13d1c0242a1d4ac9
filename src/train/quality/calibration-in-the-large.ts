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
 * What one flight of a day says of the level ahead, day by day, so that the shares of all flights known sum to 1; null
 * where all flights say the same.
 */
export type FlightShares = ReadonlyMap<number, number> | null;

/**
 * The same curve, moved to the level of the known flights.
 * @param ahead the days that the answers are about
 */
export const calibrateInTheLarge = (
  calibration: Calibration,
  known: KnownOutcomes,
  ahead: DaysAhead,
): Calibration => calibrateByShares(calibration, known, flightShares(calibration, known, ahead));

/**
 * The same curve, moved to the level that flights have by their shares. A later head is about flights that were late: there
 * are many of them on a bad day, on which they are later too, so each keeps the share that it has among all flights.
 */
export const calibrateByShares = (
  calibration: Calibration,
  { probabilities, labels, days }: KnownOutcomes,
  shares: FlightShares,
): Calibration => {
  const weights = new Float64Array(labels.length).fill(1);
  if (shares)
    for (let row = 0; row < weights.length; row++) weights[row] = shares.get(days![row]!) ?? 1;
  return anchor(calibration, probabilities, labels, weights);
};

/** @param known all flights known, with what the first head says of them before it is calibrated */
export const flightShares = (
  calibration: Calibration,
  { probabilities, labels, days }: KnownOutcomes,
  ahead: DaysAhead,
): FlightShares => {
  if (!days || days.length === 0) return null;
  const curve = buildCalibration(calibration);
  const starts: number[] = [];
  for (let row = 0; row < days.length; row++)
    if (row === 0 || days[row] !== days[row - 1]) starts.push(row);
  let late = 0;
  for (let row = 0; row < labels.length; row++) late += labels[row]!;
  // One flight of each kind more: a rate of 0 or 1 would leave nothing to chance.
  const rate = (late + 1) / (labels.length + 2);
  const excess = new Float64Array(starts.length);
  const chance = new Float64Array(starts.length);
  const sizes = starts.map((start, d) => (starts[d + 1] ?? days.length) - start);
  for (let d = 0; d < starts.length; d++) {
    const n = sizes[d]!;
    for (let row = starts[d]!; row < starts[d]! + n; row++)
      excess[d]! += (labels[row]! - curve(probabilities[row]!)) / n;
    chance[d] = (rate * (1 - rate)) / n;
  }
  const knownDays = Int32Array.from(starts, (row) => days[row]!);
  const ofDays = dayWeights({ days: knownDays, excess, chance }, ahead);
  return new Map(Array.from(knownDays, (day, d) => [day, ofDays[d]! / sizes[d]!]));
};
