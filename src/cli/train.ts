/**
 * `puntual train FILE...`: files to a stored model and its report. Wires flights, train, predict.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../core/errors.ts';
import { buildEncoder } from '../core/features.ts';
import type { Model } from '../core/model.ts';
import { writeModel } from '../core/model-file.ts';
import { writeWhole } from '../core/whole-file.ts';
import { checkName, storeModel } from '../core/model-store.ts';
import type { Table } from '../core/table.ts';
import { loadTable } from '../flights/load.ts';
import { joinWeather, loadWeather } from '../flights/weather.ts';
import { buildReferencePredictor } from '../predict/reference.ts';
import { buildAttribution } from '../predict/shap.ts';
import { buildTrainingPage } from '../report/training-page.ts';
import type { Baseline, Costs } from '../train/evaluation.ts';
import { DEFAULT_OPTIONS, type TrainOptions } from '../train/settings.ts';
import { rollMonths, type RollingMonth } from '../train/rolling.ts';
import { bestOf, tune, type Trial } from '../train/tuning.ts';
import { trainModel, type TrainReport } from '../train/training.ts';
import { type Interruption, watchInterruption } from './interruption.ts';
import { printJson, printLine, printTable } from './output.ts';
import { buildPace } from './pace.ts';
import { buildProgress } from './progress.ts';
import { realNumber, setting, wholeNumber } from './setting.ts';

export interface TrainFilesOptions extends Partial<TrainOptions> {
  readonly modelsDir: string;
  readonly dialect?: string | undefined;
  /** Hourly observations to join at the origin, taken `leadHours` before departure. */
  readonly weather?: string | undefined;
  readonly leadHours?: number | undefined;
  /** Trials of a search for settings before training. */
  readonly tune?: number | undefined;
  /** Whether the method is also judged month by month. */
  readonly rolling?: boolean | undefined;
  /** Shows a progress bar or lines on stderr. */
  readonly showsProgress?: boolean | undefined;
}

export interface TrainFilesReport extends TrainReport {
  /** Path of the model's file. */
  readonly model: string;
  readonly version: string;
  /** Mean absolute SHAP value of each feature over test flights, in log-odds, largest first. */
  readonly importance: readonly { readonly feature: string; readonly meanAbsolute: number }[];
  /** Every trial of the search for settings, when asked. */
  readonly trials?: readonly Trial[];
  /** Month by month, when asked. */
  readonly rolling?: readonly RollingMonth[];
  readonly seconds: number;
  readonly peakMemoryMb: number;
}

/**
 * Files to a stored model, made current, with `report.json`, `report.html` and its baselines beside it.
 * Ctrl-C ends boosting; the best round so far is kept, and the rest of the work is done. Before the first tree it ends all.
 * @throws AppError as `loadTable`, `loadWeather`, `trainModel` and `storeModel` do
 */
export const trainFromFiles = async (
  files: readonly string[],
  options: TrainFilesOptions,
): Promise<TrainFilesReport> => {
  const interruption = watchInterruption();
  try {
    return await trainWatched(files, options, interruption);
  } finally {
    interruption.unwatch();
  }
};

const trainWatched = async (
  files: readonly string[],
  options: TrainFilesOptions,
  interruption: Interruption,
): Promise<TrainFilesReport> => {
  const startMs = performance.now();
  // Now, not when the model that nobody can store is learned.
  if (options.name !== undefined) checkName(options.name);
  const table = await readTable(files, options);
  let settings: TrainOptions = { ...DEFAULT_OPTIONS, ...options };
  const note = (text: string): void => {
    if (options.showsProgress) process.stderr.write(`${text}\n`);
  };
  // By the settings that were given: those of a search were chosen on flights of these months.
  const rolling = options.rolling
    ? await rollMonths(table, settings, (month) => note(lineOfMonth(month)))
    : undefined;
  const trials = options.tune
    ? await tune(table, settings, options.tune, (trial, i) => note(lineOfTrial(trial, i)))
    : undefined;
  if (trials) settings = { ...settings, boost: bestOf(trials).settings };
  const progress = options.showsProgress ? buildProgress('training') : undefined;
  const paceOf = buildPace();
  const trained = await trainModel(table, settings, (round) => {
    interruption.allowKeeping();
    progress?.update(round.round, round.nRounds, paceOf(round));
    return !interruption.isAsked();
  }).finally(() => progress?.stop());
  const model = withSelfTest(trained.model, trained.selfTestRaw);
  const { path, version } = storeModel(options.modelsDir, model, new Date());
  writeModel(trained.baselines, join(dirname(path), BASELINES));
  const report: TrainFilesReport = {
    model: path,
    version,
    ...trained.report,
    importance: importanceOf(model, trained.sampleRaw),
    ...(trials ? { trials } : {}),
    ...(rolling ? { rolling } : {}),
    seconds: (performance.now() - startMs) / 1000,
    peakMemoryMb: peakMemoryMb(),
  };
  const text = `${JSON.stringify(report, null, 2)}\n`;
  writeWhole(join(dirname(path), 'report.json'), Buffer.from(text));
  const page = buildTrainingPage(report);
  writeWhole(join(dirname(path), 'report.html'), Buffer.from(page));
  return report;
};

const lineOfTrial = ({ settings, validationLoss, trees }: Trial, index: number): string =>
  `trial ${index + 1}: log loss ${validationLoss.toFixed(5)} on the early-stopping flights, ${trees} trees, ` +
  (index === 0
    ? 'the defaults'
    : Object.entries(settings)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '));

const lineOfMonth = ({ month, test, climatology }: RollingMonth): string =>
  `${month}: AUC ${test.auc.toFixed(4)}, log loss ${test.logLoss.toFixed(4)} (climatology ${climatology.auc.toFixed(4)}, ${climatology.logLoss.toFixed(4)})`;

/** The file of a model's baselines, beside it. */
export const BASELINES = 'baselines.safetensors';

/** The flights of the files, with weather where a file of it is named. */
export const readTable = async (
  files: readonly string[],
  options: Pick<TrainFilesOptions, 'dialect' | 'weather' | 'leadHours'>,
): Promise<Table> => {
  const table = await loadTable(files, { dialect: options.dialect });
  if (options.weather === undefined) return table;
  return joinWeather(table, await loadWeather(options.weather), options.leadHours ?? LEAD_HOURS);
};

const LEAD_HOURS = 3;

/** The model with flights whose right answers it must give before it may serve. */
const withSelfTest = (model: Model, raw: Float64Array): Model => {
  const nRows = raw.length / model.inputs.length;
  const answers = new Float64Array(nRows * model.heads.length);
  buildReferencePredictor(model).predictInto(raw, nRows, answers);
  return { ...model, selfTest: { nRows, raw, answers } };
};

/** Mean absolute SHAP value of each feature in the first head, largest first. */
export const importanceOf = (
  model: Model,
  raw: Float64Array,
): readonly { feature: string; meanAbsolute: number }[] => {
  const nFeatures = model.features.length;
  const nRows = raw.length / model.inputs.length;
  const encode = buildEncoder(model.inputs, model.features);
  const attribution = buildAttribution(model.heads[0]!.score, new Float64Array(nFeatures));
  const features = new Float64Array(nFeatures);
  const effects = new Float64Array(nFeatures);
  const sums = new Float64Array(nFeatures);
  for (let row = 0; row < nRows; row++) {
    encode(raw, row * model.inputs.length, features, 0);
    effects.fill(0);
    attribution.addInto(features, effects);
    for (let f = 0; f < nFeatures; f++) sums[f]! += Math.abs(effects[f]!);
  }
  return model.features
    .map(({ name }, f) => ({ feature: name, meanAbsolute: sums[f]! / nRows }))
    .sort((a, b) => b.meanAbsolute - a.meanAbsolute);
};

/** Of this process alone: the peak that getrusage gives is inherited from whoever started it. */
export const peakMemoryMb = (): number => {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
};

interface Flags extends WeatherFlags {
  readonly name: string;
  readonly models: string;
  readonly lateMinutes: number;
  readonly threads?: number;
  readonly seed: number;
  readonly trees?: number;
  readonly leaves?: number;
  readonly learningRate?: number;
  readonly split: 'time' | 'random';
  readonly tune?: number;
  readonly rolling?: boolean;
  readonly costMiss?: number;
  readonly costFalseAlarm?: number;
  readonly dialect?: string;
  readonly json?: boolean;
}

export interface WeatherFlags {
  readonly weather?: string;
  readonly leadHours: number;
}

/** Adds the flags that join weather to flights. */
export const describeWeather = (command: Command): void => {
  command
    .addOption(setting('--weather <file>', 'hourly observations to join at the origin'))
    .addOption(
      setting(
        '--lead-hours <n>',
        'how long before departure the weather is known',
        LEAD_HOURS,
      ).argParser(realNumber(0, 72)),
    );
};

/** Adds the flags that say what acting costs. */
export const describeCosts = (command: Command): void => {
  command
    .addOption(
      setting('--cost-miss <x>', 'cost of a late flight not called late').argParser(
        realNumber(0, 1e9),
      ),
    )
    .addOption(
      setting('--cost-false-alarm <x>', 'cost of calling a flight late in vain').argParser(
        realNumber(0, 1e9),
      ),
    );
};

export const describe = (command: Command): void => {
  describeWeather(command);
  describeCosts(command);
  command
    .description(
      'Learns a calibrated delay model from flight files, stores it and makes it current. Ctrl-C ends learning and keeps the best round.',
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
    .addOption(
      setting(
        '--tune <n>',
        'trials of a search for settings on the early-stopping flights',
      ).argParser(wholeNumber(1, 1000)),
    )
    .option('--rolling', 'also judge the method month by month')
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
        weather: flags.weather,
        leadHours: flags.leadHours,
        costs: costsOf(flags),
        tune: flags.tune,
        rolling: flags.rolling,
        showsProgress: true,
      });
      if (flags.json) printJson(report);
      else printTrainReport(report);
    });
};

/** @throws AppError usage (one cost without the other) */
export const costsOf = ({
  costMiss,
  costFalseAlarm,
}: Pick<Flags, 'costMiss' | 'costFalseAlarm'>): Costs | undefined => {
  if (costMiss === undefined && costFalseAlarm === undefined) return undefined;
  if (!(costMiss! > 0 && costFalseAlarm! > 0))
    throw new AppError('usage', '--cost-miss and --cost-false-alarm belong together, both above 0');
  return { miss: costMiss!, falseAlarm: costFalseAlarm! };
};

/** What a person reads after training. */
export const printTrainReport = (report: TrainFilesReport): void => {
  printRows(report);
  for (const [part, dates] of Object.entries(report.split))
    printLine(`  ${part.padEnd(12)} ${dates}`);
  if (report.splitKind === 'random')
    printLine('split at random: flights of one day stand on both sides, so these figures flatter');
  printQuality(report, 'on flights it never saw');
  printCosts(report);
  if (report.rolling)
    printTable(
      ['month', 'AUC', 'log loss', 'ECE', 'climatology AUC', 'log loss '],
      report.rolling.map(({ month, test, climatology }) => [
        month,
        test.auc.toFixed(4),
        test.logLoss.toFixed(4),
        test.ece.toFixed(4),
        climatology.auc.toFixed(4),
        climatology.logLoss.toFixed(4),
      ]),
    );
  printLine(
    `${report.model}  (${report.seconds.toFixed(1)} s, ${report.peakMemoryMb.toFixed(0)} MB)`,
  );
};

/** How many flights were used, and why others were not. */
export const printRows = ({ rows, rejected }: Pick<TrainReport, 'rows' | 'rejected'>): void => {
  printLine(`${rows.used.toLocaleString('en')} of ${rows.read.toLocaleString('en')} flights used`);
  for (const [reason, n] of Object.entries(rejected))
    printLine(`  ${n.toLocaleString('en')} left out: ${reason}`);
};

/** The model beside its baselines. */
export const printQuality = (
  {
    test,
    baselines,
    skill,
  }: Pick<TrainReport, 'test' | 'skill'> & {
    readonly baselines: Readonly<Record<string, Baseline>>;
  },
  title: string,
): void => {
  const row = (name: string, { auc, logLoss, brier }: Baseline): string[] => [
    name,
    auc.toFixed(4),
    logLoss.toFixed(4),
    brier.toFixed(4),
  ];
  printTable(
    [title, 'AUC', 'log loss', 'Brier'],
    [row('model', test), ...Object.entries(baselines).map(([name, quality]) => row(name, quality))],
  );
  const beside = (share: number): string =>
    `${Math.abs(100 * share).toFixed(1)} % ${share < 0 ? 'worse' : 'better'}`;
  printLine(
    `log loss ${beside(skill.logLoss)} and Brier ${beside(skill.brier)} than climatology; ` +
      `calibration error ${test.ece.toFixed(4)}; ${(100 * test.baseRate).toFixed(1)} % of ${test.rows.toLocaleString('en')} flights late`,
  );
};

/** From which probability on the costs say to act, and what that brings. */
export const printCosts = ({
  thresholds,
  costThreshold,
}: Pick<TrainReport, 'thresholds' | 'costThreshold'>): void => {
  const suited = thresholds.find(({ threshold }) => threshold === costThreshold);
  if (!suited) return;
  printLine(
    `at these costs act from ${(100 * suited.threshold).toFixed(1)} % on: precision ${(100 * suited.precision).toFixed(1)} %, ` +
      `recall ${(100 * suited.recall).toFixed(1)} %, ${suited.alertsPerDay.toFixed(0)} alerts a day`,
  );
};
