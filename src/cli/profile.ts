/**
 * `puntual profile FILE...`: what flight files hold, for a person, a program, or as a page.
 */

import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { MINUTES_PER_DAY } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';
import { type Group, type Profile, profileFiles } from '../flights/profile/profile.ts';
import { buildProfilePage } from '../report/profile/profile-page.ts';
import { printJson, printLine, printTable } from './output.ts';
import { describeReading, printNotes, type ReadingFlags, readingOf } from './reading-flags.ts';
import { setting, wholeNumber } from './setting.ts';

interface Flags extends ReadingFlags {
  readonly output?: string;
  readonly lateMinutes: number;
  readonly threads?: number;
  readonly json?: boolean;
}

export const describe = (command: Command): void => {
  describeReading(command)
    .description(
      'Says what flight files hold: rows, missing values, rows that cannot be used and why, delays by hour, airline, route and month.',
    )
    .argument(
      '<file...>',
      'CSV, TSV, Parquet, NDJSON or Arrow, also .gz, .zst, .bz2, .xz and .zip; globs, folders and - (stdin) work',
    )
    .option('-o, --output <file>', 'write one self-contained HTML page')
    .addOption(
      setting('--late-minutes <n>', 'delay from which a flight counts as late', 15).argParser(
        wholeNumber(1, MINUTES_PER_DAY),
      ),
    )
    .addOption(
      setting('--threads <n>', 'threads that read; by default one per processor granted').argParser(
        wholeNumber(1, 1024),
      ),
    )
    .option('--json', 'print one JSON document')
    .action(async (files: string[], flags: Flags) => {
      const profile = await profileFiles(files, {
        ...readingOf(flags),
        lateMinutes: flags.lateMinutes,
        threads: flags.threads,
      });
      printNotes(profile.notes);
      if (flags.output !== undefined) writePage(flags.output, buildProfilePage(profile));
      if (flags.json) printJson(profile);
      else printProfile(profile);
      if (flags.output !== undefined && !flags.json) printLine(`\n${flags.output} written`);
    });
};

const writePage = (file: string, page: string): void => {
  try {
    writeFileSync(file, page);
  } catch (error) {
    throw new AppError('file-unwritable', `${file} cannot be written: ${(error as Error).message}`);
  }
};

const whole = (number: number): string => number.toLocaleString('en');
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const MAX_LINES = 12;

/** What a person reads. */
const printProfile = (profile: Profile): void => {
  const { rows, delay, days, columns } = profile;
  printLine(`${profile.files.join(', ')}`);
  printLine(`dialect ${profile.dialect}, ${days.first} to ${days.last}`);
  printLine(`${whole(rows.used)} of ${whole(rows.read)} rows are flights that can be learned from`);
  for (const [reason, n] of Object.entries(profile.rejected)) {
    printLine(`  ${whole(n)} left out: ${reason}`);
  }
  printLine(
    `${percent(delay.late)} were late (${profile.target} at least ${profile.lateMinutes} min behind schedule), mean delay ${delay.meanMinutes.toFixed(1)} min`,
  );
  printLine(
    `  ${delay.quantiles.map(({ level, minutes }) => `P${100 * level}: ${minutes}`).join('  ')} min`,
  );
  printLine();
  printTable(
    ['column', 'missing', 'share', 'different', 'min', 'max'],
    columns.map((column) => [
      column.name,
      whole(column.missing),
      percent(column.missing / column.rows),
      whole(column.distinct),
      String(column.least ?? '-').slice(0, 24),
      String(column.most ?? '-').slice(0, 24),
    ]),
  );
  printGroups('hour', profile.byHour, 24);
  printGroups('month', profile.byMonth, 24);
  printGroups('weekday', profile.byWeekday, 7);
  printGroups('airline', profile.byAirline);
  printGroups('origin', profile.byOrigin);
  printGroups('route', profile.byRoute);
};

const printGroups = (what: string, groups: readonly Group[], nMax: number = MAX_LINES): void => {
  if (groups.length === 0) return;
  printLine();
  printTable(
    [what, 'flights', 'late', 'mean delay'],
    groups
      .slice(0, nMax)
      .map((group) => [
        group.name,
        whole(group.flights),
        percent(group.late),
        `${group.meanDelayMinutes.toFixed(1)} min`,
      ]),
  );
  if (groups.length > nMax) printLine(`... and ${whole(groups.length - nMax)} more`);
};
