/**
 * What commands print on stdout: one JSON document, or lines for a person.
 */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { styleText } from 'node:util';
import { ERRORS } from '../core/errors.ts';
import { refusalReason } from '../core/files/system-refusal.ts';
import { isCompiled } from '../host/own-program.ts';

/**
 * Whoever reads the output may stop early, as `head` does: then there is nothing left to say. Any other failure, such as a
 * full disk, ends the command: what it found is lost.
 */
export const printText = (text: string): void => {
  const { stdout } = process;
  if (stdout.listenerCount('error') === 0)
    stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      process.stderr.write(`puntual: standard output cannot be written: ${refusalReason(error)}\n`);
      process.exit(ERRORS['file-unwritable'].exit);
    });
  stdout.write(text);
};
/** Writes one JSON document to stdout. */
export const printJson = (document: unknown): void => {
  printText(`${JSON.stringify(document, null, 2)}\n`);
};

let areLinesOnStderr = false;

/** From now on lines for a person go to stderr: stdout is for rows. */
export const putLinesOnStderr = (): void => {
  areLinesOnStderr = true;
};

export const printLine = (line = ''): void => {
  if (areLinesOnStderr) process.stderr.write(`${line}\n`);
  else printText(`${line}\n`);
};

/** A line that must not be overlooked: red where a person reads it. */
export const printWarning = (line: string): void =>
  printLine(styleText('red', `! ${line}`, { stream: process.stdout }));

/** A table with a header, numbers flushed right: columns as wide as their widest cell. */
export const printTable = (
  header: readonly string[],
  rows: readonly (readonly string[])[],
): void => {
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const numeric = header.map((_, i) =>
    rows.every((row) => /^[-+]?[\d.,]+\s?\S{0,3}$/.test(row[i] ?? '0')),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  printLine(line(header));
  for (const row of rows) printLine(line(row));
};

/** Copies a file to stdout. */
export const printFile = async (path: string): Promise<void> => {
  printText('');
  for await (const part of createReadStream(path)) {
    if (!process.stdout.write(part)) await once(process.stdout, 'drain');
  }
};

/** How this program is called here: what is printed to be copied must work where it was printed. */
export const programName = (): string =>
  isCompiled
    ? shellWord(process.execPath)
    : process.env['npm_command'] === undefined
      ? 'puntual'
      : 'npx puntual';

/** A word of a command line as a shell takes it, quoted where it has to be. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
