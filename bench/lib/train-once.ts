/**
 * One training of Puntual's learner on a file of columns, in a process of its own so that its memory can be measured.
 * Started by `train` and `accuracy` with the same specification that the peers get.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Calibration } from '../../src/core/model.ts';
import type { Bins } from '../../src/train/binning/binning.ts';
import { binInto } from '../../src/train/binning/binning.ts';
import type { BoostSettings } from '../../src/train/boosting.ts';
import { buildCalibration } from '../../src/core/calibrate.ts';
import { sigmoid } from '../../src/core/logistic.ts';
import { fitCalibration } from '../../src/train/quality/calibration.ts';
import { dayEffects } from '../../src/train/features/day-effect.ts';
import { buildParallelLearner } from '../../src/train/engine/parallel-learner.ts';
import { binOffsets } from '../../src/train/growing/histogram.ts';
import { type BoostRows, joinRows } from '../../src/train/growing/training-rows.ts';
import { calibrateInTheLarge } from '../../src/train/quality/calibration-in-the-large.ts';
import { auc, brier, logLoss } from '../../src/train/quality/metrics.ts';
import { boostSettings, DEFAULT_OPTIONS } from '../../src/train/settings.ts';
import { addToScores } from '../../src/train/engine/parallel-scoring.ts';
import { sharedBytes, sharedFloats } from '../../src/train/shared-array.ts';
import { boostWithEarlyStopping } from '../../src/train/early-stopping.ts';
import { buildTrainingPool } from '../../src/train/engine/training-pool.ts';
import type { Part } from './train-data.ts';

export interface Specification {
  readonly train: Part;
  readonly validation?: Part;
  readonly test: Part;
  readonly features: readonly string[];
  readonly categorical: readonly number[];
  readonly codes: Readonly<Record<string, number>>;
  readonly trees: number;
  readonly leaves: number;
  readonly learningRate: number;
  readonly threads: number;
  readonly seed: number;
  readonly patience: number;
  /** `puntual`: what `puntual train` would choose for as many rows; else what LightGBM has. */
  readonly defaults?: 'puntual' | 'lightgbm';
  /** In a split by time: the first day that there can be, and the columns that count months and days from it. */
  readonly days?:
    | { readonly first: string; readonly month: number | null; readonly day: number }
    | undefined;
}

const spec = JSON.parse(process.argv[2]!) as Specification;

const readColumn = (part: Part, column: number): Float64Array => {
  const values = new Float32Array(part.rows);
  const file = openSync(part.file, 'r');
  readSync(file, new Uint8Array(values.buffer), 0, 4 * part.rows, 4 * part.rows * column);
  closeSync(file);
  const shared = sharedFloats(part.rows);
  shared.set(values);
  return shared;
};

/** The rows' days, from the columns that everybody has. */
const daysOf = (part: Part): Int32Array | undefined => {
  if (!spec.days) return undefined;
  const first = new Date(`${spec.days.first}T00:00Z`);
  const months = spec.days.month === null ? null : readColumn(part, spec.days.month);
  return Int32Array.from(readColumn(part, spec.days.day), (day, row) => {
    const month = first.getUTCMonth() + (months ? months[row]! - 1 : 0);
    return Date.UTC(first.getUTCFullYear(), month, day) / 86_400_000;
  });
};

/** The parts' columns as one task: the first part decides the bins. */
const readTask = (parts: readonly Part[]) => ({
  columns: spec.features.map((_, f) => ({
    isCategory: spec.categorical.includes(f),
    parts: parts.map((part) => ({ kind: 'values', values: readColumn(part, f) }) as const),
  })),
  into: parts.map((part) => sharedBytes(part.rows * spec.features.length)),
});

const readRows = (part: Part, bins: readonly Bins[], data: Uint8Array): BoostRows => {
  const labels = new Uint8Array(readColumn(part, spec.features.length));
  const days = daysOf(part);
  return {
    nRows: part.rows,
    bins,
    offsets: binOffsets(bins),
    data,
    labels,
    minutes: new Float32Array(part.rows),
    days,
    effects: days && dayEffects(days, labels),
  };
};

const pool = buildTrainingPool(spec.threads);
const learned = spec.validation ? [spec.train, spec.validation] : [spec.train];
const task = readTask(learned);
const startMs = performance.now();
const bins = await pool.bin(task);
const [train, later = null] = learned.map((part, p) => readRows(part, bins, task.into[p]!)) as [
  BoostRows,
  BoostRows?,
];
/** LightGBM's own defaults, for equal work. */
const LIGHTGBM = {
  featureShare: 1,
  rowShare: 1,
  nBlocks: 0,
  maxDepth: 1000,
  l2: 0,
  minRowsPerLeaf: 20,
  minHessianPerLeaf: 1e-3,
  minGain: 1e-6,
  categorySmooth: 10,
  categoryL2: 10,
  maxCategoriesPerSet: 32,
  minRowsPerCategory: 100,
  monotone: new Int8Array(spec.features.length),
} as const;

const budget = {
  nTrees: spec.trees,
  nLeaves: spec.leaves,
  learningRate: spec.learningRate,
  patience: later ? spec.patience : Number.POSITIVE_INFINITY,
  seed: spec.seed,
};
const settings: BoostSettings =
  spec.defaults === 'puntual'
    ? {
        ...boostSettings(
          train.nRows,
          spec.features.map((name) => ({ name })),
          DEFAULT_OPTIONS,
        ),
        ...budget,
      }
    : { ...LIGHTGBM, ...budget };
const boosted = await boostWithEarlyStopping({
  buildLearner: buildParallelLearner(pool),
  train,
  validation: later ?? null,
  settings,
});
const seconds = (performance.now() - startMs) / 1000;
// Not getrusage: its peak is inherited from the process that started this one.
const peakMemoryMb =
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
pool.dismiss();
const scoresOf = (rows: BoostRows): Float64Array => {
  const scores = new Float64Array(rows.nRows).fill(boosted.base);
  for (const tree of boosted.trees) addToScores(tree, rows, scores);
  return scores.map(sigmoid);
};

const testData = new Uint8Array(spec.test.rows * bins.length);
bins.forEach((of, f) => {
  const into = testData.subarray(f * spec.test.rows, (f + 1) * spec.test.rows);
  binInto(of, readColumn(spec.test, f), into);
});
const test = readRows(spec.test, bins, testData);

/** As `puntual train` does: the shape of the curve from the later flights, its level from all that are known. */
const calibrationOf = (validation: BoostRows): Calibration => {
  const shape = fitCalibration(scoresOf(validation), validation.labels);
  const known = joinRows([train, validation]);
  return calibrateInTheLarge(
    shape,
    { ...known, probabilities: scoresOf(known) },
    test.days && known.days
      ? { first: test.days[0]! - known.days.at(-1)!, last: test.days.at(-1)! - known.days.at(-1)! }
      : { first: 1, last: 1 },
  );
};

const curve = buildCalibration(later ? calibrationOf(later) : { kind: 'none' });
const p = scoresOf(test).map(curve);
console.log(
  JSON.stringify({
    library: 'puntual',
    seconds,
    peakMemoryMb,
    trees: boosted.trees.length,
    auc: auc(p, test.labels),
    logLoss: logLoss(p, test.labels),
    brier: brier(p, test.labels),
  }),
);
