/**
 * A model whose trees another program learned from our matrix: calibrated as ours are by the days before the test, judged
 * on the test days, with our inputs, features and known days.
 */
import { buildCalibration } from '../core/calibrate.ts';
import type { Calibration, Link, Model, Score } from '../core/model.ts';
import type { Table } from '../core/table.ts';
import type { MatrixPart } from '../flights/output/matrix-folder.ts';
import { buildProbability } from '../predict/heads.ts';
import { buildReferencePredictor, scoreOf } from '../predict/reference.ts';
import { dayOf } from '../core/calendar.ts';
import { fitCalibration } from '../train/quality/calibration.ts';
import { calibrateInTheLarge } from '../train/quality/calibration-in-the-large.ts';
import { calibrateOverDays, hasDaysEnough } from '../train/quality/day-calibration.ts';
import {
  type Baseline,
  baselineOf,
  evaluate,
  type Evaluation,
} from '../train/quality/evaluation.ts';
import { rateOf } from '../train/quality/metrics.ts';
import { MIN_ROWS_OVER_DAYS } from '../train/head-training.ts';
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

/** The flights of a matrix folder. */
interface MatrixParts {
  /** By rising day, in pieces that fit into memory: what the trees were grown from. */
  readonly train: AsyncIterable<MatrixPart>;
  readonly validation: MatrixPart;
  readonly calibration: MatrixPart;
  readonly test: MatrixPart;
}

/**
 * @param definition the model without its trees, as `features` wrote it
 * @cost a walk of all trees for each flight
 */
export const finishLearnedElsewhere = async (
  definition: Model,
  { score, link, calibration: own, ...from }: Elsewhere,
  { train, validation, calibration, test }: MatrixParts,
): Promise<FinishedModel> => {
  const nFeatures = definition.features.length;
  const plain = buildProbability({ link, calibration: own });
  const ask = (matrix: Float64Array): Float64Array =>
    Float64Array.from({ length: matrix.length / nFeatures }, (_, row) =>
      plain(scoreOf(score, matrix, row * nFeatures)),
    );
  const outcomesOf = (part: MatrixPart): Outcomes => ({
    probabilities: ask(rowMajorOf(part)),
    labels: part.labels,
    days: Int32Array.from(part.departures, dayOf),
  });
  const testMatrix = rowMajorOf(test);
  const early = {
    train: await outcomesOfAll(train, outcomesOf),
    validation: outcomesOf(validation),
    calibration: outcomesOf(calibration),
  };
  // A model that comes calibrated stays as it is: two curves cannot be one.
  const curve = own.kind === 'none' ? calibrationOf(early, horizonOf(test)) : own;
  const calibrate = own.kind === 'none' ? buildCalibration(curve) : (p: number) => p;
  const threshold = thresholdOf(early.calibration.probabilities.map(calibrate), calibration.labels);
  const probabilities = ask(testMatrix).map(calibrate);
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
  const sample = thinned(testMatrix, nFeatures);
  return {
    model,
    evaluation,
    baselines,
    partRates: Object.fromEntries(
      Object.entries({ ...early, test }).map(([name, { labels }]) => [
        name,
        { rows: labels.length, baseRate: rateOf(labels) },
      ]),
    ),
    importance: importanceOfMatrix(model, sample),
    importanceRows: sample.length / nFeatures,
  };
};

/** What was said of flights by rising day, and what came of them. */
interface Outcomes {
  readonly probabilities: Float64Array;
  readonly labels: Uint8Array;
  readonly days: Int32Array;
}

const outcomesOfAll = async (
  parts: AsyncIterable<MatrixPart>,
  outcomesOf: (part: MatrixPart) => Outcomes,
): Promise<Outcomes> => {
  const pieces: Outcomes[] = [];
  for await (const part of parts) pieces.push(outcomesOf(part));
  return joined(pieces);
};

const joined = (pieces: readonly Outcomes[]): Outcomes => {
  const n = pieces.reduce((sum, { labels }) => sum + labels.length, 0);
  const all = {
    probabilities: new Float64Array(n),
    labels: new Uint8Array(n),
    days: new Int32Array(n),
  };
  let at = 0;
  for (const { probabilities, labels, days } of pieces) {
    all.probabilities.set(probabilities, at);
    all.labels.set(labels, at);
    all.days.set(days, at);
    at += labels.length;
  }
  return all;
};

/** As `train` finds it: the slope on later days, the level that of all flights before the test. */
const calibrationOf = (
  {
    train,
    validation,
    calibration,
  }: Readonly<Record<'train' | 'validation' | 'calibration', Outcomes>>,
  horizonDays: number,
): Calibration => {
  const later = joined([validation, calibration]);
  const known = joined([train, later]);
  const curve =
    train.labels.length >= MIN_ROWS_OVER_DAYS && hasDaysEnough(later, known)
      ? calibrateOverDays(later, known)
      : fitCalibration(calibration.probabilities, calibration.labels);
  return calibrateInTheLarge(curve, known, horizonDays);
};

/** How many days the test reaches past the flights before it. */
const horizonOf = ({ departures, nRows }: MatrixPart): number =>
  nRows === 0 ? 0 : dayOf(departures[nRows - 1]!) - dayOf(departures[0]!) + 1;

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
