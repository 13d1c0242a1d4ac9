/**
 * What of the files was not used, as every command that reads files of flights says it: rows by reason with examples and
 * where these stand, and columns.
 */
import type { RejectExample } from '../core/table.ts';
import { sentenceOfColumns } from '../core/flight.ts';
import { printLine } from './output.ts';

interface LeftOut {
  /** Rows by reason. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly examples: Readonly<Record<string, readonly RejectExample[]>>;
}

/** @param what has become of the rows */
export const printLeftOut = ({ rejected, examples }: LeftOut, what = 'left out'): void => {
  for (const [reason, n] of Object.entries(rejected)) {
    printLine(`  ${n.toLocaleString('en')} ${what}: ${reason}`);
    for (const example of examples[reason] ?? []) printLine(`      ${placeOf(example)}`);
  }
};

/** Where an example stands, and what it holds. */
const placeOf = ({ file, line, row, value }: RejectExample): string =>
  `${file}${line !== undefined ? ` line ${line}` : row !== undefined ? ` row ${row}` : ''}${value === '' ? '' : `: ${value}`}`;

/** The columns of the files that nothing reads. */
export const printUnused = (columns: readonly string[]): void => {
  if (columns.length > 0) printLine(`not used: ${sentenceOfColumns(columns)}`);
};
