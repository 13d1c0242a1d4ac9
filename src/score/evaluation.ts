/**
 * Evaluation of a stored model: what training measures of a fresh one, on days that it does not know.
 */
import { AppError } from '../core/errors.ts';
import { buildBinCounter, driftOf, type InputDrift, MIN_SEEN } from '../core/distribution.ts';
import { knownDaysOf } from '../core/known-days.ts';
import type { Model } from '../core/model.ts';
import { departuresOf, pickTableRows, type Table, type RejectExample } from '../core/table.ts';
import { compilePredictor } from '../predict/compile.ts';
import { buildReferencePredictor } from '../predict/reference.ts';
import { rawOf } from '../train/features/encoding.ts';
import { datesOf } from '../train/features/time-split.ts';
import { labelsOf } from '../train/preparation.ts';
import {
  type Baseline,
  baselineOf,
  type Costs,
  evaluate,
  type Evaluation,
} from '../train/quality/evaluation.ts';
import type { HeadQuality } from '../train/quality/head-quality.ts';
import { rateOf } from '../train/quality/metrics.ts';
import { absentInputs, unseenValues } from './absent-inputs.ts';
import { allAnswers, answersOf } from './first-answers.ts';
import { type FeatureImportance, importanceOf } from './importance.ts';
import { type PartialDependence, partialDependenceOf } from './partial-dependence.ts';
import { headQualitiesOf } from './head-qualities.ts';
import {
  type Hindsight,
  hindsightOf,
  type LearnedFrom,
  learnedFromOf,
  type SeenFlights,
} from './seen-days.ts';
import { scorableFlights } from './scorable.ts';
import { judgedPathOf, readBaselines, type StoredModel } from './stored-training.ts';
import { evaluationWarnings, lateMinutesOf, nameOf } from './evaluation-warnings.ts';

/** How good a stored model is on other flights, and how these differ from what it knew. */
export interface StoredEvaluation extends Evaluation {
  readonly model: string;
  readonly version: string;
  readonly files: readonly string[];
  readonly dialect: string;
  readonly target: 'arrival' | 'departure';
  readonly lateMinutes: number;
  readonly rows: { readonly read: number; readonly rejected: number; readonly used: number };
  readonly rejected: Readonly<Record<string, number>>;
  /** Dates of the model's own parts; `test` is that of these files. */
  readonly split: Readonly<Record<string, string>>;
  readonly baselines: Readonly<Record<string, Baseline>>;
  /** The model that it is compared with, where one is. */
  readonly against?: Baseline & { readonly name: string };
  readonly threshold: number;
  /** The answers after the first: the loss of each, and which share of the flights a quantile covers. */
  readonly heads: readonly HeadQuality[];
  /** Which of the files' flights the model knows. */
  readonly seen: SeenFlights;
  /** Which of the flights that were measured left before a day that the model knows. */
  readonly hindsight: Hindsight;
  /** What the model, and the one that it is compared with, learned from. */
  readonly learnedFrom: readonly LearnedFrom[];
  /** What must be read before any figure. */
  readonly warnings: readonly string[];
  /** Columns of the files that nothing reads. */
  readonly unusedColumns: readonly string[];
  /** Up to three of the rows that were left out for each reason. */
  readonly examples: Readonly<Record<string, readonly RejectExample[]>>;
  /** Inputs of the model that not one of these flights has. */
  readonly absent: readonly string[];
  /** By input: flights with a value that the model was not trained on, which counts as missing. */
  readonly unknown: Readonly<Record<string, number>>;
  /** None where the flights are too few to say, or the model says nothing of its training. */
  readonly drift: readonly Omit<InputDrift, 'seen'>[];
  readonly importance: readonly FeatureImportance[];
  /** Flights that the importance rests on, evenly spaced. */
  readonly importanceRows: number;
  /** What the model does with its strongest inputs. */
  readonly partialDependence: readonly PartialDependence[];
}

/** What is compared, and how. */
export interface EvaluationOptions {
  readonly costs?: Costs | undefined;
  /** Measures also on days that the model knows. */
  readonly includesTraining?: boolean | undefined;
  /** From which delay a flight is late; by default what the model was learned for. */
  readonly lateMinutes?: number | undefined;
  /** A model to compare with, on days that neither knows. */
  readonly against?: StoredModel | undefined;
}

const IMPORTANCE_ROWS = 5000;

/**
 * @throws AppError data-too-small (no flight on a day that the models do not know), data-unfit (none or all are late)
 */
export const evaluateStored = (
  stored: StoredModel,
  all: Table,
  { costs, includesTraining = false, lateMinutes: wanted, against }: EvaluationOptions = {},
): StoredEvaluation => {
  const { model, path, version } = stored;
  if (all.nRows === 0)
    throw new AppError(
      'data-too-small',
      `no flight can be judged: all ${all.source.nRowsRead} rows were left out`,
    );
  const models = [stored, ...(against ? [against] : [])];
  const unseen = includesTraining ? { table: all, nLeftOut: 0 } : unseenOf(all, models);
  const table = models.reduce(
    (flights, { model: { inputs } }) => scorableFlights(flights, inputs),
    unseen.table,
  );
  const ranges = [...new Set(models.flatMap((one) => knownDaysOf(one.model)?.text ?? []))];
  const seen: SeenFlights = {
    days: models.some((one) => knownDaysOf(one.model) === undefined) ? null : ranges.join(' and '),
    rows: includesTraining ? seenBy(table, models).n : unseen.nLeftOut,
    included: includesTraining,
  };
  const hindsight = hindsightOf(
    models.map((one, i) => ({ name: i === 0 ? 'the model' : nameOf(one), model: one.model })),
    departuresOf(table),
  );
  const lateMinutes = wanted ?? lateMinutesOf(model);
  const labels = labelsOf(table.delayMinutes, lateMinutes);
  const nLate = labels.reduce((sum, label) => sum + label, 0);
  if (nLate === 0 || nLate === labels.length)
    throw new AppError(
      'data-unfit',
      `${nLate === 0 ? 'none' : 'every one'} of the ${labels.length.toLocaleString('en')} flights of ${table.source.files.join(', ')} is ${lateMinutes} minutes late or more; both kinds are needed to judge a model: give more days, or another --late-minutes`,
    );
  const raw = rawOf(table, model.inputs);
  const answers = allAnswers(model, raw, table.nRows);
  const probabilities = answers[0]!;
  const plain = baselineAnswers(path, table);
  const rivalRaw = against && rawOf(table, against.model.inputs);
  const rival = against &&
    rivalRaw && {
      name: nameOf(against),
      answers: answersOf(compilePredictor(against.model), rivalRaw, table.nRows, 0),
    };
  const unknown = unseenValues(table, model.inputs);
  const absent = absentInputs(model.inputs, raw, unknown);
  const rows = Int32Array.from({ length: table.nRows }, (_, row) => row);
  const evaluation = evaluate({
    table,
    rows,
    probabilities,
    labels,
    baselines: {
      ...(Object.keys(plain).length === 0 ? { constant: constantOf(labels) } : plain),
      ...(rival && { [rival.name]: rival.answers }),
    },
    threshold: model.threshold,
    costs,
  });
  const left =
    seen.included || seen.rows === 0 ? {} : { [against ? LEFT_OUT_OF_BOTH : LEFT_OUT]: seen.rows };
  const rejected = { ...table.source.rejected, ...left };
  const nRejected = Object.values(rejected).reduce((sum, n) => sum + n, 0);
  const nSampled = Math.min(IMPORTANCE_ROWS, table.nRows);
  const nInputs = model.inputs.length;
  const sample = new Float64Array(nSampled * nInputs);
  for (let i = 0; i < nSampled; i++) {
    const from = Math.floor((i * table.nRows) / nSampled) * nInputs;
    sample.set(raw.subarray(from, from + nInputs), i * nInputs);
  }
  const importance = importanceOf(model, sample);
  return {
    model: path,
    version,
    warnings: evaluationWarnings(stored, table, {
      lateMinutes,
      seen,
      hindsight,
      absent,
      rival: against && {
        stored: against,
        absent: absentInputs(
          against.model.inputs,
          rivalRaw!,
          unseenValues(table, against.model.inputs),
        ),
      },
    }),
    ...evaluation,
    files: table.source.files,
    dialect: table.source.dialect,
    target: table.source.target,
    lateMinutes,
    rows: { read: table.source.nRowsRead, rejected: nRejected, used: table.nRows },
    rejected,
    seen,
    hindsight,
    learnedFrom: models.map((one, i) =>
      learnedFromOf(i === 0 ? 'the model' : nameOf(one), one.model),
    ),
    split: {
      ...model.provenance.trainedOn?.split,
      test: datesOf(departuresOf(table), rows),
    },
    baselines: Object.fromEntries(
      Object.entries(plain).map(([name, answers]) => [name, baselineOf(answers, labels)]),
    ),
    ...(rival && { against: { name: rival.name, ...baselineOf(rival.answers, labels) } }),
    threshold: model.threshold,
    unusedColumns: table.source.unused ?? [],
    examples: table.source.examples ?? {},
    absent,
    unknown,
    drift: inputDrift(model, raw, table.nRows),
    heads: headQualitiesOf(table, {
      later: model.heads.flatMap((head, h) =>
        h > 0 && head.kind === 'probability'
          ? [{ minutes: head.minutes, values: answers[h]! }]
          : [],
      ),
      quantiles: model.heads.flatMap((head, h) =>
        head.kind === 'quantile' ? [{ level: head.level, values: answers[h]! }] : [],
      ),
    }),
    importance,
    partialDependence: partialDependenceOf(model, importance, sample),
    importanceRows: nSampled,
  };
};

const LEFT_OUT = 'on days that the model knows';
const LEFT_OUT_OF_BOTH = 'on days that one of the two models knows';

/** Which flights of a table are on days that one of the models knows, and what these days are. */
const seenBy = (
  table: Table,
  models: readonly StoredModel[],
): { isSeen: Uint8Array; n: number } => {
  const tests = models.flatMap(({ model }) => knownDaysOf(model)?.isKnown ?? []);
  const isSeen = new Uint8Array(table.nRows);
  let n = 0;
  departuresOf(table).forEach((minutes, row) => {
    if (!tests.some((isOf) => isOf(minutes))) return;
    isSeen[row] = 1;
    n++;
  });
  return { isSeen, n };
};

/**
 * The flights on days that none of the models knows.
 * @throws AppError data-too-small
 */
const unseenOf = (
  all: Table,
  models: readonly StoredModel[],
): { readonly table: Table; readonly nLeftOut: number } => {
  const { isSeen, n } = seenBy(all, models);
  if (n === 0) return { table: all, nLeftOut: 0 };
  if (n < all.nRows) return { table: pickTableRows(all, (row) => isSeen[row] === 0), nLeftOut: n };
  const ranges = models.flatMap(({ model }) => knownDaysOf(model)?.text ?? []);
  throw new AppError(
    'data-too-small',
    `all ${all.nRows.toLocaleString('en')} flights are on days that ${models.length > 1 ? 'one of the models knows' : 'the model knows'} (${ranges.join(' and ')}): these measure its memory, not its forecasts; give flights of other days, or --include-training to measure on them all the same${hintOf(models[0]!)}`,
  );
};

/** Where the model lies that the report judged, which knows fewer days. */
const hintOf = ({ path }: StoredModel): string => {
  const judged = judgedPathOf(path);
  return judged === undefined
    ? ''
    : `; the model as its report judged it, before it was learned again from every day, is ${judged}`;
};

/** How far the inputs have moved from the training flights, furthest first. */
const inputDrift = ({ inputs, shares }: Model, raw: Float64Array, nRows: number) => {
  const cells = new Float64Array(shares.reduce((n, { shares: bins }) => n + bins.length, 0));
  buildBinCounter(inputs, shares, cells)(raw, nRows);
  return driftOf(shares, cells, MIN_SEEN)
    .map(({ input, psi, level }) => ({ input, psi, level }))
    .sort((a, b) => b.psi - a.psi);
};

/** What the baselines that were learned with the model say of these flights; none for a model that has none beside it. */
const baselineAnswers = (path: string, table: Table): Readonly<Record<string, Float64Array>> => {
  const model = readBaselines(path);
  if (model === undefined) return {};
  const predictor = buildReferencePredictor(model);
  const raw = rawOf(table, model.inputs);
  return Object.fromEntries(
    ['climatology', 'logistic'].map((name, head) => [
      name,
      answersOf(predictor, raw, table.nRows, head),
    ]),
  );
};

/** The files' own rate for every flight: the baseline of a model that came without any. */
const constantOf = (labels: Uint8Array): Float64Array =>
  new Float64Array(labels.length).fill(rateOf(labels));
