/**
 * `puntual train FILE...`: files to a stored model and its report.
 */

import type { Command } from 'commander';
import { AppError } from '../core/errors.ts';
import type { OwnColumn } from '../flights/cleaning/own-columns.ts';
import { DEFAULT_OPTIONS } from '../train/settings.ts';
import { type CostFlags, costsOf, describeCosts } from './cost-flags.ts';
import { printJson } from './output.ts';
import { describeReading, type ReadingFlags, readingOf } from './reading-flags.ts';
import { ownColumnsOption } from './training/column-flags.ts';
import { realNumber, setting, wholeNumber } from './setting.ts';
import { requirePublished } from './training/publication.ts';
import { trainFromFiles } from './training/train-files.ts';
import { printTrainReport } from './training/train-text.ts';
import { lateMinutesOption, testFromOption, threadsOption } from './training/learning-flags.ts';
import { describeWeather, type WeatherFlags } from './weather-flags.ts';

interface Flags extends WeatherFlags, CostFlags, ReadingFlags {
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
  readonly publish?: boolean;
  readonly ifBetter?: boolean;
  readonly refit: boolean;
  readonly testFrom?: number;
  readonly columns?: readonly OwnColumn[];
  readonly json?: boolean;
}

export const describe = (command: Command): void => {
  describeReading(command);
  describeWeather(command);
  describeCosts(command);
  command
    .description(
      'Trains a calibrated delay model on flight files, judges it on the newest days, trains it again on all days, stores it and makes it current. Ctrl-C ends the training and keeps the best round.',
    )
    .argument(
      '<file...>',
      'CSV, TSV, Parquet, NDJSON or Arrow, also .gz, .zst, .bz2, .xz and .zip; globs, folders and - (stdin) work',
    )
    .addOption(setting('--name <name>', 'name of the model', DEFAULT_OPTIONS.name))
    .addOption(setting('--models <dir>', 'folder to store models in', 'models'))
    .addOption(lateMinutesOption())
    .addOption(threadsOption())
    .addOption(
      setting('--seed <n>', 'seed of everything random', DEFAULT_OPTIONS.seed).argParser(
        wholeNumber(0, 2 ** 31 - 1),
      ),
    )
    .addOption(
      setting('--trees <n>', 'largest number of trees per output').argParser(
        wholeNumber(1, 10_000),
      ),
    )
    .addOption(
      setting('--leaves <n>', 'largest number of leaves per tree').argParser(wholeNumber(2, 4096)),
    )
    .addOption(
      setting('--learning-rate <x>', 'how much each tree counts (shrinkage)').argParser(
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
      setting(
        '--tune <n>',
        'trials of a search for settings on the early-stopping flights',
      ).argParser(wholeNumber(1, 1000)),
    )
    .addOption(testFromOption())
    .addOption(ownColumnsOption())
    .option(
      '--publish',
      'make the model current even if its log loss on the test days is not below that of climatology (otherwise exit code 99)',
    )
    .option(
      '--if-better',
      'make the model current only if it beats the current one on test days that neither has seen (otherwise exit code 99)',
    )
    .option(
      '--no-refit',
      'store the model that the report judges, instead of training it again on all days',
    )
    .option('--rolling', 'also judge the method month by month')
    .option('--json', 'print one JSON document')
    .action(async (files: string[], flags: Flags) => {
      if (flags.publish && flags.ifBetter)
        throw new AppError('usage', '--publish and --if-better exclude each other');
      if (flags.testFrom !== undefined && flags.split === 'random')
        throw new AppError(
          'usage',
          '--test-from belongs to a split by time, not to --split random',
        );
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
        ...readingOf(flags),
        weather: flags.weather,
        leadHours: flags.leadHours,
        weatherClock: flags.weatherClock,
        costs: costsOf(flags),
        tune: flags.tune,
        rolling: flags.rolling,
        refit: flags.refit,
        testFrom: flags.testFrom,
        columns: flags.columns,
        publish: flags.publish,
        ifBetter: flags.ifBetter,
        showsProgress: true,
      });
      if (flags.json) printJson(report);
      else printTrainReport(report);
      requirePublished(report.publication, report.model, 'training with --publish, or ');
    });
};
