/**
 * `puntual model`: lists, shows, verifies, imports and exports models.
 */
import type { Command } from 'commander';
import { describeDays } from '../../core/known-days.ts';
import { readModel } from '../../core/model-file.ts';
import { findModel } from '../../core/model-store.ts';
import { describeExport } from './export.ts';
import { describeList } from './list.ts';
import { describeImport } from './import.ts';
import { summaryOf, verifyModel } from './summary.ts';
import { printJson, printLine, printTable } from '../output.ts';
import { setting } from '../setting.ts';

interface Options {
  readonly models: string;
  readonly json?: true;
}

export const describe = (command: Command): void => {
  command.description('list, show, verify, import and export models');
  describeList(command.command('list'));
  describeShow(command.command('show'));
  describeVerify(command.command('verify'));
  describeImport(command.command('import'));
  describeExport(command.command('export'));
};

const addCommon = (command: Command): Command =>
  command
    .exitOverride()
    .addOption(setting('--models <dir>', 'folder of the models', 'models'))
    .option('--json', 'print one JSON document');

const describeShow = (command: Command): void => {
  addCommon(command)
    .description('show what a model asks for, what it answers, and where it came from')
    .argument('<model>', 'NAME, NAME/VERSION, or the path of a model file')
    .action((wanted: string, options: Options) => {
      const summary = summaryOf(readModel(findModel(options.models, wanted)));
      if (options.json) printJson(summary);
      else printSummary(summary);
    });
};

const describeVerify = (command: Command): void => {
  addCommon(command)
    .description(
      'check a model: its checksum, its structure, its self-test, and the compiled form against the definition',
    )
    .argument('<model>', 'NAME, NAME/VERSION, or the path of a model file')
    .action((wanted: string, options: Options) => {
      const path = findModel(options.models, wanted);
      const report = verifyModel(path);
      if (options.json) printJson(report);
      else {
        printLine(`${path} is sound: ${report.name} ${report.version}`);
        printLine(`  checksum   ${report.sha256}`);
        printLine(`  self-test  ${report.selfTestRows} flights answered as recorded`);
        printLine(`  compiled   same bits as its definition, ready in ${report.readyMs} ms`);
      }
    });
};

const printSummary = (summary: ReturnType<typeof summaryOf>): void => {
  printLine(`${summary.name}  ${summary.version}`);
  printLine(`${summary.path}  ${summary.bytes} bytes  sha256 ${summary.sha256}`);
  printLine(`made by ${summary.madeBy}`);
  printLine();
  printTable(
    ['input', 'kind', 'required', 'values', 'description'],
    summary.inputs.map((input) => [
      input.name,
      input.kind,
      input.required ? 'yes' : 'no',
      input.values === undefined ? (input.unit ?? '') : `${input.values.length}`,
      input.description,
    ]),
  );
  printLine();
  printTable(
    ['answer', 'trees', 'leaves', 'calibration'],
    summary.heads.map((head) => [
      head.answer,
      head.trees === undefined ? head.kind : `${head.trees}`,
      head.leaves === undefined ? '' : `${head.leaves}`,
      head.calibration ?? '',
    ]),
  );
  printLine();
  if (summary.classes)
    printLine(
      `the probability is that of the class '${summary.classes.late}' (not '${summary.classes.other}')`,
    );
  for (const note of summary.notes ?? []) printLine(`note: ${note}`);
  printLine(`called delayed from a probability of ${summary.threshold}`);
  for (const [part, dates] of Object.entries(summary.split ?? {})) printLine(`${part}: ${dates}`);
  if (summary.known)
    printLine(`knows ${summary.known.rows} flights of the days ${describeDays(summary.known)}`);
  if (summary.test) {
    printLine();
    printTable(
      ['on unseen flights', 'AUC', 'log loss', 'Brier', 'ECE', 'base rate', 'rows'],
      [
        [
          'this model',
          ...[
            summary.test.auc,
            summary.test.logLoss,
            summary.test.brier,
            summary.test.ece,
            summary.test.baseRate,
          ].map((number) => number.toFixed(4)),
          `${summary.test.rows}`,
        ],
        ...Object.entries(summary.baselines ?? {}).map(([name, quality]) => [
          name,
          quality.auc.toFixed(4),
          quality.logLoss.toFixed(4),
        ]),
      ],
    );
  }
};
