/**
 * What commands print: one JSON document or lines for a person on stdout; progress on stderr, a bar only on a terminal.
 * Stands beside the commands.
 */
import { SingleBar } from 'cli-progress';

/** Writes one JSON document to stdout. */
export const printJson = (document: unknown): void => {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
};

export const printLine = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

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

/** Shows how far a long work is; `note` is a short text such as the current loss. */
export interface Progress {
  readonly update: (done: number, total: number, note: string) => void;
  readonly stop: () => void;
}

/** A bar on a terminal, otherwise a line on stderr at most every five seconds. */
export const buildProgress = (title: string): Progress => {
  if (!process.stderr.isTTY) return buildLines(title);
  const bar = new SingleBar({
    format: `${title} {bar} {value}/{total}  {note}`,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let started = false;
  return {
    update: (done, total, note) => {
      if (!started) bar.start(total, done, { note });
      else bar.update(done, { note });
      started = true;
    },
    stop: () => {
      if (started) bar.stop();
    },
  };
};

const LINE_EVERY_MS = 5000;

const buildLines = (title: string): Progress => {
  let lastMs = performance.now();
  return {
    update: (done, total, note) => {
      if (performance.now() - lastMs < LINE_EVERY_MS) return;
      lastMs = performance.now();
      process.stderr.write(`${title} ${done}/${total}  ${note}\n`);
    },
    stop: () => {},
  };
};
