/**
 * `puntual evaluate MODEL FILE...`: a stored model on days that it does not know: the report of training, and drift; and
 * `puntual evaluate --predictions FILE --outcomes FILE`: what was predicted, beside what happened.
 */
import type { Command } from 'commander';
import { PLAN_FIELDS } from '../core/around/surroundings.ts';
import { writeAtomically } from '../core/files/atomic-write.ts';
import { MINUTES_PER_DAY } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';
import { readModel } from '../core/model-file.ts';
import { findModel } from '../core/model-store.ts';
import { loadTable } from '../flights/cleaning/load.ts';
import { loadPredictions } from '../flights/cleaning/predictions.ts';
import { loadFlights } from '../flights/cleaning/weather.ts';
import { findFiles } from '../flights/reading/files.ts';
import { peakMemoryMb } from '../host/peak-memory.ts';
import { flightsOf, movedInputs, whyNoDrift } from '../report/training/drift.ts';
import { buildTrainingPage } from '../report/training/training-page.ts';
import { DAYS_UNKNOWN, verdictOf } from '../report/training/verdict.ts';
import { evaluateStored, type StoredEvaluation } from '../score/evaluation.ts';
import { judgedWithin } from '../score/judged-memory.ts';
import { evaluatePredictions } from '../score/predictions.ts';
import { type CostFlags, costsOf, describeCosts } from './cost-flags.ts';
import { printLeftOut, printUnused } from './left-out.ts';
import { printJson, printLine, printTable, printWarning } from './output.ts';
import { checkOutput } from './output-place.ts';
import {
  describeReading,
  printNotes,
  type ReadingFlags,
  readingNotes,
  readingOf,
} from './reading-flags.ts';
import { setting, wholeNumber } from './setting.ts';
import { printCosts, printHeads, printQuality, printRows } from './training/train-text.ts';
import { describeWeather, type WeatherFlags } from './weather-flags.ts';

interface Flags extends WeatherFlags, CostFlags, ReadingFlags {
  readonly models: string;
  readonly output?: string;
  readonly includeTraining?: boolean;
  readonly lateMinutes?: number;
  readonly against?: string;
  readonly predictions?: string;
  readonly outcomes?: string;
  readonly json?: boolean;
}

/** What `evaluate --json` prints. */
type EvaluateReport = StoredEvaluation & {
  /** The sentence that the page and the text begin with. */
  readonly verdict: string;
  readonly seconds: number;
  readonly peakMemoryMb: number;
};

export const describe = (command: Command): void => {
  command
    .description(
      'Measures a stored model on flights of days that it has not seen, and shows how these differ from those it learned from; or compares the predictions in a file with what happened.',
    )
    .argument('[model]', 'NAME, NAME/VERSION, or the path of a model file')
    .argument(
      '[file...]',
      'CSV, TSV, Parquet, NDJSON or Arrow, also .gz, .zst, .bz2, .xz and .zip; globs, folders and - (stdin) work',
    )
    .addOption(setting('--models <dir>', 'folder of the models', 'models'))
    .option('-o, --output <file>', 'write the report as one HTML page');
  describeReading(command);
  describeWeather(command);
  describeCosts(command);
  command
    .option(
      '--include-training',
      'also measure on the days that the model knows; marked in red, because such figures flatter',
    )
    .addOption(
      setting(
        '--late-minutes <n>',
        'delay from which a flight counts as late; by default that of the model',
      ).argParser(wholeNumber(1, MINUTES_PER_DAY)),
    )
    .addOption(
      setting(
        '--against <model>',
        'another model to compare with, on days that neither of the two knows',
      ),
    )
    .option(
      '--predictions <file>',
      "a file that 'puntual predict' wrote, to compare with --outcomes; then the model is optional, and says what counts as late and which days it knew",
    )
    .option('--outcomes <files>', 'the same flights after they took place: a file, glob or folder')
    .option('--json', 'print one JSON document')
    .action(async (wanted: string | undefined, files: string[], flags: Flags) => {
      if (flags.predictions !== undefined || flags.outcomes !== undefined) {
        await evaluatePredicted(wanted, files, flags);
        return;
      }
      if (wanted === undefined || files.length === 0)
        throw new AppError(
          'usage',
          wanted === undefined
            ? "a model and files of flights are expected: 'puntual evaluate MODEL FILE...'; or --predictions and --outcomes"
            : `files of flights are expected after the model: 'puntual evaluate ${wanted} FILE...'`,
        );
      const startMs = performance.now();
      const path = findModel(flags.models, wanted);
      checkOutput(flags.output, [path, ...findFiles(files)]);
      const stored = readModel(path);
      const against =
        flags.against === undefined ? undefined : readModel(findModel(flags.models, flags.against));
      const asked = [stored, ...(against ? [against] : [])].flatMap(({ model }) => model.inputs);
      const { weather, leadHours, weatherClock } = flags;
      const table = await loadFlights(files, {
        ...readingOf(flags),
        weather,
        leadHours,
        weatherClock,
        rule: stored.model.provenance.trainedOn?.weather,
        asked,
        ...(flags.memory === undefined ? {} : judgedWithin(flags.memory)),
        withPlan: asked.some(({ name }) => PLAN_FIELDS.some((field) => field === name)),
      });
      printNotes(readingNotes(table.source));
      const evaluation = evaluateStored(stored, table, {
        costs: costsOf(flags),
        includesTraining: flags.includeTraining,
        lateMinutes: flags.lateMinutes,
        against,
      });
      const report: EvaluateReport = {
        verdict: verdictOf(evaluation).text,
        ...evaluation,
        seconds: (performance.now() - startMs) / 1000,
        peakMemoryMb: peakMemoryMb(),
      };
      if (flags.output !== undefined)
        writeAtomically(flags.output, Buffer.from(buildTrainingPage(report)));
      if (flags.json) printJson(report);
      else print(report, flags.output);
    });
};

/** What was predicted beside what happened. @throws AppError as `loadPredictions`, `loadTable` and `evaluatePredictions` do */
const evaluatePredicted = async (
  wanted: string | undefined,
  files: readonly string[],
  flags: Flags,
): Promise<void> => {
  const { predictions: predicted, outcomes: flown } = flags;
  if (predicted === undefined || flown === undefined)
    throw new AppError('usage', '--predictions and --outcomes must be given together');
  const given = files.length > 0 ? files[0] : flags.against && '--against';
  if (given !== undefined)
    throw new AppError(
      'usage',
      `${given}: predictions are compared with --outcomes alone, without files of flights or --against`,
    );
  const startMs = performance.now();
  checkOutput(flags.output, [predicted, ...findFiles([flown])]);
  const model = wanted === undefined ? undefined : readModel(findModel(flags.models, wanted)).model;
  const outcomes = await loadTable([flown], readingOf(flags));
  printNotes(readingNotes(outcomes.source));
  // How the outcomes are read says nothing of what `predict` wrote, but for the names of its columns.
  const predictions = await loadPredictions(predicted, readingOf(flags));
  const evaluation = evaluatePredictions(predictions, outcomes, {
    model,
    costs: costsOf(flags),
    lateMinutes: flags.lateMinutes,
    includesTraining: flags.includeTraining,
  });
  const report = {
    verdict: verdictOf(evaluation).text,
    ...evaluation,
    seconds: (performance.now() - startMs) / 1000,
    peakMemoryMb: peakMemoryMb(),
  };
  if (flags.output !== undefined)
    writeAtomically(flags.output, Buffer.from(buildTrainingPage(report)));
  if (flags.json) {
    printJson(report);
    return;
  }
  for (const warning of report.warnings) printWarning(warning);
  const { rows, rejected, notPredicted, joinedBy } = report;
  printLine(
    `${rows.used.toLocaleString('en')} of ${rows.read.toLocaleString('en')} predictions judged, joined by ${joinedBy.join(', ')}`,
  );
  printLeftOut({ rejected, examples: {} });
  if (notPredicted > 0)
    printLine(`  ${notPredicted.toLocaleString('en')} flights of the outcomes were not predicted`);
  printLine(`  ${report.split.test}; late is ${report.lateMinutes} min or more`);
  printLine(report.verdict);
  if (model === undefined) printLine(DAYS_UNKNOWN);
  printQuality(report, 'on these flights', 'forecast');
  printHeads(report.heads);
  printCosts(report);
  if (flags.output !== undefined) printLine(`report: ${flags.output}`);
};

const print = (report: EvaluateReport, page: string | undefined): void => {
  printQualityAndDrift(report);
  if (page !== undefined) printLine(`report: ${page}`);
};

const printQualityAndDrift = (report: EvaluateReport): void => {
  for (const warning of report.warnings) printWarning(warning);
  printRows(report);
  printLine(`  ${report.split['test']}`);
  printUnused(report.unusedColumns);
  printLine(report.verdict);
  printQuality(report, 'on these flights');
  printHeads(report.heads);
  printCosts(report);
  for (const [input, n] of Object.entries(report.unknown))
    printLine(`never seen in training, treated as missing: ${input} of ${flightsOf(n)}`);
  if (report.absent.length > 0)
    printLine(`in none of these flights, treated as missing: ${report.absent.join(', ')}`);
  if (report.drift.length === 0) {
    printLine(whyNoDrift(report));
    return;
  }
  const { drifted, least } = movedInputs(report);
  if (drifted.length === 0) {
    printLine(`no input has moved: every drift index (PSI) is below ${least}`);
    return;
  }
  printTable(
    ['input', 'drift (PSI)', ''],
    drifted.map(({ input, psi, level }) => [input, psi.toFixed(3), level]),
  );
};
