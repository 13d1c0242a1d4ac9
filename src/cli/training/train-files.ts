/**
 * Files to a stored model and its report: what `train` and `start` do, with progress shown and Ctrl-C heeded.
 */
import type { RejectExample } from '../../core/table.ts';
import { fieldOf } from '../../core/flight.ts';
import type { Input } from '../../core/inputs.ts';
import { type LoadedModel, readModel } from '../../core/model-file.ts';
import { checkPlace, currentOf, findModel } from '../../core/model-store.ts';
import type { OwnColumn } from '../../flights/cleaning/own-columns.ts';
import { type FlightsOptions, loadFlights } from '../../flights/cleaning/weather.ts';
import { peakMemoryMb } from '../../host/peak-memory.ts';
import { verdictOf } from '../../report/training/verdict.ts';
import type { FeatureImportance } from '../../score/importance.ts';
import { type PartialDependence, partialDependenceOf } from '../../score/partial-dependence.ts';
import { beginTrained } from '../../score/stored-training.ts';
import { type RollingMonth, rollMonths } from '../../train/rolling.ts';
import { DEFAULT_OPTIONS, type TrainOptions } from '../../train/settings.ts';
import type { TrainReport } from '../../train/train-report.ts';
import { bestOf, type TuningTrial, tune } from '../../train/tuning.ts';
import { type Interruption, watchInterruption } from '../interruption.ts';
import { trainExplained } from './explained-training.ts';
import { decidePublication, type Publication, requireComparable } from './publication.ts';
import { buildPace } from './pace.ts';
import { buildProgress } from '../progress.ts';
import { addReport } from './report-files.ts';
import { printNotes, readingNotes } from '../reading-flags.ts';

interface TrainFilesOptions extends Partial<TrainOptions>, FlightsOptions {
  readonly modelsDir: string;
  /** Trials of a search for settings before training. */
  readonly tune?: number | undefined;
  /** Whether the method is also judged month by month. */
  readonly rolling?: boolean | undefined;
  /** Whether a model that is no gain is made current all the same. */
  readonly publish?: boolean | undefined;
  /** Whether the model is made current only if it gains on the one that is. */
  readonly ifBetter?: boolean | undefined;
  /** Shows a progress bar or lines on stderr. */
  readonly showsProgress?: boolean | undefined;
}

export interface TrainFilesReport extends TrainReport {
  /** Path of the model's file. */
  readonly model: string;
  readonly version: string;
  /** Whether the model was made current, and why. */
  readonly publication: Publication;
  /** The sentence that the page and the text begin with. */
  readonly verdict: string;
  /** Columns of the files that nothing reads. */
  readonly unusedColumns: readonly string[];
  /** Up to three of the rows that were left out for each reason. */
  readonly examples: Readonly<Record<string, readonly RejectExample[]>>;
  /** Mean absolute SHAP value of each feature over test flights, in log-odds, largest first. */
  readonly importance: readonly FeatureImportance[];
  /** Test flights that the importance rests on, evenly spaced. */
  readonly importanceRows: number;
  /** What the model does with its strongest inputs. */
  readonly partialDependence: readonly PartialDependence[];
  /** Every trial of the search for settings, when asked. */
  readonly trials?: readonly TuningTrial[];
  /** Month by month, when asked. */
  readonly rolling?: readonly RollingMonth[];
  readonly seconds: number;
  readonly peakMemoryMb: number;
}

/**
 * Files to a stored model, made current where it is a gain, with `report.json`, `report.html` and its baselines beside it.
 * Ctrl-C ends boosting; the best round so far is kept, and the rest of the work is done. Before the first tree it ends all.
 * @throws AppError as `loadFlights`, `trainModel` and `storeModel` do
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
  checkPlace(options.modelsDir, options.name ?? DEFAULT_OPTIONS.name);
  const { columns = [] } = options;
  const current = currentOfOptions(options);
  const asked = askedBy(current, columns);
  const table = await loadFlights(files, { ...options, asked });
  if (options.showsProgress) printNotes(readingNotes(table.source));
  let settings: TrainOptions = {
    ...DEFAULT_OPTIONS,
    ...options,
    ownColumns: columns.map(({ name }) => name),
  };
  if (current) requireComparable(current, settings.lateMinutes, table);
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
  const { trained, importance: explained } = await trainExplained(table, settings, (round) => {
    interruption.allowKeeping();
    progress?.update(round.round, round.nRounds, paceOf(round));
    return !interruption.isAsked();
  }).finally(() => progress?.stop());
  if (interruption.isAsked()) note(lineOfStop(trained.report));
  const publication = decidePublication(trained, table, {
    modelsDir: options.modelsDir,
    name: settings.name,
    publish: options.publish,
    ifBetter: options.ifBetter,
  });
  const { making } = beginTrained(trained, { modelsDir: options.modelsDir, made: new Date() });
  try {
    const { model } = trained.judged;
    const importance = await explained;
    const report: TrainFilesReport = {
      model: making.path,
      version: making.version,
      publication,
      verdict: verdictOf(trained.report).text,
      ...trained.report,
      unusedColumns: table.source.unused ?? [],
      examples: table.source.examples ?? {},
      importance,
      importanceRows: trained.sampleRaw.length / model.inputs.length,
      partialDependence: partialDependenceOf(model, importance, trained.sampleRaw),
      ...(trials ? { trials } : {}),
      ...(rolling ? { rolling } : {}),
      seconds: (performance.now() - startMs) / 1000,
      peakMemoryMb: peakMemoryMb(),
    };
    addReport(making, report);
    making.finish(publication.isCurrent);
    return report;
  } catch (error) {
    making.abandon();
    throw error;
  }
};

const lineOfStop = ({ trees, maxTrees }: TrainReport): string =>
  `stopped by Ctrl-C: ${trees} of at most ${maxTrees} trees are kept, and were not grown again from every day`;

/** What `--if-better` compares with. */
const currentOfOptions = ({
  modelsDir,
  name = DEFAULT_OPTIONS.name,
  ifBetter,
}: TrainFilesOptions): LoadedModel | undefined => {
  const version = ifBetter ? currentOf(modelsDir, name) : undefined;
  return version === undefined ? undefined : readModel(findModel(modelsDir, `${name}/${version}`));
};

/** Own columns that the current model asks for, where they are not named anyway. */
const askedBy = (
  current: LoadedModel | undefined,
  columns: readonly OwnColumn[],
): readonly Input[] =>
  (current?.model.inputs ?? []).filter(
    (input) =>
      fieldOf(input.name) === undefined && columns.every((column) => column.name !== input.name),
  );

const lineOfTrial = ({ settings, validationLoss, trees }: TuningTrial, index: number): string =>
  `trial ${index + 1}: log loss ${validationLoss.toFixed(5)} on the early-stopping flights, ${trees} trees, ` +
  (index === 0
    ? 'the defaults'
    : Object.entries(settings)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '));

const lineOfMonth = ({ month, test, climatology }: RollingMonth): string =>
  `${month}: AUC ${test.auc.toFixed(4)}, log loss ${test.logLoss.toFixed(4)} (climatology ${climatology.auc.toFixed(4)}, ${climatology.logLoss.toFixed(4)})`;
