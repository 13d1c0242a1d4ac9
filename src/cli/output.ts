/**
 * What commands print on stdout: one JSON document, or lines for a person.
 */
import { styleText } from 'node:util';

/** Whoever reads the output may stop early, as `head` does: then there is nothing left to say. */
export const printText = (text: string): void => {
  const { stdout } = process;
  if (stdout.listenerCount('error') === 0)
    stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  stdout.write(text);
};
/** Writes one JSON document to stdout. */
export const printJson = (document: unknown): void => {
  printText(`${JSON.stringify(document, null, 2)}\n`);
};

export const printLine = (line = ''): void => {
  printText(`${line}\n`);
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

/** A word of a command line as a shell takes it, quoted where it has to be. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
