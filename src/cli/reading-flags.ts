/**
 * How flight files are read: the flags that every command with files of flights shares.
 */
import { type Command, InvalidArgumentError } from 'commander';
import type { Table } from '../core/table.ts';
import { visibleText } from '../host/shown-text.ts';
import { setting } from './setting.ts';

export interface ReadingFlags {
  readonly dialect?: string;
  readonly map?: string;
  readonly decimal?: string;
  readonly encoding?: string;
  readonly memory?: number;
}

/** Adds the flags that say how files are read. */
export const describeReading = (command: Command): Command =>
  command
    .addOption(
      setting(
        '--dialect <name>',
        'how to read the columns, by name or from a file (mine.json, mine.sql); by default the columns decide',
      ),
    )
    .addOption(
      setting(
        '--map <mapping>',
        "which column is what: 'scheduledDeparture=STD@%d/%m/%Y %H:%M,delayMinutes=late,airline=carrier'",
      ),
    )
    .addOption(setting('--decimal <sign>', 'decimal separator, . or ,'))
    .addOption(
      setting(
        '--encoding <label>',
        'text encoding, such as windows-1252; by default it is detected from the bytes',
      ),
    )
    .addOption(
      setting(
        '--memory <size>',
        'memory for reading, such as 1GB (for profile and evaluate: for the whole command); by default what the process is granted',
      ).argParser(megabytes),
    );

/** The flags as the reading of files takes them. */
export const readingOf = ({ dialect, map, decimal, encoding, memory }: ReadingFlags) => ({
  dialect,
  map,
  decimal,
  encoding,
  memoryMb: memory,
});

const UNITS_MB: Readonly<Record<string, number>> = {
  mb: 1,
  mib: 1.048576,
  gb: 1000,
  gib: 1073.741824,
};

const MIN_MB = 400;

/** Megabytes of a size: `1GB`, `800MB`. @throws InvalidArgumentError */
const megabytes = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)\s*(mb|mib|gb|gib)$/i.exec(text.trim());
  const size = match ? Number(match[1]) * UNITS_MB[match[2]!.toLowerCase()]! : Number.NaN;
  if (!(size >= MIN_MB))
    throw new InvalidArgumentError(`A size such as '1GB', at least ${MIN_MB}MB, is expected.`);
  return Math.floor(size);
};

/** How files were read, and what in them was not. */
export const readingNotes = ({
  notes = [],

  remarks = {},
}: Table['source']): readonly string[] => [
  ...notes,
  ...Object.entries(remarks).map(([remark, n]) => `${n.toLocaleString('en')} flights: ${remark}`),
];

/** Says on stderr how files were read where it could have been otherwise. */
export const printNotes = (notes: readonly string[]): void => {
  for (const note of notes) process.stderr.write(`${visibleText(note)}\n`);
};
