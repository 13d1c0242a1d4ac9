/**
 * What a day did to all its flights beyond what its weekday does: weather and ground stops that no schedule foretells.
 * Trees are grown beside this effect, so that they learn what sets a flight apart on its day, not which days were bad;
 * the answers never contain it, and calibration brings them back to the scale of days unknown.
 */

/** Flights of the overall rate that each day, and each weekday, is given. */
const PRIOR_ROWS = 20;

/** float64, one per row: log-odds of its day less those of its weekday. @param days int32: since 1970-01-01 */
export const dayEffects = (days: Int32Array, labels: Uint8Array): Float64Array => {
  const ofWeekdays = logOddsBy(
    days.map((day) => day % 7),
    labels,
  );
  return logOddsBy(days, labels).map((effect, row) => effect - ofWeekdays[row]!);
};

/** float64, one per row: log-odds of its group, drawn to the overall rate. */
const logOddsBy = (groups: Int32Array, labels: Uint8Array): Float64Array => {
  const counts = new Map<number, { late: number; all: number }>();
  let nLate = 0;
  groups.forEach((group, row) => {
    const own = counts.get(group) ?? { late: 0, all: 0 };
    own.late += labels[row]!;
    own.all += 1;
    counts.set(group, own);
    nLate += labels[row]!;
  });
  const rate = nLate / groups.length;
  const logOdds = new Map(
    Array.from(counts, ([group, { late, all }]) => {
      const p = (late + PRIOR_ROWS * rate) / (all + PRIOR_ROWS);
      return [group, Math.log(p / (1 - p))];
    }),
  );
  return Float64Array.from(groups, (group) => logOdds.get(group)!);
};
