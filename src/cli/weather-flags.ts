/**
 * Flights with the weather at their origin: the flags that `train` and `evaluate` share, and the table they ask for.
 */
import type { Command } from 'commander';
import type { Table } from '../core/table.ts';
import { loadTable } from '../flights/cleaning/load.ts';
import { joinWeather, loadWeather } from '../flights/cleaning/weather.ts';
import { realNumber, setting } from './setting.ts';

const LEAD_HOURS = 3;

export interface WeatherFlags {
  readonly weather?: string;
  readonly leadHours: number;
}

/** Adds the flags that join weather to flights. */
export const describeWeather = (command: Command): void => {
  command
    .addOption(setting('--weather <file>', 'hourly observations to join at the origin'))
    .addOption(
      setting(
        '--lead-hours <n>',
        'how long before departure the weather is known',
        LEAD_HOURS,
      ).argParser(realNumber(0, 72)),
    );
};

export interface FlightsOptions {
  readonly dialect?: string | undefined;
  /** Hourly observations to join at the origin, taken `leadHours` before departure. */
  readonly weather?: string | undefined;
  readonly leadHours?: number | undefined;
}

/** The flights of the files, with weather where a file of it is named. */
export const readTable = async (
  files: readonly string[],
  options: FlightsOptions,
): Promise<Table> => {
  const table = await loadTable(files, { dialect: options.dialect });
  if (options.weather === undefined) return table;
  return joinWeather(table, await loadWeather(options.weather), options.leadHours ?? LEAD_HOURS);
};
