/**
 * A model whose trees another program learned from our matrix: calibrated as ours are by the days before the test, judged
 * on the test days, with our inputs, features and known days.
 */
import { buildCalibration } from '../core/calibrate.ts';
import { logit } from '../core/logistic.ts';
import type { Calibration, Link, Model, Score } from '../core/model.ts';
import type { Table } from '../core/table.ts';
import type { MatrixPart } from '../flights/output/matrix-folder.ts';
import { buildProbability } from '../predict/heads.ts';
import { buildReferencePredictor, scoreOf } from '../predict/reference.ts';
import { dayOf } from '../core/calendar.ts';
import { fitCalibration } from '../train/quality/calibration.ts';
import { calibrateInTheLarge } from '../train/quality/calibration-in-the-large.ts';
import {
  calibrateOverDays,
  hasDaysEnough,
  weightsBesideDays,
} from '../train/quality/day-calibration.ts';
import type { DaysAhead } from '../train/quality/day-levels.ts';
import {
  type Baseline,
  baselineOf,
  evaluate,
  type Evaluation,
} from '../train/quality/evaluation.ts';
import { rateOf } from '../train/quality/metrics.ts';
import { MIN_ROWS_OVER_DAYS } from '../train/heads/head-training.ts';
import { thresholdOf } from '../train/judgement.ts';
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
  const curve = own.kind === 'none' ? calibrationOf(early, test) : own;
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

/** Much as `train` finds it: one weight of the whole score on later days, the level from all flights before the test. */
const calibrationOf = (
  {
    train,
    validation,
    calibration,
  }: Readonly<Record<'train' | 'validation' | 'calibration', Outcomes>>,
  test: MatrixPart,
): Calibration => {
  const later = joined([validation, calibration]);
  const known = joined([train, later]);
  const isOverDays =
    train.labels.length >= MIN_ROWS_OVER_DAYS && hasDaysEnough(later.days, known.days);
  const curve = isOverDays
    ? calibrateOverDays(known.probabilities, known, weightOf(later))
    : fitCalibration(calibration.probabilities, calibration.labels);
  return calibrateInTheLarge(curve, known, daysAhead(known.days, test));
};

const weightOf = (later: Outcomes): number =>
  weightsBesideDays([later.probabilities.map(logit)], later)[0]!;

/** How far the test lies past the flights before it. */
const daysAhead = (known: Int32Array, { departures, nRows }: MatrixPart): DaysAhead => {
  const last = known.at(-1);
  if (last === undefined || nRows === 0) return { first: 1, last: 1 };
  return { first: dayOf(departures[0]!) - last, last: dayOf(departures[nRows - 1]!) - last };
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
