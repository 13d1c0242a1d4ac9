/**
 * What a day did to all its flights: weather and ground stops that no schedule foretells.
 * Trees are grown beside this effect, so that they learn what sets a flight apart on its day, not which days were bad;
 * the answers never contain it, and calibration brings them back to the scale of days unknown.
 */
import { dayOf } from '../core/flight.ts';

/** Flights of the overall rate that each day is given. */
const PRIOR_ROWS = 20;

/** float64, shape (rows.length): log-odds of each row's day less those of all rows. */
export const dayEffects = (
  departures: Float64Array,
  labels: Uint8Array,
  rows: Int32Array,
): Float64Array => {
  const days = new Map<number, { late: number; all: number }>();
  let nLate = 0;
  for (const row of rows) {
    const day = dayOf(departures[row]!);
    const own = days.get(day) ?? { late: 0, all: 0 };
    own.late += labels[row]!;
    own.all += 1;
    days.set(day, own);
    nLate += labels[row]!;
  }
  const rate = nLate / rows.length;
  return Float64Array.from(rows, (row) => {
    const { late, all } = days.get(dayOf(departures[row]!))!;
    return logit((late + PRIOR_ROWS * rate) / (all + PRIOR_ROWS)) - logit(rate);
  });
};

const logit = (p: number): number => Math.log(p / (1 - p));
