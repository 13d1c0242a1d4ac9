/**
 * `puntual train FILE...`: files to a stored model and its report. Wires flights, train, predict.
 */
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { Model } from '../core/model.ts';
import { storeModel } from '../core/model-store.ts';
import { writeWhole } from '../core/whole-file.ts';
import { loadTable } from '../flights/load.ts';
import { buildReferencePredictor } from '../predict/reference.ts';
import { buildTrainingPage } from '../report/training-page.ts';
import { DEFAULT_OPTIONS, type TrainOptions } from '../train/settings.ts';
import { type Trained, type TrainReport, trainModel } from '../train/training.ts';
import { buildProgress, printJson, printLine, printTable } from './output.ts';
import { realNumber, setting, wholeNumber } from './setting.ts';

export interface TrainFilesOptions extends Partial<TrainOptions> {
  readonly modelsDir: string;
  readonly dialect?: string | undefined;
  /** Shows a progress bar or lines on stderr. */
  readonly showsProgress?: boolean | undefined;
}

export interface TrainFilesReport extends TrainReport {
  /** Path of the model's file. */
  readonly model: string;
  readonly version: string;
  readonly seconds: number;
  readonly peakMemoryMb: number;
}

/**
 * Files to a stored model, made current, with `report.json` and `report.html` beside it.
 * @throws AppError as `loadTable`, `trainModel` and `storeModel` do
 */
export const trainFromFiles = async (
  files: readonly string[],
  options: TrainFilesOptions,
): Promise<TrainFilesReport> => {
  const startMs = performance.now();
  const table = await loadTable(files, { dialect: options.dialect });
  const progress = options.showsProgress ? buildProgress('training') : undefined;
  let trained: Trained;
  try {
    trained = await trainModel(
      table,
      { ...DEFAULT_OPTIONS, ...options },
      ({ head, round, nRounds, validationLoss }) => {
        progress?.update(round, nRounds, `${head}: validation loss ${validationLoss.toFixed(5)}`);
        return true;
      },
    );
  } finally {
    progress?.stop();
  }
  const model = withSelfTest(trained.model, trained.selfTestRaw);
  const { path, version } = storeModel(options.modelsDir, model, new Date());
  const report: TrainFilesReport = {
    model: path,
    version,
    ...trained.report,
    seconds: (performance.now() - startMs) / 1000,
    peakMemoryMb: process.resourceUsage().maxRSS / 1024,
  };
  writeWhole(
    join(dirname(path), 'report.json'),
    Buffer.from(`${JSON.stringify(report, null, 2)}\n`),
  );
  writeWhole(join(dirname(path), 'report.html'), Buffer.from(buildTrainingPage(report)));
  return report;
};

/** The model with flights whose right answers it must give before it may serve. */
const withSelfTest = (model: Model, raw: Float64Array): Model => {
  const nRows = raw.length / model.inputs.length;
  const answers = new Float64Array(nRows * model.heads.length);
  buildReferencePredictor(model).predictInto(raw, nRows, answers);
  return { ...model, selfTest: { nRows, raw, answers } };
};

interface Flags {
  readonly name: string;
  readonly models: string;
  readonly lateMinutes: number;
  readonly threads?: number;
  readonly seed: number;
  readonly trees?: number;
  readonly leaves?: number;
  readonly learningRate?: number;
  readonly split: 'time' | 'random';
  readonly dialect?: string;
  readonly json?: boolean;
}

export const describe = (command: Command): void => {
  command
    .description(
      'Learns a calibrated delay model from flight files, stores it and makes it current.',
    )
    .argument('<file...>', 'CSV, TSV, Parquet, NDJSON or Arrow, also .gz and .zst; globs work')
    .addOption(setting('--name <name>', 'name of the model', DEFAULT_OPTIONS.name))
    .addOption(setting('--models <dir>', 'where models are stored', 'models'))
    .addOption(
      setting(
        '--late-minutes <n>',
        'delay from which a flight counts as late',
        DEFAULT_OPTIONS.lateMinutes,
      ).argParser(wholeNumber(1, 1440)),
    )
    .addOption(
      setting('--threads <n>', 'threads; by default one per core').argParser(wholeNumber(1, 256)),
    )
    .addOption(
      setting('--seed <n>', 'seed of everything random', DEFAULT_OPTIONS.seed).argParser(
        wholeNumber(0, 2 ** 31 - 1),
      ),
    )
    .addOption(setting('--trees <n>', 'most trees per head').argParser(wholeNumber(1, 10_000)))
    .addOption(setting('--leaves <n>', 'most leaves per tree').argParser(wholeNumber(2, 4096)))
    .addOption(
      setting('--learning-rate <x>', 'share of each tree that is used').argParser(
        realNumber(0.001, 1),
      ),
    )
    .addOption(
      setting(
        '--split <kind>',
        'by time, or at random (for comparison only)',
        DEFAULT_OPTIONS.split,
      ).choices(['time', 'random']),
    )
    .addOption(
      setting('--dialect <name>', 'how to read the columns; by default the columns decide'),
    )
    .option('--json', 'print one JSON document')
    .action(async (files: string[], flags: Flags) => {
      const report = await trainFromFiles(files, {
        name: flags.name,
        modelsDir: flags.models,
        lateMinutes: flags.lateMinutes,
        nThreads: flags.threads,
        seed: flags.seed,
        nTrees: flags.trees,
        nLeaves: flags.leaves,
        learningRate: flags.learningRate,
        split: flags.split,
        dialect: flags.dialect,
        showsProgress: true,
      });
      if (flags.json) printJson(report);
      else printTrainReport(report);
    });
};

/** What a person reads after training. */
export const printTrainReport = (report: TrainFilesReport): void => {
  const { rows, test, baselines } = report;
  printLine(`${rows.used.toLocaleString('en')} of ${rows.read.toLocaleString('en')} flights used`);
  for (const [reason, n] of Object.entries(report.rejected))
    printLine(`  ${n.toLocaleString('en')} left out: ${reason}`);
  for (const [part, dates] of Object.entries(report.split))
    printLine(`  ${part.padEnd(12)} ${dates}`);
  if (report.splitKind === 'random')
    printLine('split at random: flights of one day stand on both sides, so these figures flatter');
  printTable(
    ['on flights it never saw', 'AUC', 'log loss'],
    [
      ['model', test.auc.toFixed(4), test.logLoss.toFixed(4)],
      [
        'logistic regression',
        baselines.logistic.auc.toFixed(4),
        baselines.logistic.logLoss.toFixed(4),
      ],
      [
        'climatology',
        baselines.climatology.auc.toFixed(4),
        baselines.climatology.logLoss.toFixed(4),
      ],
    ],
  );
  printLine(
    `Brier ${test.brier.toFixed(4)}, calibration error ${test.ece.toFixed(4)}, base rate ${test.baseRate.toFixed(4)}, ${test.rows.toLocaleString('en')} flights`,
  );
  printLine(
    `${report.model}  (${report.seconds.toFixed(1)} s, ${report.peakMemoryMb.toFixed(0)} MB)`,
  );
};
