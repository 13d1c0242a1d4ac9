/**
 * Flights with the weather at their origin: the flags that `train` and `evaluate` share.
 */
import type { Command } from 'commander';
import { LEAD_HOURS } from '../flights/cleaning/weather.ts';
import { realNumber, setting } from './setting.ts';

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
