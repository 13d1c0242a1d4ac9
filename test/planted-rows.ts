/**
 * Rows and tables made from a seed, for tests and benches of the learner: quantities, categories, missing values, a known truth.
 */
import { buildRandom } from '../src/core/random.ts';
import type { Table } from '../src/core/table.ts';
import type { Bins } from '../src/train/binning/binning.ts';
import { binInto, buildCategoryBins, buildQuantityBins } from '../src/train/binning/binning.ts';
import { binOffsets } from '../src/train/growing/histogram.ts';
import type { LearnerSettings } from '../src/train/growing/learner.ts';
import type { BoostRows } from '../src/train/growing/training-rows.ts';

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

const START_DAY = 15_706;

/** Flights of `nDays` days: the airline and the hour decide how likely each is late. */
export const plantTable = (nDays: number, perDay: number, change: Partial<Table> = {}): Table => {
  const random = buildRandom(9);
  const nRows = nDays * perDay;
  const airline = new Int32Array(nRows);
  const minutes = new Float64Array(nRows);
  const distance = new Float64Array(nRows);
  const delay = new Float32Array(nRows);
  for (let row = 0; row < nRows; row++) {
    const hour = 5 + Math.floor(random() * 18);
    airline[row] = Math.floor(random() * 4);
    minutes[row] = (START_DAY + Math.floor(row / perDay)) * 1440 + hour * 60;
    distance[row] = 200 + Math.floor(random() * 2000);
    const chance = 0.05 + 0.02 * (hour - 5) + (airline[row] === 2 ? 0.2 : 0);
    delay[row] = random() < chance ? 15 + Math.floor(random() * 100) : -Math.floor(random() * 10);
  }
  return {
    nRows,
    columns: {
      airline: { kind: 'category', codes: airline, values: ['AA', 'B6', 'DL', 'UA'] },
      origin: { kind: 'category', codes: new Int32Array(nRows), values: ['JFK'] },
      scheduledDeparture: { kind: 'time', minutes },
      distanceMiles: { kind: 'number', numbers: distance },
    },
    delayMinutes: delay,
    source: {
      files: ['planted'],
      dialect: 'planted',
      target: 'arrival',
      nRowsRead: nRows,
      rejected: {},
    },
    ...change,
  };
};
