/**
 * `puntual model export`: a model of ours in another library's format.
 */
import { type Command, Option } from 'commander';
import { writeAtomically } from '../../core/files/atomic-write.ts';
import type { Model } from '../../core/model.ts';
import { readModel } from '../../core/model-file.ts';
import { findModel } from '../../core/model-store.ts';
import { writeLightGbm } from '../../exchange/lightgbm/write.ts';
import { writeOnnx } from '../../exchange/onnx/write/model.ts';
import { printJson, printLine } from '../output.ts';
import { checkOutput } from '../output-place.ts';
import { setting } from '../setting.ts';

const FORMATS = {
  onnx: writeOnnx,
  lightgbm: (model: Model) => Buffer.from(writeLightGbm(model)),
} as const;

interface Options {
  readonly to: keyof typeof FORMATS;
  readonly output: string;
  readonly uncalibrated?: true;
  readonly models: string;
  readonly json?: true;
}

const withoutCalibration = (model: Model): Model => ({
  ...model,
  heads: model.heads.map((head) =>
    head.kind === 'probability' ? { ...head, calibration: { kind: 'none' } } : head,
  ),
});

export const describeExport = (command: Command): void => {
  command
    .exitOverride()
    .description('write the first answer of a model for another library')
    .argument('<model>', 'NAME, NAME/VERSION, or the path of a model file')
    .addOption(
      new Option('--to <format>', 'the format').choices(Object.keys(FORMATS)).makeOptionMandatory(),
    )
    .requiredOption('-o, --output <file>', 'the file to write')
    .option('--uncalibrated', 'write what the trees alone answer, without the calibration')
    .addOption(setting('--models <dir>', 'folder of the models', 'models'))
    .option('--json', 'print one JSON document')
    .action((wanted: string, options: Options) => {
      const path = findModel(options.models, wanted);
      checkOutput(options.output, [path]);
      const { model, version } = readModel(path);
      const bytes = FORMATS[options.to](options.uncalibrated ? withoutCalibration(model) : model);
      writeAtomically(options.output, bytes);
      const columns = model.features.map(({ name }) => name);
      const lookups = model.features
        .filter(({ step }) => step === 'lookup')
        .map(({ name }) => name);
      if (options.json) {
        const { to, output } = options;
        printJson({
          model: model.name,
          version,
          to,
          output,
          bytes: bytes.length,
          columns,
          lookups,
        });
        return;
      }
      printLine(`${model.name} ${version} -> ${options.output} (${bytes.length} bytes)`);
      printLine(`columns, in order: ${columns.join(', ')}`);
      if (lookups.length > 0)
        printLine(
          `${lookups.join(', ')} are looked up in tables that stay in the model file: the caller fills these columns`,
        );
      if (model.heads.length > 1)
        printLine('only the first answer is in the file: the format holds one');
    });
};
