/**
 * `puntual model list`: the models of a folder, each with the version that serves.
 */
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import { readModel } from '../../core/model-file.ts';
import { currentOf, findModel, modelNames } from '../../core/model-store.ts';
import { printJson, printLine, printTable } from '../output.ts';
import { setting } from '../setting.ts';

interface Options {
  readonly models: string;
  readonly json?: true;
}

/** What is said of one model; one that cannot be read says why. */
interface ListedModel {
  readonly name: string;
  readonly version: string | undefined;
  readonly madeBy?: string;
  readonly inputs?: number;
  readonly threshold?: number;
  readonly problem?: string;
}

export const describeList = (command: Command): void => {
  command
    .exitOverride()
    .description('list the models in a folder, and which version of each is current')
    .addOption(setting('--models <dir>', 'folder of the models', 'models'))
    .option('--json', 'print one JSON document')
    .action(({ models, json }: Options) => {
      const listed = modelNames(models).map((name) => listedModel(models, name));
      if (json) {
        printJson({ models: listed });
        return;
      }
      if (listed.length === 0) {
        printLine(`${models} holds no model; 'puntual train' and 'puntual model import' make one`);
        return;
      }
      printTable(
        ['model', 'version', 'made by', 'inputs', 'delayed from'],
        listed.map(({ name, version = '', madeBy, inputs, threshold, problem }) => [
          name,
          version,
          problem === undefined ? (madeBy ?? '') : `cannot be used: ${problem}`,
          `${inputs ?? ''}`,
          `${threshold ?? ''}`,
        ]),
      );
    });
};

const listedModel = (models: string, name: string): ListedModel => {
  let version: string | undefined;
  try {
    version = currentOf(models, name);
    const { model } = readModel(findModel(models, name));
    const { provenance, inputs, threshold } = model;
    return { name, version, madeBy: provenance.madeBy, inputs: inputs.length, threshold };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { name, version, problem: error.message };
  }
};
