/**
 * A model whose trees another program learned from our matrix: calibrated on the calibration days, judged on the test days,
 * with our inputs, features and known days.
 */
import { buildCalibration } from '../core/calibrate.ts';
import type { Calibration, Link, Model, Score } from '../core/model.ts';
import type { Table } from '../core/table.ts';
import type { MatrixPart } from '../flights/output/matrix-folder.ts';
import { buildProbability } from '../predict/heads.ts';
import { buildReferencePredictor, scoreOf } from '../predict/reference.ts';
import { fitCalibration } from '../train/quality/calibration.ts';
import {
  type Baseline,
  baselineOf,
  evaluate,
  type Evaluation,
} from '../train/quality/evaluation.ts';
import { rateOf } from '../train/quality/metrics.ts';
import { thresholdOf } from '../train/training.ts';
import { type FeatureImportance, importanceOfMatrix } from './importance.ts';

/** What another program learned. */
interface Elsewhere {
  readonly madeBy: string;
  readonly notes: readonly string[];
  readonly classes: { readonly late: string; readonly other: string };
  readonly score: Score;
  readonly link: Link;
  readonly calibration: Calibration;
}

interface FinishedModel {
  readonly model: Model;
  readonly evaluation: Evaluation;
  readonly baselines: { readonly climatology: Baseline; readonly logistic: Baseline };
  readonly partRates: Readonly<
    Record<string, { readonly rows: number; readonly baseRate: number }>
  >;
  readonly importance: readonly FeatureImportance[];
  readonly importanceRows: number;
}

const IMPORTANCE_ROWS = 5000;

/**
 * @param definition the model without its trees, as `features` wrote it
 * @cost a walk of all trees for each flight of the two parts
 */
export const finishLearnedElsewhere = (
  definition: Model,
  { score, link, calibration: own, ...from }: Elsewhere,
  { calibration, test }: { readonly calibration: MatrixPart; readonly test: MatrixPart },
): FinishedModel => {
  const [calibrationMatrix, testMatrix] = [calibration, test].map(rowMajorOf);
  const nFeatures = definition.features.length;
  const plain = buildProbability({ link, calibration: own });
  const ask = (matrix: Float64Array): Float64Array =>
    Float64Array.from({ length: matrix.length / nFeatures }, (_, row) =>
      plain(scoreOf(score, matrix, row * nFeatures)),
    );
  const early = ask(calibrationMatrix!);
  // A model that comes calibrated stays as it is: two curves cannot be one.
  const curve = own.kind === 'none' ? fitCalibration(early, calibration.labels) : own;
  const calibrate = own.kind === 'none' ? buildCalibration(curve) : (p: number) => p;
  const threshold = thresholdOf(early.map(calibrate), calibration.labels);
  const probabilities = ask(testMatrix!).map(calibrate);
  const [head] = definition.heads;
  if (head?.kind !== 'probability') throw new TypeError('a definition begins with a probability');
  const evaluation = evaluate({
    table: tableOf(test, definition),
    rows: Int32Array.from({ length: test.nRows }, (_, row) => row),
    probabilities,
    labels: test.labels,
    baselines: { climatology: test.climatology, logistic: test.logistic },
    threshold,
  });
  const baselines = {
    climatology: baselineOf(test.climatology, test.labels),
    logistic: baselineOf(test.logistic, test.labels),
  };
  const unchecked: Model = {
    ...definition,
    heads: [{ ...head, score, link, calibration: curve }],
    threshold,
    provenance: {
      ...definition.provenance,
      madeBy: from.madeBy,
      classes: from.classes,
      ...(from.notes.length > 0 && { notes: from.notes }),
      test: evaluation.test,
      baselines,
    },
  };
  const { nRows, raw } = definition.selfTest;
  const answers = new Float64Array(nRows);
  buildReferencePredictor(unchecked).predictInto(raw, nRows, answers);
  const model = { ...unchecked, selfTest: { nRows, raw, answers } };
  const sample = thinned(testMatrix!, nFeatures);
  return {
    model,
    evaluation,
    baselines,
    partRates: Object.fromEntries(
      [calibration, test].map((part) => [
        part.name,
        { rows: part.nRows, baseRate: rateOf(part.labels) },
      ]),
    ),
    importance: importanceOfMatrix(model, sample),
    importanceRows: sample.length / nFeatures,
  };
};

/** float64, shape (nRows, nFeatures). */
const rowMajorOf = ({ features, nRows }: MatrixPart): Float64Array => {
  const matrix = new Float64Array(nRows * features.length);
  features.forEach((column, f) => {
    for (let row = 0; row < nRows; row++) matrix[row * features.length + f] = column[row]!;
  });
  return matrix;
};

const thinned = (matrix: Float64Array, nFeatures: number): Float64Array => {
  const nRows = matrix.length / nFeatures;
  const n = Math.min(IMPORTANCE_ROWS, nRows);
  const sample = new Float64Array(n * nFeatures);
  for (let i = 0; i < n; i++) {
    const from = Math.floor((i * nRows) / n) * nFeatures;
    sample.set(matrix.subarray(from, from + nFeatures), i * nFeatures);
  }
  return sample;
};

/** What an evaluation looks at of flights: when they leave, and with whom. */
const tableOf = (part: MatrixPart, { provenance: { trainedOn } }: Model): Table => ({
  nRows: part.nRows,
  columns: {
    scheduledDeparture: { kind: 'time', minutes: part.departures },
    ...(part.airlines.length > 0 && {
      airline: {
        kind: 'category',
        codes: Int32Array.from(part.airlineCodes),
        values: part.airlines,
      },
    }),
  },
  delayMinutes: Float32Array.from(part.minutes),
  source: {
    files: [],
    dialect: trainedOn?.dialect ?? '',
    target: trainedOn?.target ?? 'arrival',
    nRowsRead: part.nRows,
    rejected: {},
  },
});
