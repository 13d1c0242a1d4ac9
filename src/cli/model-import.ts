/**
 * `puntual model import`: another library's model becomes one of ours.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../core/errors.ts';
import { readModel, writeModel } from '../core/model-file.ts';
import { storeModel } from '../core/model-store.ts';
import { importModel } from '../exchange/import.ts';
import { parseInputsFile } from '../exchange/inputs-file.ts';
import { compilePredictor } from '../predict/compile.ts';
import { summaryOf } from './model-summary.ts';
import { printJson, printLine } from './output.ts';
import { setting } from './setting.ts';

interface Options {
  readonly output?: string;
  readonly inputs?: string;
  readonly name?: string;
  readonly models: string;
  readonly json?: true;
}

export const describeImport = (command: Command): void => {
  command
    .exitOverride()
    .description(
      'read a model of scikit-learn (pickle, joblib), LightGBM, XGBoost or ONNX; nothing in it is executed',
    )
    .argument('<file>', "the other library's file")
    .option('-o, --output <model>', 'write this model file instead of a version under --models')
    .option('--inputs <spec>', 'a JSON file that names the inputs (docs/model-file.md)')
    .option('--name <name>', "the model's name (default: that of the file)")
    .addOption(setting('--models <dir>', 'where models lie', 'models'))
    .option('--json', 'print one JSON document')
    .action((file: string, options: Options) => {
      const spec = options.inputs ? parseInputsFile(read(options.inputs).toString('utf8')) : {};
      const imported = importModel(read(file), spec, options.name ?? nameOf(file));
      const model = options.name ? { ...imported, name: options.name } : imported;
      compilePredictor(model);
      const path = options.output ?? storeModel(options.models, model, new Date()).path;
      if (options.output) writeModel(model, path);
      const loaded = readModel(path);
      if (options.json) {
        printJson(summaryOf(loaded));
        return;
      }
      printLine(`${model.provenance.madeBy} -> ${path}`);
      for (const input of model.inputs) {
        const values = input.values ? `: ${abridge(input.values)}` : '';
        printLine(`  ${input.name}  ${input.kind}${values}`);
      }
      const where = options.models === 'models' ? '' : ` --models ${options.models}`;
      const wanted = options.output ?? model.name;
      printLine(`serve it with: puntual serve --model ${wanted}${options.output ? '' : where}`);
    });
};

const read = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new AppError('file-missing', `there is no file ${path}`);
    if (code === 'EISDIR')
      throw new AppError('file-unreadable', `${path} is a folder; a model's file is expected`);
    throw new AppError('file-unreadable', `${path} cannot be read: ${message}`);
  }
};

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
