/**
 * Rows made from a seed, for tests and benches of the learner: quantities, categories, missing values, a known truth.
 */
import type { Bins } from './binning.ts';
import { binInto, buildCategoryBins, buildQuantityBins } from './binning.ts';
import { binOffsets } from './histogram.ts';
import type { BoostRows, LearnerSettings } from './learner.ts';
import { buildRandom } from './random.ts';

export interface PlantedRows extends BoostRows {
  readonly columns: readonly Float64Array[];
}

/** Two quantities, one of few values, one with gaps, and two categories; late with a chance that depends on all. */
export const plantRows = (nRows: number, seed: number): PlantedRows => {
  const random = buildRandom(seed);
  const columns = Array.from({ length: 6 }, () => new Float64Array(nRows));
  const labels = new Uint8Array(nRows);
  const minutes = new Float32Array(nRows);
  for (let row = 0; row < nRows; row++) {
    const [a, b, few, gappy, small, large] = [
      random(),
      random() ** 2 * 1000,
      Math.floor(random() * 7),
      random() < 0.3 ? Number.NaN : random() * 10 - 5,
      Math.floor(random() * 4),
      Math.floor(random() ** 3 * 300),
    ];
    [a, b, few, gappy, small, large].forEach((value, f) => {
      columns[f]![row] = value;
    });
    const score =
      Math.sin(6 * a) +
      (b > 300 ? 0.8 : 0) -
      0.2 * few +
      (Number.isNaN(gappy) ? 0.7 : gappy * 0.1) +
      (small === 2 ? 0.9 : 0) +
      ((large * 7919) % 13) / 8 -
      1.5;
    const noise = random();
    labels[row] = noise < 1 / (1 + Math.exp(-score)) ? 1 : 0;
    minutes[row] = score * 20 + (random() + random() + random() - 1.5) * 30;
  }
  const bins: Bins[] = columns.map((values, f) =>
    f < 4 ? buildQuantityBins(values, nRows) : buildCategoryBins(values, nRows),
  );
  const data = new Uint8Array(nRows * bins.length);
  bins.forEach((of, f) => {
    binInto(of, columns[f]!, data.subarray(f * nRows, (f + 1) * nRows));
  });
  return { nRows, bins, offsets: binOffsets(bins), data, labels, minutes, columns };
};

export const PLANTED_SETTINGS: LearnerSettings = {
  nLeaves: 31,
  maxDepth: 12,
  learningRate: 0.1,
  rowShare: 1,
  l2: 1,
  minRowsPerLeaf: 20,
  minHessianPerLeaf: 1e-3,
  minGain: 1e-6,
  categorySmooth: 10,
  categoryL2: 10,
  maxCategoriesPerSet: 32,
  minRowsPerCategory: 50,
  monotone: new Int8Array(6),
};
