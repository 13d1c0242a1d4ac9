/**
 * On which line of a text a row stands, for whoever wants to look at it there.
 */
import { unpackedBytes } from './compression.ts';
import type { TextLines } from './source.ts';

/** Of the records that were left out, so many are looked for: only the first are shown. */
const MAX_REJECTED = 1000;

/** Bytes that are looked through; further in, a row has a place but no line. */
const MAX_BYTES = 1 << 28;

const QUOTE = 34;
const LF = 10;
const CR = 13;

/** Lines of a text, from 1. */
interface FoundLines {
  /** By the place of a row (from 0) among the rows that could be taken apart. */
  readonly ofRow: ReadonlyMap<number, number>;
  /** By the number that the database gives a record that it left out. */
  readonly ofRejected: ReadonlyMap<number, number>;
}

/**
 * @param rows ascending
 * @param rejected numbers that the database gave: it counts blank lines, and records over several lines as one
 */
export const findLines = async (
  file: string,
  { path, compression, nHeaderLines }: TextLines,
  rows: readonly number[],
  rejected: ReadonlySet<number>,
): Promise<FoundLines> => {
  const ofRow = new Map<number, number>();
  const ofRejected = new Map<number, number>();
  const found = { ofRow, ofRejected };
  const lastRejected = Math.max(0, ...[...rejected].sort((a, b) => a - b).slice(0, MAX_REJECTED));
  let wanted = 0;
  let row = 0;
  let record = 1;
  let line = 1;
  let start = 1;
  let nBytes = 0;
  let isBlank = true;
  let isQuoted = false;
  const finishRecord = (): void => {
    if (rejected.has(record)) ofRejected.set(record, start);
    else if (!isBlank && start > nHeaderLines) {
      if (row === rows[wanted]) {
        ofRow.set(row, start);
        wanted++;
      }
      row++;
    }
    record++;
    isBlank = true;
  };
  const isDone = (): boolean => wanted === rows.length && record > lastRejected;
  if (isDone()) return found;
  for await (const chunk of unpackedBytes(file, path, compression)) {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (byte === LF) {
        line++;
        if (isQuoted) continue;
        finishRecord();
        if (isDone()) return found;
        start = line;
      } else if (byte !== CR) {
        isBlank = false;
        if (byte === QUOTE) isQuoted = !isQuoted;
      }
    }
    nBytes += chunk.length;
    if (nBytes > MAX_BYTES) return found;
  }
  finishRecord();
  return found;
};
