/**
 * `puntual evaluate MODEL FILE...`: a stored model on other flights: the report of training, and drift.
 */
import type { Command } from 'commander';
import { writeAtomically } from '../core/atomic-write.ts';
import { readModel } from '../core/model-file.ts';
import { findModel } from '../core/model-store.ts';
import { loadFlights } from '../flights/cleaning/weather.ts';
import { peakMemoryMb } from '../host/peak-memory.ts';
import { buildTrainingPage } from '../report/training/training-page.ts';
import { evaluateStored, type StoredEvaluation } from '../score/evaluation.ts';
import { type CostFlags, costsOf, describeCosts } from './cost-flags.ts';
import { printJson, printLine, printTable } from './output.ts';
import { setting } from './setting.ts';
import { printCosts, printQuality, printRows } from './train-text.ts';
import { describeWeather, type WeatherFlags } from './weather-flags.ts';

interface Flags extends WeatherFlags, CostFlags {
  readonly models: string;
  readonly output?: string;
  readonly dialect?: string;
  readonly json?: boolean;
}

/** What `evaluate --json` prints. */
type EvaluateReport = StoredEvaluation & {
  readonly seconds: number;
  readonly peakMemoryMb: number;
};

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
      const stored = readModel(findModel(flags.models, wanted));
      const table = await loadFlights(files, flags);
      const report: EvaluateReport = {
        ...evaluateStored(stored, table, costsOf(flags)),
        seconds: (performance.now() - startMs) / 1000,
        peakMemoryMb: peakMemoryMb(),
      };
      if (flags.output !== undefined)
        writeAtomically(flags.output, Buffer.from(buildTrainingPage(report)));
      if (flags.json) printJson(report);
      else print(report);
    });
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
