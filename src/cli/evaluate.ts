/**
 * `puntual evaluate MODEL FILE...`: a stored model on other flights: the report of training, and drift.
 * Wires flights, predict, train's evaluation, report.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { writeAtomically } from '../core/atomic-write.ts';
import { buildBinCounter, driftOf, type InputDrift } from '../core/distribution.ts';
import { AppError } from '../core/errors.ts';
import type { Model } from '../core/model.ts';
import { readModel } from '../core/model-file.ts';
import { findModel } from '../core/model-store.ts';
import type { Table } from '../core/table.ts';
import { departuresOf } from '../core/table.ts';
import { peakMemoryMb } from '../host/peak-memory.ts';
import { compilePredictor } from '../predict/compile.ts';
import { buildReferencePredictor } from '../predict/reference.ts';
import { buildTrainingPage } from '../report/training/training-page.ts';
import { type FeatureImportance, importanceOf } from '../score/importance.ts';
import { rawOf } from '../train/features/encoding.ts';
import { datesOf } from '../train/features/time-split.ts';
import { labelsOf } from '../train/preparation.ts';
import { type Baseline, type Evaluation, evaluate } from '../train/quality/evaluation.ts';
import { auc, brier, logLoss } from '../train/quality/metrics.ts';
import { type CostFlags, costsOf, describeCosts } from './cost-flags.ts';
import { printJson, printLine, printTable } from './output.ts';
import { setting } from './setting.ts';
import { BASELINES } from './train-files.ts';
import { printCosts, printQuality, printRows } from './train-text.ts';
import { describeWeather, readTable, type WeatherFlags } from './weather-flags.ts';

interface Flags extends WeatherFlags, CostFlags {
  readonly models: string;
  readonly output?: string;
  readonly dialect?: string;
  readonly json?: boolean;
}

/** What `evaluate --json` prints. */
interface EvaluateReport extends Evaluation {
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
  readonly seconds: number;
  readonly peakMemoryMb: number;
}

export const describe = (command: Command): void => {
  command
    .description(
      'Measures a stored model on other flights, and how these differ from what it knew.',
    )
    .argument('<model>', 'NAME, NAME/VERSION, or the path of a model file')
    .argument('<file...>', 'CSV, TSV, Parquet or NDJSON, also .gz and .zst; globs work')
    .addOption(setting('--models <dir>', 'where models lie', 'models'))
    .option('-o, --output <file>', 'write the report as one HTML page')
    .addOption(
      setting('--dialect <name>', 'how to read the columns; by default the columns decide'),
    );
  describeWeather(command);
  describeCosts(command);
  command
    .option('--json', 'print one JSON document')
    .action(async (wanted: string, files: string[], flags: Flags) => {
      const startMs = performance.now();
      const { model, path, version } = readModel(findModel(flags.models, wanted));
      const table = await readTable(files, flags);
      const report = evaluateModel(model, path, version, table, flags, startMs);
      if (flags.output !== undefined)
        writeAtomically(flags.output, Buffer.from(buildTrainingPage(report)));
      if (flags.json) printJson(report);
      else print(report);
    });
};

const IMPORTANCE_ROWS = 200;

const evaluateModel = (
  model: Model,
  path: string,
  version: string,
  table: Table,
  flags: Flags,
  startMs: number,
): EvaluateReport => {
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
    costs: costsOf(flags),
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
    seconds: (performance.now() - startMs) / 1000,
    peakMemoryMb: peakMemoryMb(),
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
  predictor: ReturnType<typeof compilePredictor>,
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
  const file = join(dirname(path), BASELINES);
  if (!existsSync(file)) return {};
  const { model } = readModel(file);
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
  const rate = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  const p = new Float64Array(labels.length).fill(rate);
  return { auc: 0.5, logLoss: logLoss(p, labels), brier: brier(p, labels) };
};

const print = (report: EvaluateReport): void => {
  printRows(report);
  printLine(`  ${report.split['test']}`);
  printQuality(report, 'on these flights');
  printCosts(report);
  if (report.absent.length > 0) {
    printLine(`in none of these flights, taken for missing: ${report.absent.join(', ')}`);
  }
  const drifted = report.drift.filter(({ level }) => level !== 'none');
  if (drifted.length === 0) {
    printLine('no input is distributed otherwise than in training');
    return;
  }
  printTable(
    ['input', 'drift (PSI)', ''],
    drifted.map(({ input, psi, level }) => [input, psi.toFixed(3), level]),
  );
};
