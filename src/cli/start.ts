/**
 * `puntual start`: from nothing to a served prediction. Trains on the flights that come with it if there is
 * no model yet, then serves.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { modelNames } from '../core/model-store.ts';
import { beginWithPatientEngine } from '../host/engine.ts';
import { checkPlaces, freePort } from '../serve/supervisor/ports.ts';
import { configOf } from './serve/config.ts';
import { addServeOptions, type ServeFlags } from './serve/flags.ts';
import { serveUntilEnded } from './serve.ts';

const NAME = 'nyc';
const FLIGHTS = join(import.meta.dir, '../../data/flights.parquet');

export const describe = (command: Command): void => {
  addServeOptions(command)
    .description('Trains on the flights of data/ if there is no model yet, then serves it.')
    .action(async (flags: ServeFlags) => {
      if (flags.model === undefined && modelNames(flags.models).length === 0) {
        beginWithPatientEngine();
        // Nobody should wait for a training to hear that the port is taken.
        await checkPlaces(configOf(flags));
        freePort(flags.host, flags.port, '--port');
        freePort(flags.adminHost, flags.adminPort, '--admin-port');
        await trainShipped(flags.models);
      }
      await serveUntilEnded(
        configOf({ model: firstModel(flags.models), ...flags }),
        flags.json === true,
      );
    });
};

/** Learns from `data/`; the learner is loaded only now, so that a second start is quick. */
const trainShipped = async (modelsDir: string): Promise<void> => {
  process.stderr.write(
    'There is no model yet: training on the 336,776 flights that left New York in 2013.\n',
  );
  const { trainFromFiles } = await import('./training/train-files.ts');
  const { rows, test, seconds, verdict } = await trainFromFiles([FLIGHTS], {
    name: NAME,
    modelsDir,
    // The service comes up sooner, and its page can say what the model was measured on.
    refit: false,
    showsProgress: true,
  });
  process.stderr.write(
    `Trained on ${(rows.used - test.rows).toLocaleString('en')} flights in ${seconds.toFixed(1)} s. ${verdict}\n\n`,
  );
};

/** Several models and none named: the shipped one if it is there, else the first. */
const firstModel = (modelsDir: string): string => {
  const names = modelNames(modelsDir);
  return names.includes(NAME) ? NAME : names[0]!;
};
