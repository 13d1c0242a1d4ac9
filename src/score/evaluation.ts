/**
 * Evaluation of a stored model: what training measures of a fresh one, on flights that it never saw.
 */
import { AppError } from '../core/errors.ts';
import { buildBinCounter, driftOf, type InputDrift } from '../core/distribution.ts';
import type { Model } from '../core/model.ts';
import { departuresOf, type Table } from '../core/table.ts';
import { compilePredictor } from '../predict/compile.ts';
import type { Predictor } from '../predict/predictor.ts';
import { buildReferencePredictor } from '../predict/reference.ts';
import { rawOf } from '../train/features/encoding.ts';
import { datesOf } from '../train/features/time-split.ts';
import { labelsOf } from '../train/preparation.ts';
import {
  type Baseline,
  type Costs,
  evaluate,
  type Evaluation,
} from '../train/quality/evaluation.ts';
import { auc, brier, logLoss, rateOf } from '../train/quality/metrics.ts';
import { type FeatureImportance, importanceOf } from './importance.ts';
import { readBaselines } from './stored-training.ts';

/** A model and where it was found. */
interface StoredModel {
  readonly model: Model;
  readonly path: string;
  readonly version: string;
}

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
  readonly threshold: number;
  /** Inputs of the model that not one of these flights has. */
  readonly absent: readonly string[];
  readonly drift: readonly Omit<InputDrift, 'seen'>[];
  readonly importance: readonly FeatureImportance[];
}

const IMPORTANCE_ROWS = 200;

/**
 * @throws AppError data-too-small (no flight), data-unfit (none or all are late)
 */
export const evaluateStored = (
  { model, path, version }: StoredModel,
  table: Table,
  costs: Costs | undefined,
): StoredEvaluation => {
  if (table.nRows === 0)
    throw new AppError(
      'data-too-small',
      `no flight can be judged: all ${table.source.nRowsRead} rows were left out`,
    );
  const lateMinutes = lateMinutesOf(model);
  const labels = labelsOf(table.delayMinutes, lateMinutes);
  const nLate = labels.reduce((sum, label) => sum + label, 0);
  if (nLate === 0 || nLate === labels.length)
    throw new AppError(
      'data-unfit',
      `${nLate === 0 ? 'no flight' : 'every flight'} is ${lateMinutes} minutes late or more; both kinds are needed to judge a model`,
    );
  const raw = rawOf(table, model.inputs);
  const probabilities = answersOf(compilePredictor(model), raw, table.nRows, 0);
  const baselines = baselinesOf(path, table, labels);
  const rows = Int32Array.from({ length: table.nRows }, (_, row) => row);
  const evaluation = evaluate({
    table,
    rows,
    probabilities,
    labels,
    climatology: baselines['climatology'] ?? constantOf(labels),
    threshold: model.threshold,
    costs,
  });
  const rejected = Object.values(table.source.rejected).reduce((sum, n) => sum + n, 0);
  const step = Math.max(1, Math.floor(table.nRows / IMPORTANCE_ROWS)) * model.inputs.length;
  const nSampled = Math.min(IMPORTANCE_ROWS, table.nRows);
  const sample = new Float64Array(nSampled * model.inputs.length);
  for (let i = 0; i < nSampled; i++)
    sample.set(raw.subarray(i * step, i * step + model.inputs.length), i * model.inputs.length);
  return {
    model: path,
    version,
    ...evaluation,
    files: table.source.files,
    dialect: table.source.dialect,
    target: table.source.target,
    lateMinutes,
    rows: { read: table.source.nRowsRead, rejected, used: table.nRows },
    rejected: table.source.rejected,
    split: {
      ...model.provenance.trainedOn?.split,
      test: datesOf(departuresOf(table), rows),
    },
    baselines,
    threshold: model.threshold,
    absent: absentOf(model, raw),
    drift: inputDrift(model, raw, table.nRows),
    importance: importanceOf(model, sample),
  };
};

/** How far the inputs have moved from the training flights, furthest first. */
const inputDrift = ({ inputs, shares }: Model, raw: Float64Array, nRows: number) => {
  const cells = new Float64Array(shares.reduce((n, { shares: bins }) => n + bins.length, 0));
  buildBinCounter(inputs, shares, cells)(raw, nRows);
  return driftOf(shares, cells)
    .map(({ input, psi, level }) => ({ input, psi, level }))
    .sort((a, b) => b.psi - a.psi);
};

const absentOf = ({ inputs }: Model, raw: Float64Array): string[] =>
  inputs.flatMap(({ name }, i) => {
    for (let at = i; at < raw.length; at += inputs.length) if (!Number.isNaN(raw[at])) return [];
    return [name];
  });

const lateMinutesOf = ({ heads }: Model): number => {
  const first = heads[0]!;
  return first.kind === 'probability' ? first.minutes : 15;
};

const answersOf = (
  predictor: Predictor,
  raw: Float64Array,
  nRows: number,
  head: number,
): Float64Array => {
  const nHeads = predictor.model.heads.length;
  const out = new Float64Array(nRows * nHeads);
  predictor.predictInto(raw, nRows, out);
  return Float64Array.from({ length: nRows }, (_, row) => out[row * nHeads + head]!);
};

/** The baselines that were learned with the model, on these flights; none for a model that has none beside it. */
const baselinesOf = (
  path: string,
  table: Table,
  labels: Uint8Array,
): Readonly<Record<string, Baseline>> => {
  const model = readBaselines(path);
  if (model === undefined) return {};
  const predictor = buildReferencePredictor(model);
  const raw = rawOf(table, model.inputs);
  return Object.fromEntries(
    ['climatology', 'logistic'].map((name, head) => {
      const p = answersOf(predictor, raw, table.nRows, head);
      return [name, { auc: auc(p, labels), logLoss: logLoss(p, labels), brier: brier(p, labels) }];
    }),
  );
};

/** The files' own rate for every flight: the baseline of a model that came without any. */
const constantOf = (labels: Uint8Array): Baseline => {
  const rate = rateOf(labels);
  const p = new Float64Array(labels.length).fill(rate);
  return { auc: 0.5, logLoss: logLoss(p, labels), brier: brier(p, labels) };
};
