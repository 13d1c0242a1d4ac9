/**
 * `puntual predict MODEL FILE... -o OUT`: scores files of any size.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { startPlan } from '../core/around/departure-plan.ts';
import { AppError } from '../core/errors.ts';
import { refusalReason } from '../core/files/system-refusal.ts';
import type { Model } from '../core/model.ts';
import { readModel } from '../core/model-file.ts';
import { findModel } from '../core/model-store.ts';
import { PLAN_FIELDS, type Surroundings } from '../core/around/surroundings.ts';
import { WEATHER_FIELDS } from '../core/around/weather.ts';
import type { ScanReport } from '../flights/output/scan.ts';
import { maxBlocks, scoreHere } from '../flights/output/scoring.ts';
import { isReadOnce } from '../flights/reading/files.ts';
import { wholeProcessors } from '../host/processors.ts';
import { buildMatrixScore, matrixOutputsOf, outputsOf } from '../score/answers.ts';
import { buildScoringPool } from '../score/scoring-pool.ts';
import { printLeftOut, printUnused } from './left-out.ts';
import { printFile, printJson, printLine, putLinesOnStderr } from './output.ts';
import { buildProgress } from './progress.ts';
import { describeReading, printNotes, type ReadingFlags, readingOf } from './reading-flags.ts';
import { setting, wholeNumber } from './setting.ts';
import { describeWeather, type WeatherFlags } from './weather-flags.ts';

interface Options extends ReadingFlags, WeatherFlags {
  readonly output: string;
  readonly explain?: true;
  readonly features?: string;
  readonly schedule?: string[];
  readonly models: string;
  readonly threads?: number;
  readonly json?: true;
}

export const describe = (command: Command): void => {
  describeReading(command);
  describeWeather(command);
  command
    .description(
      'Scores files of flights: every row keeps its columns and its place, with the answers beside them; a row that cannot be scored has none, and the reason why.',
    )
    .argument('<model>', 'NAME, NAME/VERSION, or the path of a model file')
    .argument(
      '<file...>',
      'CSV, TSV, Parquet, NDJSON or Arrow, also .gz, .zst, .bz2, .xz and .zip; globs, folders and - (stdin) work',
    )
    .requiredOption('-o, --output <file>', 'OUT.csv, OUT.parquet or OUT.ndjson; - is CSV on stdout')
    .option(
      '--explain',
      'add what each input adds to the probability: columns points_INPUT, which with points_base sum to it',
    )
    .option(
      '--features <file>',
      "also write the matrix that the model's trees see, row by row, to use an exported model with: OUT.parquet",
    )
    .addOption(setting('--models <dir>', 'folder of the models', 'models'))
    .addOption(
      setting(
        '--threads <n>',
        'threads that score, and as many that read (one more for text); by default one per processor granted',
      ).argParser(wholeNumber(1, 1024)),
    )
    .addOption(
      setting(
        '--schedule <file...>',
        'flights planned on the days in question, cancelled ones too; by default the files themselves',
      ),
    )
    .option('--json', 'print one JSON document')
    .action(async (wanted: string, files: string[], options: Options) => {
      if (options.output === '-' && options.json)
        throw new AppError('usage', '-o - and --json both write to stdout: choose one');
      const { model, version } = readModel(findModel(options.models, wanted));
      requireTwice(files, options);
      const { scanFiles } = await import('../flights/output/scan.ts');
      const progress = buildProgress('scoring');
      const startMs = performance.now();
      const nThreads = options.threads ?? wholeProcessors();
      const { notes, ...surroundings } = await surroundingsOf(model, files, options);
      const explains = options.explain === true;
      const pool = buildScoringPool(model, nThreads, maxBlocks(nThreads), explains);
      const common = {
        inputs: model.inputs,
        ...readingOf(options),
        surroundings,
        threads: nThreads,
      };
      const destination = destinationOf(options.output);
      const scanned = await scanFiles(files, destination.path, {
        ...common,
        outputs: outputsOf(model, explains),
        scoring: pool.scoring,
        onRows: (nRows) => progress.update(nRows, null, 'rows'),
      }).finally(() => {
        pool.dismiss();
        progress.stop();
      });
      const report = { ...scanned, notes: [...scanned.notes, ...notes] };
      if (options.features !== undefined) {
        const outputs = matrixOutputsOf(model);
        await scanFiles(files, options.features, {
          ...common,
          outputs,
          scoring: scoreHere(model.inputs.length, outputs.length, buildMatrixScore(model)),
          keepsColumns: false,
        });
      }
      const seconds = (performance.now() - startMs) / 1000;
      const { name } = model;
      printNotes(report.notes);
      if (options.json) {
        const { output, features } = options;
        const written = { output, ...(features === undefined ? {} : { features }) };
        printJson({ ...written, model: { name, version }, ...report, seconds });
      } else {
        printReport(report, options.output, `${name} ${version}`, seconds);
        if (options.features !== undefined)
          printLine(`${options.features}: ${model.features.length} features of each row`);
      }
      await destination.pass();
    });
};

/** Where rows are written, and how they are handed on from there. */
interface Destination {
  readonly path: string;
  readonly pass: () => Promise<void>;
}

/** `-` is a file of its own until it is whole, so that stdout gets all rows or none. */
const destinationOf = (output: string): Destination => {
  if (output !== '-') return { path: output, pass: async () => {} };
  putLinesOnStderr();
  const folder = makeFolder();
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'out.csv');
  return { path, pass: () => printFile(path) };
};

/** @throws AppError file-unwritable */
const makeFolder = (): string => {
  try {
    return mkdtempSync(join(tmpdir(), 'puntual-predict-'));
  } catch (error) {
    throw new AppError(
      'file-unwritable',
      `${tmpdir()} cannot hold the rows for standard output: ${refusalReason(error)}; set TMPDIR to a folder that can`,
      { cause: error },
    );
  }
};

/** The matrix is a second pass over the files. @throws AppError usage */
const requireTwice = (files: readonly string[], { output, features }: Options): void => {
  if (features === undefined) return;
  const once = files.find(isReadOnce);
  if (once !== undefined)
    throw new AppError(
      'usage',
      `--features reads the flights a second time, which ${once === '-' ? 'standard input' : `the pipe ${once}`} does not allow; give a file`,
    );
  if (resolve(features) === resolve(output))
    throw new AppError('usage', `${features}: --features and -o name the same file`);
};

/** What is known around the flights, and how it was read. */
interface Around extends Surroundings {
  readonly notes: readonly string[];
}

/** The plan of the flights' days, and the weather as the model sees it. */
const surroundingsOf = async (
  { inputs, provenance }: Model,
  files: readonly string[],
  { schedule, weather, leadHours, weatherClock, ...options }: Options,
): Promise<Around> => {
  const asks = (fields: readonly string[]): boolean =>
    inputs.some(({ name }) => fields.includes(name));
  // What comes by a pipe cannot be read twice.
  const planned = schedule ?? (files.some(isReadOnce) ? undefined : files);
  const { readPlanned } = await import('../flights/cleaning/plan.ts');
  const builder = startPlan();
  const plan =
    planned && asks(PLAN_FIELDS)
      ? builder.finish(await readPlanned(planned, readingOf(options), builder.add))
      : undefined;
  if (weather === undefined) return { plan, notes: [] };
  const rule = provenance.trainedOn?.weather;
  if (!asks(WEATHER_FIELDS))
    throw new AppError('usage', '--weather: the model asks nothing of the weather');
  const { LEAD_HOURS, loadWeather, weatherBy, weatherRuleOf } = await import(
    '../flights/cleaning/weather.ts'
  );
  const observations = await loadWeather(weather, { weatherClock });
  const lead = leadHours ?? rule?.leadHours ?? LEAD_HOURS;
  const valuesOf = (wanted: string): readonly string[] =>
    inputs.find(({ name }) => name === wanted)?.values ?? [];
  const airports = { origins: valuesOf('origin'), destinations: valuesOf('destination') };
  return {
    plan,
    notes: observations.notes,
    weather: weatherBy(rule ?? weatherRuleOf(observations, lead, airports), observations, lead),
  };
};

const whole = (number: number): string => number.toLocaleString('en');

const printReport = (report: ScanReport, output: string, model: string, seconds: number): void => {
  const { read, scored } = report.rows;
  printLine(
    `${output === '-' ? '' : `${output}: `}${whole(scored)} of ${whole(read)} flights scored by ${model}`,
  );
  printLine(
    `  ${report.dialects.join(', ')}; ${seconds.toFixed(1)} s, ${whole(Math.round(read / seconds))} rows a second`,
  );
  const { examples } = report;
  printLeftOut({ rejected: report.unscored, examples }, 'without a prediction');
  printLeftOut({ rejected: report.damaged, examples });
  printUnused(report.unused);
  for (const [input, n] of Object.entries(report.unknown))
    printLine(`  never seen in training, treated as missing: ${input}  ${whole(n)}`);
  if (report.absent.length > 0)
    printLine(`  in none of these flights, treated as missing: ${report.absent.join(', ')}`);
};
