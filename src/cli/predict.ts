/**
 * `puntual predict MODEL FILE... -o OUT`: scores files of any size. Wires flights and predict.
 */
import type { Command } from 'commander';
import { readModel } from '../core/model-file.ts';
import type { Head, Model } from '../core/model.ts';
import { findModel } from '../core/model-store.ts';
import type { Output, ScanReport } from '../flights/scan.ts';
import { compilePredictor } from '../predict/compile.ts';
import { printJson, printLine } from './output.ts';
import { buildProgress } from './progress.ts';
import { setting, wholeNumber } from './setting.ts';

interface Options {
  readonly output: string;
  readonly models: string;
  readonly dialect?: string;
  readonly threads?: number;
  readonly json?: true;
}

export const describe = (command: Command): void => {
  command
    .description(
      'Scores files of flights: every row keeps its columns and its place and gets the answers beside them; a row that can not be scored gets none, and the reason.',
    )
    .argument('<model>', 'NAME, NAME/VERSION, or the path of a model file')
    .argument('<file...>', 'CSV, TSV, Parquet or NDJSON, also .gz and .zst; globs and folders work')
    .requiredOption('-o, --output <file>', 'OUT.csv, OUT.parquet or OUT.ndjson')
    .addOption(setting('--models <dir>', 'where models lie', 'models'))
    .addOption(
      setting('--dialect <name>', 'how to read the columns; by default the columns decide'),
    )
    .addOption(
      setting('--threads <n>', 'threads that read; by default all').argParser(wholeNumber(1, 1024)),
    )
    .option('--json', 'print one JSON document')
    .action(async (wanted: string, files: string[], options: Options) => {
      const { model, version } = readModel(findModel(options.models, wanted));
      const { scanFiles } = await import('../flights/scan.ts');
      const progress = buildProgress('scoring');
      const startMs = performance.now();
      const report = await scanFiles(files, options.output, {
        inputs: model.inputs,
        outputs: outputsOf(model),
        score: buildScore(model),
        dialect: options.dialect,
        threads: options.threads,
        onRows: (nRows) => progress.update(nRows, nRows, 'rows'),
      }).finally(progress.stop);
      const seconds = (performance.now() - startMs) / 1000;
      const { name } = model;
      if (options.json) {
        printJson({ output: options.output, model: { name, version }, ...report, seconds });
      } else printReport(report, options.output, `${name} ${version}`, seconds);
    });
};

const outputsOf = ({ heads }: Model): readonly Output[] => [
  { name: 'probability', kind: 'number' },
  { name: 'delayed', kind: 'boolean' },
  ...heads.slice(1).map((head): Output => ({ name: nameOf(head), kind: 'number' })),
];

const nameOf = (head: Head): string =>
  head.kind === 'probability'
    ? `probability${head.minutes}`
    : `minutesP${Math.round(head.level * 100)}`;

/** Fills probability, delayed, and the answers of the other heads. */
const buildScore = (model: Model) => {
  const predictor = compilePredictor(model);
  const nHeads = model.heads.length;
  const nOutputs = nHeads + 1;
  let answers = new Float64Array(0);
  return (raw: Float64Array, nRows: number, out: Float64Array): void => {
    if (answers.length < nRows * nHeads) answers = new Float64Array(nRows * nHeads);
    predictor.predictInto(raw, nRows, answers);
    for (let row = 0; row < nRows; row++) {
      const probability = answers[row * nHeads]!;
      out[row * nOutputs] = probability;
      out[row * nOutputs + 1] = probability >= model.threshold ? 1 : 0;
      for (let h = 1; h < nHeads; h++) out[row * nOutputs + 1 + h] = answers[row * nHeads + h]!;
    }
  };
};

const whole = (number: number): string => number.toLocaleString('en');

const printReport = (report: ScanReport, output: string, model: string, seconds: number): void => {
  const { read, scored, unscored } = report.rows;
  printLine(`${output}: ${whole(scored)} of ${whole(read)} flights scored by ${model}`);
  printLine(
    `  ${report.dialects.join(', ')}; ${seconds.toFixed(1)} s, ${whole(Math.round(read / seconds))} rows a second`,
  );
  if (unscored > 0) printLine(`  ${whole(unscored)} without a prediction:`);
  for (const [reason, n] of Object.entries(report.unscored))
    printLine(`    ${reason}  ${whole(n)}`);
  for (const [reason, n] of Object.entries(report.damaged))
    printLine(`  left out: ${reason}  ${whole(n)}`);
  for (const [input, n] of Object.entries(report.unknown))
    printLine(`  never seen in training, taken for missing: ${input}  ${whole(n)}`);
};
