/**
 * `puntual serve`: answers predictions over HTTP until it is told to end.
 */
import type { Command } from 'commander';
import { encodePlan, type PlannedFlights } from '../core/around/departure-plan.ts';
import { findFiles } from '../flights/reading/files.ts';
import type { ServeConfig } from '../serve/config.ts';
import { buildLog } from '../serve/log.ts';
import type { PlanReader } from '../serve/supervisor/kept-plan.ts';
import { type Started, serve } from '../serve/supervisor/supervisor.ts';
import { printJson } from './output.ts';
import { configOf } from './serve/config.ts';
import { addServeOptions, type ServeFlags } from './serve/flags.ts';
import { logStarted, startupLines, warnOfOpenPorts } from './serve/startup-message.ts';

export const describe = (command: Command): void => {
  addServeOptions(command)
    .description('Serves predictions over HTTP, with workers that are replaced when they die.')
    .action((flags: ServeFlags) => serveUntilEnded(configOf(flags), flags.json === true));
};

/** Serves until a signal ends it; the process ends with it. */
export const serveUntilEnded = async (config: ServeConfig, isJson: boolean): Promise<void> => {
  const onStarted = (started: Started): void => {
    // Other commands end when nobody reads them any more; a service stays.
    for (const stream of [process.stdout, process.stderr])
      stream.removeAllListeners('error').on('error', () => {});
    const log = buildLog(config.logLevel);
    warnOfOpenPorts(config, log);
    if (isJson) printJson(started);
    if (process.stderr.isTTY && !isJson) void printStarted(started);
    else logStarted(started, log);
  };
  process.exitCode = await serve(config, onStarted, { find: findFiles, read: readPlan });
  // Sockets of a forced end must not keep the process.
  process.exit();
};

/** On stderr, since it is no result. */
const printStarted = async (started: Started): Promise<void> => {
  for await (const line of startupLines(started)) process.stderr.write(`${line}\n`);
};

/** The reader of files is loaded only where there is one to read. */
const readPlan: PlanReader['read'] = async (files) => {
  const { readPlanned } = await import('../flights/cleaning/plan.ts');
  const parts: PlannedFlights[] = [];
  const names = await readPlanned(files, {}, (flights, nRows) => {
    parts.push(mapColumns((column) => flights[column].slice(0, nRows)));
  });
  const whole = mapColumns((column) => Int32Array.from(parts.flatMap((part) => [...part[column]])));
  return encodePlan(whole, names);
};

const mapColumns = (of: (column: keyof PlannedFlights) => Int32Array): PlannedFlights => ({
  origin: of('origin'),
  destination: of('destination'),
  airline: of('airline'),
  tailNumber: of('tailNumber'),
  minutes: of('minutes'),
});
