/** The flags of every command that learns, or writes what is to be learned from. */
import type { Option } from 'commander';
import { MINUTES_PER_DAY } from '../../core/calendar.ts';
import { DEFAULT_OPTIONS } from '../../train/settings.ts';
import { dayOfDate, setting, wholeNumber } from '../setting.ts';

export const lateMinutesOption = (): Option =>
  setting(
    '--late-minutes <n>',
    'delay from which a flight counts as late',
    DEFAULT_OPTIONS.lateMinutes,
  ).argParser(wholeNumber(1, MINUTES_PER_DAY));

export const testFromOption = (): Option =>
  setting(
    '--test-from <date>',
    'first day of the test, such as 2013-11-01; by default the test is the newest sixth of the days',
  ).argParser(dayOfDate);

export const threadsOption = (): Option =>
  setting('--threads <n>', 'threads; by default one per processor granted').argParser(
    wholeNumber(1, 256),
  );
