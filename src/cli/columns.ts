/**
 * `puntual columns FILE`: what the columns of a file hold, how they could be read, and the command that reads them.
 */
import type { Command } from 'commander';
import { writeAtomically } from '../core/files/atomic-write.ts';
import { AppError } from '../core/errors.ts';
import { companionOf } from '../flights/cleaning/companions.ts';
import { openFlights } from '../flights/cleaning/projection.ts';
import type { Database } from '../flights/database.ts';
import { placedFiles } from '../flights/reading/files.ts';
import { type ColumnsReport, sketchColumns } from '../flights/mapping/columns-report.ts';
import { printJson, printLine, printTable, programName, shellWord } from './output.ts';
import { checkOutput } from './output-place.ts';
import { printNotes } from './reading-flags.ts';
import { setting } from './setting.ts';

interface Flags {
  readonly encoding?: string;
  readonly output?: string;
  readonly json?: boolean;
}

export const describe = (command: Command): void => {
  command
    .description(
      'Shows the columns of a file with examples, proposes which field of a flight each one is, and prints the command that reads it that way.',
    )
    .argument('<file>', 'CSV, TSV, Parquet, NDJSON or Arrow, also .gz, .zst, .bz2, .xz and .zip')
    .addOption(
      setting(
        '--encoding <label>',
        'text encoding, such as windows-1252; by default it is detected from the bytes',
      ),
    )
    .option('-o, --output <file>', 'keep the proposal as a file for --dialect: mine.json')
    .option('--json', 'print one JSON document')
    .action(async (file: string, flags: Flags) => {
      const database = await openFlights();
      try {
        const report = await sketchFirst(database, file, flags.encoding);
        printNotes(report.notes);
        if (flags.output !== undefined) keep(flags.output, report, flags.encoding);
        if (flags.json) printJson(report);
        else print(report, file, flags);
      } finally {
        database.close();
      }
    });
};

/**
 * The first file that holds no known table beside flights; where there are only such, the first.
 * @throws AppError as `openSources` does, and data-unfit for what is no table
 */
const sketchFirst = async (
  database: Database,
  pattern: string,
  encoding: string | undefined,
): Promise<ColumnsReport> => {
  const passedOver: string[] = [];
  let first: ColumnsReport | undefined;
  for (const [file, isFromFolder] of placedFiles([pattern])) {
    const report = await sketchColumns(database, file, encoding);
    const names = report.columns.map(({ name }) => name);
    const what = isFromFolder && report.dialect === null ? companionOf(names) : undefined;
    if (what === undefined)
      return {
        ...report,
        notes: [
          ...(passedOver.length > 0
            ? [`passed over, because they hold no flights: ${passedOver.join(', ')}`]
            : []),
          ...(isFromFolder ? [`the columns are those of ${report.file}`] : []),
          ...report.notes,
        ],
      };
    passedOver.push(`${report.file} (${what})`);
    first ??= report;
  }
  return first!;
};

const keep = (
  output: string,
  { file, dialect, proposal }: ColumnsReport,
  encoding: string | undefined,
): void => {
  if (!proposal)
    throw new AppError(
      'usage',
      `${file} is read by the dialect ${dialect}; there is nothing to keep`,
    );
  if (!output.endsWith('.json'))
    throw new AppError('usage', `${output}: a file ending in .json is expected`);
  const text = JSON.stringify(
    { map: proposal.fields, ...(encoding === undefined ? {} : { encoding }) },
    null,
    2,
  );
  checkOutput(output, [file]);
  writeAtomically(output, Buffer.from(`${text}\n`));
};

const MAX_WIDTH = 44;

const print = (
  { dialect, columns, proposal }: ColumnsReport,
  file: string,
  { encoding, output }: Flags,
): void => {
  printTable(
    ['column', 'type', 'missing', 'examples', proposal ? 'proposed' : ''],
    columns.map(({ name, type, missing, examples, field }) => [
      name,
      type === 'VARCHAR' ? 'text' : type.toLowerCase(),
      `${(100 * missing).toFixed(1)} %`,
      shortened(examples.join(', ')),
      field ?? '',
    ]),
  );
  printLine();
  if (proposal?.map === '') {
    printLine(
      'No column looks like one of a flight. If flights are in it, --map says which column is which: --map scheduledDeparture=COLUMN,delayMinutes=COLUMN',
    );
    return;
  }
  if (dialect !== null) printLine(`The dialect ${dialect} reads it:`);
  else if (proposal!.lacking.length > 0)
    printLine(
      `No column was found for ${proposal!.lacking.join(' and ')}; without that it is not read. Add it to what was found, if it is there:`,
    );
  else
    printLine(
      'No dialect reads it. Going by names and content, this command does; check it before you run it:',
    );
  for (const doubt of proposal?.doubts ?? []) printLine(`  ${doubt}`);
  const how =
    proposal && output !== undefined
      ? ['--dialect', output]
      : proposal
        ? ['--map', proposal.map, ...(encoding === undefined ? [] : ['--encoding', encoding])]
        : [];
  printLine(`  ${programName()} ${['train', file, ...how].map(shellWord).join(' ')}`);
};

const shortened = (text: string): string =>
  text.length > MAX_WIDTH ? `${text.slice(0, MAX_WIDTH - 1)}…` : text;
