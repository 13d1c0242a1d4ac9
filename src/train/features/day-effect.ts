/**
 * What a day did to all its flights beyond what its weekday does: weather and ground stops that no schedule foretells.
 * Trees are grown beside this effect, so that they learn what sets a flight apart on its day, not which days were bad;
 * the answers never contain it, and calibration brings them back to the scale of days unknown.
 */
import { logit } from '../../core/logistic.ts';

/** Flights of the overall rate that each day, and each weekday, is given. */
const PRIOR_ROWS = 20;

/** float64, one per row: log-odds of its day less those of its weekday. @param days int32: since 1970-01-01 */
export const dayEffects = (days: Int32Array, labels: Uint8Array): Float64Array => {
  const weekdays = new Int32Array(days.length);
  for (let row = 0; row < days.length; row++) weekdays[row] = days[row]! % 7;
  const ofWeekdays = logOddsBy(weekdays, labels);
  const effects = logOddsBy(days, labels);
  for (let row = 0; row < effects.length; row++) effects[row]! -= ofWeekdays[row]!;
  return effects;
};

/** float64, one per row: log-odds of its group, a whole number, shrunk towards the overall rate. */
const logOddsBy = (groups: Int32Array, labels: Uint8Array): Float64Array => {
  let first = groups[0] ?? 0;
  let last = first;
  for (let row = 0; row < groups.length; row++) {
    first = Math.min(first, groups[row]!);
    last = Math.max(last, groups[row]!);
  }
  const late = new Float64Array(last - first + 1);
  const all = new Float64Array(last - first + 1);
  let nLate = 0;
  for (let row = 0; row < groups.length; row++) {
    const group = groups[row]! - first;
    late[group]! += labels[row]!;
    all[group]! += 1;
    nLate += labels[row]!;
  }
  const rate = nLate / groups.length;
  const logOdds = late.map((n, group) => {
    return logit((n + PRIOR_ROWS * rate) / (all[group]! + PRIOR_ROWS));
  });
  const ofRows = new Float64Array(groups.length);
  for (let row = 0; row < groups.length; row++) ofRows[row] = logOdds[groups[row]! - first]!;
  return ofRows;
};
