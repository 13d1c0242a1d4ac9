/**
 * `puntual profile FILE...`: what flight files hold, for a person, a program, or as a page.
 */

import type { Command } from 'commander';
import { MINUTES_PER_DAY } from '../core/calendar.ts';
import { writeAtomically } from '../core/files/atomic-write.ts';
import { AppError } from '../core/errors.ts';
import type { Group } from '../flights/profile/groups.ts';
import { profileFiles } from '../flights/profile/profile.ts';
import type { Profile } from '../flights/profile/profile-report.ts';
import { type Comparison, compareProfiles } from '../flights/profile/comparison.ts';
import { checkExpectations, parseExpectations } from '../flights/profile/expectations.ts';
import { findFiles } from '../flights/reading/files.ts';
import { buildProfilePage } from '../report/profile/profile-page.ts';
import { printLeftOut, printUnused } from './left-out.ts';
import { printJson, printLine, printTable } from './output.ts';
import { checkOutput } from './output-place.ts';
import { describeReading, printNotes, type ReadingFlags, readingOf } from './reading-flags.ts';
import { setting, wholeNumber } from './setting.ts';

interface Flags extends ReadingFlags {
  readonly output?: string;
  readonly compare?: string;
  readonly expect?: string;
  readonly lateMinutes: number;
  readonly threads?: number;
  readonly json?: boolean;
}

export const describe = (command: Command): void => {
  describeReading(command)
    .description(
      'Shows what flight files contain: rows, missing values, rows that cannot be used and why, delays by hour, airline, route and month.',
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
    .option('--compare <files>', 'other files (a glob or a folder): say what changed since them')
    .option(
      '--expect <conditions>',
      "exit 99 unless they hold: 'missing(tailNumber)<5%,rows>100000'",
    )
    .option('--json', 'print one JSON document')
    .action(async (files: string[], flags: Flags) => {
      checkOutput(flags.output, findFiles(files));
      const terms = flags.expect === undefined ? [] : parseExpectations(flags.expect);
      const reading = {
        ...readingOf(flags),
        lateMinutes: flags.lateMinutes,
        threads: flags.threads,
      };
      const profile = await profileFiles(files, reading);
      printNotes(profile.notes);
      const comparison =
        flags.compare === undefined
          ? undefined
          : compareProfiles(await profileFiles([flags.compare], reading), profile);
      const expectations = checkExpectations(terms, profile);
      if (flags.output !== undefined)
        writeAtomically(flags.output, Buffer.from(buildProfilePage(profile, comparison)));
      if (flags.json)
        printJson({
          ...profile,
          ...(comparison ? { comparison } : {}),
          ...(terms.length > 0 ? { expectations } : {}),
        });
      else printProfile(profile, comparison);
      if (flags.output !== undefined && !flags.json) printLine(`\n${flags.output} written`);
      const failed = expectations.filter(({ holds }) => !holds);
      if (failed.length > 0)
        throw new AppError(
          'threshold-failed',
          `not as expected: ${failed.map(({ text, found }) => `${text} (it is ${text.endsWith('%') ? percent(found) : found.toLocaleString('en')})`).join(', ')}`,
        );
    });
};

const whole = (number: number): string => number.toLocaleString('en');
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const MAX_LINES = 12;

/** What a person reads. */
const printProfile = (profile: Profile, comparison: Comparison | undefined): void => {
  const { rows, delay, days, columns } = profile;
  printLine(`${profile.files.join(', ')}`);
  printLine(`dialect ${profile.dialect}, ${days.first} to ${days.last}`);
  printLine(`${whole(rows.used)} of ${whole(rows.read)} rows are flights that can be learned from`);
  for (const warning of profile.warnings) printLine(`! ${warning}`);
  printLeftOut(profile);
  printUnused(profile.unused);
  if (comparison) printComparison(comparison);
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

const printComparison = ({ files, figures, changes }: Comparison): void => {
  const shown = (value: number, unit: (typeof figures)[number]['unit']): string =>
    unit === 'share'
      ? percent(value)
      : unit === 'minutes'
        ? `${value.toFixed(1)} min`
        : whole(value);
  printLine(`\ncompared with ${files.join(', ')}`);
  printTable(
    ['', 'before', 'now'],
    figures.map(({ name, before, after, unit }) => [name, shown(before, unit), shown(after, unit)]),
  );
  for (const change of changes) printLine(`  ${change}`);
};

const printGroups = (what: string, groups: readonly Group[], nMax: number = MAX_LINES): void => {
  if (groups.length === 0) return;
  printLine();
  printTable(
    [what, 'flights', 'late', 'mean delay', 'cancelled'],
    groups
      .slice(0, nMax)
      .map((group) => [
        group.name,
        whole(group.flights),
        percent(group.late),
        `${group.meanDelayMinutes.toFixed(1)} min`,
        percent(group.cancelled),
      ]),
  );
  if (groups.length > nMax) printLine(`... and ${whole(groups.length - nMax)} more`);
};
