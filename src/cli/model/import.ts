/**
 * `puntual model import`: another library's model becomes one of ours.
 */
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import type { Model } from '../../core/model.ts';
import { readModel, writeModel } from '../../core/model-file.ts';
import { storeModel } from '../../core/model-store.ts';
import { readNamedFile } from '../../core/files/named-file.ts';
import { type CheckedRow, checkRows } from '../../exchange/check-rows.ts';
import { importWithProposals } from '../../exchange/import.ts';
import { type InputSpec, type InputsFile, parseInputsFile } from '../../exchange/inputs-file.ts';
import { compilePredictor } from '../../predict/compile.ts';
import { summaryOf, summaryOfModel } from './summary.ts';
import { printJson, printLine, programName, shellWord } from '../output.ts';
import { checkOutput } from '../output-place.ts';
import { requirePublished } from '../training/publication.ts';
import { printQuality } from '../training/train-text.ts';
import { setting } from '../setting.ts';

interface Options {
  readonly output?: string;
  readonly inputs?: string;
  readonly positive?: string;
  readonly path?: string;
  readonly name?: string;
  readonly models: string;
  readonly check?: string;
  readonly features?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

export const describeImport = (command: Command): void => {
  command
    .exitOverride()
    .description(
      'read a model of scikit-learn (pickle, joblib), LightGBM, XGBoost, CatBoost or ONNX; nothing in it is executed',
    )
    .argument('<file>', "the other library's file")
    .option('-o, --output <model>', 'write this model file instead of a version under --models')
    .option(
      '--inputs <spec>',
      'a JSON file that names the inputs, or the JSON itself (docs/model-file.md)',
    )
    .option('--positive <label>', 'the class that means "late", by its label')
    .option(
      '--path <path>',
      'where in a pickle the model is: keys, indices and attributes, such as models.0 or clf',
    )
    .option('--name <name>', "the model's name (default: that of the file)")
    .option(
      '--check <rows>',
      "a file of rows with the library's own answers in a column 'probability': a model whose answers differ is refused",
    )
    .option(
      '--features <dir>',
      "the folder that 'puntual features' wrote and the model was trained on: it is then calibrated, judged and reported like one trained here",
    )
    .option('--dry-run', 'show what the model asks for and answers, and write nothing')
    .addOption(setting('--models <dir>', 'folder of the models', 'models'))
    .option('--json', 'print one JSON document')
    .action(async (file: string, options: Options) => {
      if (options.features !== undefined) {
        await importWithFeatures(file, options.features, options);
        return;
      }
      const spec = specOf(options);
      const {
        model: imported,
        columns,
        proposals,
      } = importWithProposals(readNamedFile(file), spec, options.name ?? nameOf(file));
      const model = options.name ? { ...imported, name: options.name } : imported;
      compilePredictor(model);
      const check =
        options.check === undefined
          ? undefined
          : checkRows(model, columns, await rowsOf(options.check));
      const extra = {
        ...(check && { check }),
        ...(proposals.length > 0 && { proposedInputs: withGroups(spec, proposals) }),
      };
      const print = (): void => {
        printModel(model);
        if (check)
          printLine(
            `${check.rows} rows checked: the largest difference from the library's answers is ${check.largestDifference.toExponential(1)}`,
          );
        printProposals(spec, proposals);
      };
      if (options.dryRun) {
        if (options.json) printJson({ ...summaryOfModel(model), ...extra });
        else {
          printLine(`${model.provenance.madeBy}, not written: this is a dry run`);
          print();
        }
        return;
      }
      checkOutput(options.output, [file]);
      const path = options.output ?? storeModel(options.models, model, new Date()).path;
      if (options.output) writeModel(model, path);
      const loaded = readModel(path);
      if (options.json) {
        printJson({ ...summaryOf(loaded), ...extra });
        return;
      }
      printLine(`${model.provenance.madeBy} -> ${path}`);
      print();
      const where = options.models === 'models' ? [] : ['--models', options.models];
      const words = options.output ? [options.output] : [model.name, ...where];
      printLine(
        `serve it with: ${[programName(), 'serve', '--model', ...words.map(shellWord)].join(' ')}`,
      );
    });
};

/** @throws AppError usage, model-worse, and as `importLearnedElsewhere` does */
const importWithFeatures = async (
  file: string,
  folder: string,
  options: Options,
): Promise<void> => {
  for (const flag of ['output', 'inputs', 'path', 'check', 'dryRun'] as const)
    if (options[flag] !== undefined)
      throw new AppError(
        'usage',
        `--features says what the inputs are and stores the model with its report; ${flag === 'output' ? '-o' : flag === 'dryRun' ? '--dry-run' : `--${flag}`} does not go with it`,
      );
  const { importLearnedElsewhere } = await import('../training/matrix-files.ts');
  const report = await importLearnedElsewhere({
    bytes: readNamedFile(file),
    folder,
    modelsDir: options.models,
    name: options.name,
    positive: options.positive,
  });
  if (options.json) printJson(report);
  else {
    printLine(`${report.madeBy} -> ${report.model}`);
    printLine(report.verdict);
    printQuality(report, 'on the test flights');
    printLine(`report: ${join(dirname(report.model), 'report.html')}`);
  }
  requirePublished(report.publication, report.model);
};

/** The inputs file, or what stands for it, with what the flags say. */
const specOf = ({ inputs, positive, path }: Options): InputsFile => {
  const text =
    inputs === undefined || /^\s*[[{]/.test(inputs)
      ? inputs
      : readNamedFile(inputs).toString('utf8');
  const spec = text === undefined ? {} : parseInputsFile(text);
  return {
    ...spec,
    ...(positive !== undefined && { positive }),
    ...(path !== undefined && { path }),
  };
};

/** More rows than that prove no more. */
const ROWS_CHECKED = 100_000;

const rowsOf = async (file: string): Promise<readonly CheckedRow[]> => {
  const { readFirstRows } = await import('../../flights/reading/first-rows.ts');
  const { rows, nRejected } = await readFirstRows(file, ROWS_CHECKED);
  if (nRejected > 0)
    throw new AppError('file-broken', `${file}: ${nRejected} lines do not fit its columns`);
  return rows;
};

const printModel = (model: Model): void => {
  for (const input of model.inputs) {
    const values = input.values ? `: ${abridge(input.values)}` : '';
    printLine(`  ${input.name}  ${input.kind}${input.required ? '' : ', optional'}${values}`);
  }
  const { classes, notes = [] } = model.provenance;
  if (classes)
    printLine(`the probability is that of the class '${classes.late}' (not '${classes.other}')`);
  printLine(`called delayed from a probability of ${model.threshold}`);
  for (const note of notes) printLine(`note: ${note}`);
};

const withGroups = (spec: InputsFile, proposals: readonly InputSpec[]): InputsFile => ({
  ...spec,
  inputs: [...(spec.inputs ?? []), ...proposals],
});

/** The groups, and the words that accept them. */
const printProposals = (spec: InputsFile, proposals: readonly InputSpec[]): void => {
  if (proposals.length === 0) return;
  const names = proposals.map(({ name }) => name).join(', ');
  printLine(
    `the columns of ${names} may be one-hot, which their names alone do not prove: they are left as numbers. If exactly one column of each is 1 in every row, import again with`,
  );
  const accepted = withGroups(spec, proposals);
  const isList = Object.keys(accepted).length === 1;
  printLine(`  --inputs ${quoted(JSON.stringify(isList ? accepted.inputs : accepted))}`);
};

/** One word of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** `some dir/My model.pkl` -> `My-model` */
const nameOf = (file: string): string =>
  basename(file)
    .replace(/\.[^.]+$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64) || 'imported';

const abridge = (values: readonly string[]): string =>
  values.length <= 8
    ? values.join(', ')
    : `${values.slice(0, 6).join(', ')}, ... (${values.length} values)`;
