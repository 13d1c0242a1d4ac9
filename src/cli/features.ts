/**
 * `puntual features FILE... -o DIR`: the training matrix for a learner elsewhere, and what a model of it will need here.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { writeAtomically } from '../core/files/atomic-write.ts';
import { isCategorical } from '../core/features.ts';
import type { Model } from '../core/model.ts';
import { writeModel } from '../core/model-file.ts';
import type { OwnColumn } from '../flights/cleaning/own-columns.ts';
import { loadFlights } from '../flights/cleaning/weather.ts';
import { peakMemoryMb } from '../host/peak-memory.ts';
import { buildFeatureMatrix } from '../train/matrix.ts';
import { DEFAULT_OPTIONS } from '../train/settings.ts';
import { ownColumnsOption } from './training/column-flags.ts';
import { printJson, printLine } from './output.ts';
import {
  describeReading,
  printNotes,
  type ReadingFlags,
  readingNotes,
  readingOf,
} from './reading-flags.ts';
import { setting } from './setting.ts';
import { lateMinutesOption, testFromOption, threadsOption } from './training/learning-flags.ts';
import { BASELINES_FILE, COLUMNS_FILE, DEFINITION_FILE } from './training/matrix-files.ts';
import { describeWeather, type WeatherFlags } from './weather-flags.ts';

interface Flags extends WeatherFlags, ReadingFlags {
  readonly output: string;
  readonly name: string;
  readonly lateMinutes: number;
  readonly testFrom?: number;
  readonly columns?: readonly OwnColumn[];
  readonly threads?: number;
  readonly json?: true;
}

export const describe = (command: Command): void => {
  describeReading(command);
  describeWeather(command);
  command
    .description(
      "Writes the training matrix of flight files as partitioned Parquet, with labels, days and the definition of each feature, for XGBoost on Spark or any learner; 'puntual model import MODEL --features DIR' makes a model of what it learns.",
    )
    .argument(
      '<file...>',
      'CSV, TSV, Parquet, NDJSON or Arrow, also .gz, .zst, .bz2, .xz and .zip; globs, folders and - (stdin) work',
    )
    .requiredOption('-o, --output <dir>', 'a folder that does not exist yet')
    .addOption(setting('--name <name>', 'name of the model to come', DEFAULT_OPTIONS.name))
    .addOption(lateMinutesOption())
    .addOption(testFromOption())
    .addOption(ownColumnsOption())
    .addOption(threadsOption())
    .option('--json', 'print one JSON document')
    .action(async (files: string[], flags: Flags) => {
      const startMs = performance.now();
      const { checkMatrixFolder, writeMatrixFolder } = await import(
        '../flights/output/matrix-folder.ts'
      );
      checkMatrixFolder(flags.output);
      const { weather, leadHours, weatherClock, columns = [] } = flags;
      const table = await loadFlights(files, {
        ...readingOf(flags),
        weather,
        leadHours,
        weatherClock,
        columns,
      });
      printNotes(readingNotes(table.source));
      const { definition, baselines, parts } = await buildFeatureMatrix(table, {
        ...DEFAULT_OPTIONS,
        name: flags.name,
        lateMinutes: flags.lateMinutes,
        testFrom: flags.testFrom,
        nThreads: flags.threads,
        ownColumns: columns.map(({ name }) => name),
      });
      const names = definition.features.map(({ name }) => name);
      await writeMatrixFolder(flags.output, names, parts, (folder, rows) => {
        writeModel(definition, join(folder, DEFINITION_FILE));
        writeModel(baselines, join(folder, BASELINES_FILE));
        const text = JSON.stringify({ ...describeMatrix(definition), parts: rows }, null, 2);
        writeAtomically(join(folder, COLUMNS_FILE), Buffer.from(`${text}\n`));
      });
      const report = {
        output: flags.output,
        features: names,
        parts: Object.fromEntries(
          parts.map(({ name, nRows }) => [
            name,
            { rows: nRows, days: definition.provenance.trainedOn!.split[name] },
          ]),
        ),
        seconds: (performance.now() - startMs) / 1000,
        peakMemoryMb: peakMemoryMb(),
      };
      if (flags.json) {
        printJson(report);
        return;
      }
      printLine(
        `${flags.output}: ${names.length} features of ${table.nRows.toLocaleString('en')} flights`,
      );
      for (const [part, { rows, days }] of Object.entries(report.parts))
        printLine(`  ${part.padEnd(12)} ${days}  ${rows.toLocaleString('en')} flights`);
      printLine(
        `learn from the part train, with the label _late; then: puntual model import MODEL --features ${flags.output}`,
      );
    });
};

/** What a learner elsewhere has to know of each column. */
const describeMatrix = ({ features, inputs, provenance, heads }: Model) => ({
  label: '_late',
  lateMinutes: heads[0]?.kind === 'probability' ? heads[0].minutes : null,
  target: provenance.trainedOn?.target,
  split: provenance.trainedOn?.split,
  features: features.map((feature) => ({
    name: feature.name,
    kind: isCategorical(feature) ? 'category' : 'number',
    ...(feature.step === 'code'
      ? { values: inputs.find(({ name }) => name === feature.input)?.values ?? [] }
      : {}),
  })),
  others: {
    _late: 'label: 1 where the flight was late',
    _minutes: 'delay in minutes',
    _day: 'day of the scheduled departure',
    _departure: 'scheduled departure, local time',
    _airline: 'airline, by name',
    _climatology: 'part test: probability of the first baseline',
    _logistic: 'part test: probability of the second baseline',
  },
});
