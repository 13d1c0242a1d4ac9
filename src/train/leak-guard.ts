/**
 * The leak guard: a feature that alone tells late from on time was not known before departure.
 */
import { AppError } from '../core/errors.ts';
import type { Feature } from '../core/features.ts';
import { inputsOf } from '../core/features.ts';
import type { BoostRows } from './growing/training-rows.ts';

/** No honest feature of a schedule comes near this. */
const MAX_AUC = 0.85;
const MIN_ROWS = 500;

/**
 * AUC of each feature alone: its bins ranked by their rate on every other row, measured on the rows between.
 * @cost O(rows x features)
 */
const singleAucs = (rows: BoostRows): readonly number[] => {
  return rows.bins.map(({ nBins }, f) => {
    const column = rows.data.subarray(f * rows.nRows, (f + 1) * rows.nRows);
    /** By bin, row even or odd, and label. */
    const counts = new Uint32Array(4 * nBins);
    for (let row = 0; row < rows.nRows; row++)
      counts[4 * column[row]! + 2 * (row & 1) + rows.labels[row]!]! += 1;
    const [late, all] = [0, 1].map((isAll) =>
      [0, 1].map((odd) =>
        Float64Array.from({ length: nBins }, (_, bin) => {
          const at = 4 * bin + 2 * odd;
          return counts[at + 1]! + (isAll === 1 ? counts[at]! : 0);
        }),
      ),
    ) as [Float64Array[], Float64Array[]];
    const rate = late[0]!.map((n, bin) => (n + 0.5) / (all[0]![bin]! + 2));
    const order = [...rate.keys()].sort((a, b) => rate[a]! - rate[b]!);
    let onTime = 0;
    let wins = 0;
    let nLate = 0;
    for (let i = 0; i < order.length; ) {
      let tiedLate = 0;
      let tiedOnTime = 0;
      const own = rate[order[i]!]!;
      for (; i < order.length && rate[order[i]!] === own; i++) {
        const bin = order[i]!;
        tiedLate += late[1]![bin]!;
        tiedOnTime += all[1]![bin]! - late[1]![bin]!;
      }
      wins += tiedLate * (onTime + tiedOnTime / 2);
      onTime += tiedOnTime;
      nLate += tiedLate;
    }
    return onTime > 0 && nLate > 0 ? wins / (onTime * nLate) : 0.5;
  });
};

/** @throws AppError data-leak */
export const guardAgainstLeaks = (features: readonly Feature[], rows: BoostRows): void => {
  if (rows.nRows < MIN_ROWS) return;
  singleAucs(rows).forEach((area, f) => {
    if (area <= MAX_AUC) return;
    const feature = features[f]!;
    throw new AppError(
      'data-leak',
      `${feature.name} (from ${inputsOf(feature).join(', ')}) alone tells late flights from those on time with an AUC of ${area.toFixed(3)}; no column known before departure does, at most ${MAX_AUC} is expected`,
    );
  });
};
