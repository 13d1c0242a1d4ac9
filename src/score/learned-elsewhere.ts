/**
 * A model whose trees another program learned from our matrix: calibrated as ours are by the days before the test, judged
 * on the test days, with our inputs, features and known days.
 */
import { buildCalibration } from '../core/calibrate.ts';
import { AppError } from '../core/errors.ts';
import { logit, sigmoid } from '../core/logistic.ts';
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
  /** In pieces that fit into memory: what the trees were grown from. */
  readonly train: AsyncIterable<MatrixPart>;
  readonly validation: MatrixPart;
  readonly calibration: MatrixPart;
  readonly test: MatrixPart;
}

/**
 * @param definition the model without its trees, as `features` wrote it
 * @throws AppError model-unfit where it gives no probability for a flight
 * @cost a walk of all trees for each flight
 */
export const finishLearnedElsewhere = async (
  definition: Model,
  { score, link, calibration: own, ...from }: Elsewhere,
  { train, validation, calibration, test }: MatrixParts,
): Promise<FinishedModel> => {
  const nFeatures = definition.features.length;
  const plain = buildProbability({ link, calibration: own });
  const ask = (matrix: Float64Array, part: string): Float64Array => {
    const answers = Float64Array.from({ length: matrix.length / nFeatures }, (_, row) =>
      plain(scoreOf(score, matrix, row * nFeatures)),
    );
    const nNone = answers.reduce((n, p) => n + (Number.isNaN(p) ? 1 : 0), 0);
    if (nNone > 0)
      throw new AppError(
        'model-unfit',
        `the model gives no probability for ${nNone.toLocaleString('en')} of ${answers.length.toLocaleString('en')} flights of the part ${part}; its score is no number there`,
      );
    return answers;
  };
  const outcomesOf = (part: MatrixPart): Outcomes => ({
    probabilities: ask(rowMajorOf(part), part.name),
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
  const probabilities = ask(testMatrix, test.name).map(calibrate);
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

/** What was said of flights, and what came of them. */
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

/** Rows that another program wrote again come in any order. */
const byRisingDay = (outcomes: Outcomes): Outcomes => {
  const { probabilities, labels, days } = outcomes;
  if (days.every((day, row) => row === 0 || days[row - 1]! <= day)) return outcomes;
  const order = Uint32Array.from(days.keys()).sort((a, b) => days[a]! - days[b]! || a - b);
  return {
    probabilities: probabilities.map((_, at) => probabilities[order[at]!]!),
    labels: labels.map((_, at) => labels[order[at]!]!),
    days: days.map((_, at) => days[order[at]!]!),
  };
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
  const later = byRisingDay(joined([validation, calibration]));
  const known = byRisingDay(joined([train, later]));
  const isOverDays =
    train.labels.length >= MIN_ROWS_OVER_DAYS && hasDaysEnough(later.days, known.days);
  const curve = isOverDays
    ? calibrateOverDays(bounded(known).probabilities, known, weightOf(bounded(later)))
    : fitCalibration(calibration.probabilities, calibration.labels);
  return calibrateInTheLarge(curve, known, daysAhead(known.days, test));
};

const weightOf = (later: Outcomes): number =>
  weightsBesideDays([later.probabilities.map(logit)], later)[0]!;

/** In log-odds: as far as a curve over days tells probabilities apart. */
const WIDEST_SCORE = 8;

/** A forest may answer 0 or 1, whose log-odds are no numbers to reckon with. */
const bounded = (outcomes: Outcomes): Outcomes => ({
  ...outcomes,
  probabilities: outcomes.probabilities.map((p) =>
    Math.min(sigmoid(WIDEST_SCORE), Math.max(sigmoid(-WIDEST_SCORE), p)),
  ),
});

/** How far the test lies past the flights before it. */
const daysAhead = (known: Int32Array, { departures, nRows }: MatrixPart): DaysAhead => {
  const last = known.at(-1);
  if (last === undefined || nRows === 0) return { first: 1, last: 1 };
  const first = departures.reduce((low, minutes) => Math.min(low, minutes));
  const final = departures.reduce((high, minutes) => Math.max(high, minutes));
  return { first: dayOf(first) - last, last: dayOf(final) - last };
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
